"""The application: routes, problems and the live store, assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from contracts.store import Store
from scores_api.files import ArtifactFiles
from scores_api.live import Live
from scores_api.metrics import StoreMetrics
from scores_api.prediction.molecules import Molecules
from scores_api.prediction.networks import Networks
from scores_api.prediction.predictor import CompoundPredictor
from scores_api.problems import PROBLEM_TYPES
from scores_api.replacing.answers import ReplacementAnswers
from scores_api.routes import (
    artifacts,
    drawings,
    factors,
    fragments,
    predictions,
    refusals,
    replacements,
    runs,
    scores,
    similarities,
)
from scores_api.settings import Settings
from scores_api.structures.drawings import Drawings
from scores_api.structures.finder import Finder
from servicekit.application import create_application

__all__ = ["create_app"]

_GROUPS = (scores, drawings, replacements, fragments, runs, similarities, predictions, factors, artifacts)
_DESCRIPTION = """\
Everything is read from what the trainer published. A publication is seen without a restart, by the first request after it or
within moments where it is large; nobody waits for it.

* Every read takes `run`: the id of a published run, its name, or an alias: `current`, which is read where none is named, or
  another that somebody gave. An answer comes from one run, never a mixture.
* Published answers carry an `ETag`; send it back in `If-None-Match` and an unchanged answer is a 304 without a body.
* Lists are pages: follow `next` by giving it back as `cursor`. A cursor stays in the run it began with.
* Similarities are percent, -100 to 100, rounded to two decimals; a fragment's similarity to itself is exactly 100.
* Predictions are those of a run's model, which `meaning` describes; `GET /v1/runs/{run}` says how well it predicts.
* Failures are `application/problem+json` (RFC 9457); `GET` a problem's `type` for what it means and what to do.
"""


def create_app(settings: Settings) -> FastAPI:
    """The scores API over the store of `settings`; nothing is opened before its lifespan begins."""
    release = version("ntdemo-scores-api")
    live = Live(settings, release=release)
    files = ArtifactFiles(Store.under(settings.state))
    networks, molecules = Networks(), Molecules()
    predictor = CompoundPredictor(networks, molecules)
    pictures = Drawings()
    finder = Finder()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        live.start()
        try:
            yield
        finally:
            await pictures.close()
            await finder.close()
            await molecules.close()
            await live.close()

    app = create_application(
        title="ntdemo scores API",
        version=release,
        summary="Fragment scores, neighbours, factors and artifacts of published runs.",
        description=_DESCRIPTION,
        ready=live.missing,
        problem_types=PROBLEM_TYPES,
        routes=[route for group in _GROUPS for route in group.router.routes],
        lifespan=lifespan,
        doors=settings.doors,
    )
    app.state.live = live
    app.state.files = files
    app.state.predictor = predictor
    app.state.replacing = ReplacementAnswers(networks, molecules)
    app.state.store_metrics = StoreMetrics(live.known)
    app.state.metrics.register(app.state.store_metrics)
    app.state.drawings = pictures
    app.state.finder = finder
    refusals.install(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("If-None-Match", "Range", "If-Range", "X-Request-ID", "Authorization", "Content-Type"),
            expose_headers=("ETag", "X-Request-ID", "Content-Range", "Accept-Ranges"),
        )
    return app
