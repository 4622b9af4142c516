"""How the failures of a route are described in the OpenAPI document."""

from http import HTTPStatus
from typing import Any

from servicekit.problems import ProblemDocument

__all__ = ["answers"]

_WORDS = {
    404: "The run, fragment, target, artifact or file does not exist.",
    410: "The run was deleted.",
    413: "The body is too large.",
    416: "The range lies outside the file.",
    422: "A parameter or the body is not valid.",
    503: "No run is published yet, or it cannot be read.",
}


def answers(*codes: int) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` for problems of these statuses."""
    return {code: {"model": ProblemDocument, "description": _WORDS.get(code, HTTPStatus(code).phrase)} for code in codes}
