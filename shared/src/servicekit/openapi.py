"""The OpenAPI document, made so that client generators take it.

FastAPI describes validation errors with its own media type and schema, and native event streams with `itemSchema`, which
openapi-generator refuses with the whole document. Both are corrected here, once for all services. `x-scope` of an
operation is what a key must be good for, as the doors ask for it: no operation is without.
"""

import copy
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from servicekit.head_route import HeadRoute
from servicekit.problems import MEDIA_TYPE, ProblemDocument

__all__ = ["install"]

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


def install(app: FastAPI, needed: Callable[[str, str], str] | None) -> None:
    """Replace `app.openapi` by one that describes problems, streams and the scope `needed` by a method and path as they are."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=[_described(route) for route in app.routes],
                tags=app.openapi_tags,
            )
            app.openapi_schema = _corrected(document, needed)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _described(route: BaseRoute) -> BaseRoute:
    """The route without HEAD, which follows from GET and would state each operation twice."""
    if not isinstance(route, HeadRoute) or route.methods is None:
        return route
    described = copy.copy(route)
    described.methods = route.methods - {"HEAD"}
    return described


def _corrected(document: dict[str, Any], needed: Callable[[str, str], str] | None) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            if method not in _METHODS:
                continue
            if needed is not None:
                operation["x-scope"] = needed(method.upper(), path)
            responses = operation["responses"]
            for code, response in responses.items():
                _correct_response(code, response, problem)
            responses.setdefault("default", {"description": "Any other failure, as a problem document.", **problem})
    return document


def _correct_response(code: str, response: dict[str, Any], problem: dict[str, Any]) -> None:
    content = response.get("content", {})
    for media in content.values():
        media.pop("itemSchema", None)
    if "text/event-stream" in content:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    if code.startswith(("4", "5")) and reference.endswith(("/HTTPValidationError", "/ProblemDocument")):
        response.update(problem)
        response["description"] = "A problem document." if "Validation" in reference else response["description"]
