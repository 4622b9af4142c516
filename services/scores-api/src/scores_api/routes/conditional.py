"""Routes whose answers carry an ETag, and that answer 304 to who holds it already (RFC 9110, section 13)."""

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

__all__ = ["ConditionalRoute", "matches"]

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
_KEPT: Final = ("etag", "cache-control", "vary")


def matches(condition: str, tag: str) -> bool:
    """Whether the value of `If-None-Match` names `tag`, by weak comparison."""
    return condition.strip() == "*" or tag in _TAG.findall(condition)


class ConditionalRoute(APIRoute):
    """Turns a 200 whose ETag the caller holds into a 304 without a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, followed by the comparison."""
        handler = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response = await handler(request)
            condition = request.headers.get("if-none-match")
            if condition is None or response.status_code not in (200, 206) or not matches(condition, response.headers["etag"]):
                return response
            kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
            return Response(status_code=304, headers=kept)

        return conditional
