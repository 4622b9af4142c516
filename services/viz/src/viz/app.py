"""The application: Dash on our own FastAPI, with the common routes, exports, and strict headers."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
from dash import Dash, set_props
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from servicekit.application import create_application
from servicekit.doors.guard import Doors, Rule
from servicekit.doors.keys import Scope
from servicekit.security import SecurityHeaders, content_policy
from viz import exports, handed_on, problems, uploads, vendored
from viz.callbacks import CallbackFailures, CallbackRequests
from viz.datasets import Datasets
from viz.failures import Unshowable
from viz.handed_on import HandedOn
from viz.jobs import TrainerJobs
from viz.language import _
from viz.negotiation import Negotiation
from viz.pages import everywhere, rights
from viz.pages.frame import frame, index
from viz.registry import Registry
from viz.scores import Scores
from viz.settings import Settings
from viz.suites import ComponentSuites

__all__ = ["create_app"]

_ASSETS: Final = Path(__file__).parent / "assets"
_RULES: Final = (Rule(frozenset({"POST"}), re.compile(re.escape(uploads.PATH)), Scope.TRAIN, raw=True),)
"""An upload is a file of any kind; whatever else is sent is JSON, and what a callback needs depends on what it holds."""
_log = structlog.stdlib.get_logger(__name__)


def create_app(settings: Settings, *, beside: Callable[[], AbstractContextManager[Any]] = nullcontext) -> FastAPI:
    """Assemble the Dash pages; `beside` is what runs as long as they are served: the Bokeh server."""
    scores = Scores(settings.scores_url, key=settings.api_key)
    jobs = TrainerJobs(settings.trainer_url, key=settings.api_key)
    drawn = HandedOn(settings.scores_url, key=settings.api_key)
    datasets = Datasets(settings.trainer_url, key=settings.api_key)
    registry = Registry(settings.trainer_url, key=settings.api_key)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Dash 4.4 does this before the first request of `/` alone: a link to another page came without script and style.
        set_up: Any = dash._setup_server  # noqa: SLF001 - there is no public way
        set_up()
        with beside():
            async with scores, jobs, drawn, datasets, registry:
                yield

    async def ready() -> Mapping[str, str]:
        try:
            await scores.runs()
        except Unshowable as failure:
            return {"scores-api": str(failure)}
        return {}

    app = create_application(
        title="ntdemo viz",
        version=version("ntdemo-viz"),
        summary="Which fragments act alike, to look at.",
        description="Pages for people: 3-D factors, heat map, search, neighbours, training. The routes below are for programs.",
        ready=ready,
        problem_types=problems.PROBLEM_TYPES,
        lifespan=lifespan,
        doors=Doors(settings, settings.viz_host, rules=_RULES),
    )
    problems.install(app)
    exports.install(app, scores)
    handed_on.install(app, drawn)
    uploads.install(app, datasets)
    vendored.install(app)

    @app.api_route("/v1/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def no_such_route(path: str) -> None:
        """Dash answers every path it does not know with a page; a program that errs must not get one."""
        raise HTTPException(404, f"viz has no route /v1/{path}.")

    dash = _Pages(
        "viz",
        server=app,  # type: ignore[arg-type]  # Dash 4.4 takes a FastAPI; its annotation does not say so
        title="ntdemo",
        update_title="",
        assets_folder=str(_ASSETS),
        assets_ignore=r"^(scheme|names|widgets)\.",  # the Bokeh pages' own
        serve_locally=True,
        suppress_callback_exceptions=True,
        on_error=_on_error,
        add_log_handler=False,
    )
    dash.backend.websocket_capability = False  # the server has none; pages would ask for one again and again
    dash.layout = frame
    everywhere.register(dash, settings, scores, jobs, datasets, registry, drawn)
    # Dash puts its layer, which reads bodies, before the doors. The last of these is the innermost.
    dash_layer = app.user_middleware.pop(0)
    app.user_middleware += [
        Middleware(ComponentSuites),
        Middleware(CallbackRequests, callbacks=dash.callback_map, needs=rights.needs),
        dash_layer,
        Middleware(CallbackFailures),
    ]
    app.add_middleware(Negotiation)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    # Plotly's WebGL traces compile their drawing commands, which needs 'unsafe-eval'.
    policy = content_policy(" ".join(["'unsafe-eval'", *dash.csp_hashes()]))
    # The documentation page starts by a script of its own.
    app.add_middleware(SecurityHeaders, policy=policy, exceptions={"/docs": content_policy("'unsafe-inline'")})
    return app


class _Pages(Dash):
    """Dash, with our own page around it, in the language of each request."""

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]  # Dash passes all of them by name
        """The page that loads everything."""
        return index(**parts)


def _on_error(error: Exception) -> None:
    """Log what a callback did not foresee, and tell the reader instead of showing nothing."""
    _log.error("callback_failed", exc_info=error)
    set_props("notice", {"children": _("Something went wrong on this page; the log of viz says why. Reload to try again.")})
