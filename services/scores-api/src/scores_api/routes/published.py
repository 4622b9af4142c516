"""Routes that answer from what is published: with an ETag, in JSON that is written without another model in between.

Names of fragments hold any character. Servers decode the path before it is routed, so that `a%2Fneighbours` (a fragment) could
not be told from `a/neighbours` (the neighbours of `a`); here an encoded slash stays part of the name.
"""

import asyncio
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from starlette.routing import Match
from starlette.types import Scope

from scores_api.etag import is_held
from scores_api.published_run import PublishedRun
from servicekit.head_route import HeadRoute

__all__ = ["FragmentRoute", "published", "published_body", "published_router", "unchanged"]

_JSON: Final = "application/json"
_SLASH: Final = "\ufdd0"
"""A noncharacter that stands for an encoded slash while routes are matched."""


class FragmentRoute(HeadRoute):
    """Keeps encoded slashes in path parameters."""

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


def published_router(tag: str, route_class: type[HeadRoute] = HeadRoute) -> APIRouter:
    """A router whose routes' operation ids are the names of their functions."""
    return APIRouter(route_class=route_class, tags=[tag], generate_unique_id_function=lambda route: route.name)


def unchanged(request: Request, tag: str, **further: str) -> Response | None:
    """A 304 to who holds the answer with this ETag already; what takes long to answer is begun after that."""
    condition = request.headers.get("if-none-match")
    if condition is None or not is_held(condition, tag):
        return None
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(tag) | further)


def published(request: Request, body: bytes, tag: str, **further: str) -> Response:
    """A published answer: the bytes of what the route's model describes with their ETag, or a 304 to who holds them already."""
    return unchanged(request, tag, **further) or Response(body, media_type=_JSON, headers=_headers(tag) | further)


async def published_body(
    request: Request, run: PublishedRun, name: str, tag: str, media_type: str = _JSON, **further: str
) -> Response:
    """The same of a body that the run publishes ready-made; a large one is compared with its checksum in a thread."""
    if (held := unchanged(request, tag, **further)) is not None:
        return held
    body = run.bodies[name] if name in run.bodies else await asyncio.to_thread(run.body, name)
    return Response(body, media_type=media_type, headers=_headers(tag) | further)


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "no-cache"}
