"""Routes that answer from what is published: with an ETag, from the path as it was sent, out of ready-made bodies if there are.

Names of fragments hold any character. Servers decode the path before it is routed, so that `a%2Fneighbours` (a fragment) could
not be told from `a/neighbours` (the neighbours of `a`); here an encoded slash stays part of the name.
"""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from scores_api.etag import is_held

__all__ = ["PublishedRoute", "published_router", "ready_made"]

_SLASH: Final = "\ufdd0"
"""A noncharacter that stands for an encoded slash while routes are matched."""
_KEPT: Final = ("etag", "cache-control", "vary")


class PublishedRoute(APIRoute):
    """Turns a 200 that the caller holds already into a 304, and keeps encoded slashes in path parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, followed by the comparison of ETags."""
        handler = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response = await handler(request)
            condition = request.headers.get("if-none-match")
            tag = response.headers.get("etag") if response.status_code == HTTPStatus.OK else None
            if condition is None or tag is None or not is_held(condition, tag):
                return response
            kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)

        return conditional

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path; where it holds encoded slashes, match it as it was sent."""
        sent: bytes = scope.get("raw_path") or b""
        if b"%2" not in sent or scope["type"] != "http":
            return super().matches(scope)
        marked = sent.decode("latin-1").replace("%2F", _SLASH).replace("%2f", _SLASH)
        match, child = super().matches({**scope, "path": unquote(marked)})
        if match is not Match.NONE:
            parameters = child["path_params"]
            child["path_params"] = {name: value.replace(_SLASH, "/") for name, value in parameters.items()}
        return match, child


def published_router(tag: str) -> APIRouter:
    """A router of such routes; the name of a route's function is its operation id."""
    return APIRouter(route_class=PublishedRoute, tags=[tag], generate_unique_id_function=lambda route: route.name)


def ready_made(body: memoryview, tag: str, media_type: str = "application/json", **headers: str) -> Response:
    """A response with a document of a projection, as it lies in the cache."""
    return Response(body, media_type=media_type, headers={"ETag": tag, "Cache-Control": "no-cache", **headers})
