"""Health: `/healthz` says that the process is alive, `/readyz` that it can answer, or what it still lacks."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Response, status
from pydantic import BaseModel

__all__ = ["Alive", "Readiness", "ReadinessCheck", "install"]

ReadinessCheck = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns what is missing, name -> sentence; empty when the service can answer."""


class Alive(BaseModel):
    """The answer of `/healthz`."""

    service: str
    version: str


class Readiness(BaseModel):
    """The answer of `/readyz`: 200 when `ready`, else 503."""

    ready: bool
    missing: dict[str, str]


def install(app: FastAPI, check: ReadinessCheck) -> None:
    """Add both routes to `app`."""

    @app.get("/healthz", tags=["operation"], summary="Is the process alive?")
    async def healthz() -> Alive:
        return Alive(service=app.title, version=app.version)

    @app.get(
        "/readyz",
        tags=["operation"],
        summary="Can the service answer, and if not, what is missing?",
        responses={503: {"model": Readiness, "description": "Not ready"}},
    )
    async def readyz(response: Response) -> Readiness:
        missing = dict(await check())
        if missing:
            response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
            response.headers["Retry-After"] = "1"
        return Readiness(ready=not missing, missing=missing)
