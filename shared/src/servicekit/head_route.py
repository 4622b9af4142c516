"""A route that answers HEAD wherever it answers GET (RFC 9110, section 9.3.2); servers leave the body out."""

from typing import Any

from fastapi.routing import APIRoute

__all__ = ["HeadRoute"]


class HeadRoute(APIRoute):
    """FastAPI's route, which knows HEAD as Starlette's does; the OpenAPI document states GET alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.methods is not None and "GET" in self.methods:
            self.methods.add("HEAD")
