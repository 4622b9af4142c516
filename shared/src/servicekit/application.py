"""The application: a FastAPI app with everything that is the same in every service."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute

from servicekit import documentation, health, observation, openapi, problems
from servicekit.doors.guard import Doors
from servicekit.doors.layer import DoorsLayer
from servicekit.head_route import HeadRoute

__all__ = ["BODY_BYTES", "create_application"]

BODY_BYTES: Final = 2**20
"""Of a request whose route names no other limit."""


def create_application(
    *,
    title: str,
    version: str,
    summary: str,
    description: str,
    ready: health.ReadinessCheck,
    problem_types: Iterable[problems.ProblemType],
    routes: Sequence[BaseRoute] = (),
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    doors: Doors | None = None,
) -> FastAPI:
    """An app with problems, `/healthz`, `/readyz`, `/metrics`, request ids, logs, `/docs` and a portable OpenAPI document.

    Assembles and touches nothing: what opens files or sockets belongs into `lifespan`. Every route's `operation_id` is its
    function's name, so names in generated clients are ours. `routes` are matched before all others, each once; those of a
    router that FastAPI includes are matched twice a request. `doors` says who may come in; bodies have `BODY_BYTES` at most
    where a route does not say otherwise.
    """
    app = FastAPI(
        title=title,
        version=version,
        summary=summary,
        description=description,
        routes=list(routes),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    app.router.route_class = HeadRoute
    problems.install(app, problem_types)
    health.install(app, ready)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)  # inside of observation, which makes it a problem
    if doors is not None:
        app.add_middleware(DoorsLayer, doors=doors)
    observation.install(app)
    documentation.install(app)
    openapi.install(app, None if doors is None else doors.needed)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
