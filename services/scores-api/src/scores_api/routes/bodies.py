"""Ready-made bodies: documents of a projection, served as they lie in the cache."""

from typing import Final

from fastapi import Response

__all__ = ["ARROW_STREAM", "published"]

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"


def published(body: memoryview, tag: str, media_type: str = "application/json") -> Response:
    """A response with a mapped body and its ETag."""
    return Response(body, media_type=media_type, headers={"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"})
