"""The application: a FastAPI app with everything that is the same in every service."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Concatenate, ParamSpec

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit import documentation, health, observation, openapi, plain_errors, problems

__all__ = ["Application", "create_application"]

P = ParamSpec("P")


class Application(FastAPI):
    """FastAPI, with room for layers that stand before everything it does.

    A middleware added the ordinary way is reached through three other layers; one that answers by itself should not be.
    """

    _entry: ASGIApp | None = None

    def put_before(self, layer: Callable[Concatenate[ASGIApp, P], ASGIApp], *args: P.args, **kwargs: P.kwargs) -> None:
        """Wrap the whole application; the last layer put before it is asked first."""
        self._entry = layer(self._entry or super().__call__, *args, **kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await (self._entry or super().__call__)(scope, receive, send)


def create_application(
    *,
    title: str,
    version: str,
    summary: str,
    description: str,
    ready: health.ReadinessCheck,
    problem_types: Iterable[problems.ProblemType],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> Application:
    """An app with problems, `/healthz`, `/readyz`, `/metrics`, request ids, logs, `/docs` and a portable OpenAPI document.

    Assembles and touches nothing: what opens files or sockets belongs into `lifespan`. Every route's `operation_id` is its
    function's name, so names in generated clients are ours.
    """
    app = Application(
        title=title,
        version=version,
        summary=summary,
        description=description,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    problems.install(app, problem_types)
    plain_errors.install(app)
    health.install(app, ready)
    observation.install(app)
    documentation.install(app)
    openapi.install(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
