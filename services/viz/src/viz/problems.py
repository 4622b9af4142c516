"""The problem types of viz."""

from http import HTTPStatus
from typing import Final

from dash.exceptions import DependencyException
from fastapi import FastAPI, Request
from fastapi.responses import Response

from servicekit.problems import NOT_FOUND, NOT_READY, ProblemType, problem_response
from viz.failures import NoRun, NotInRun, NotTold, Refused, Unshowable, UpstreamAway

__all__ = ["PROBLEM_TYPES", "install"]

_AWAY: Final = ProblemType(
    "upstream-away",
    "A service that viz asks does not answer",
    HTTPStatus.BAD_GATEWAY,
    "viz keeps no data of its own: it asks the scores API and the trainer, and one of them does not answer.",
    "See whether the service that the detail names is running. `NTDEMO_HOST` and `NTDEMO_PORT`, `TRAINER_HOST` and "
    "`TRAINER_PORT` (or `NTDEMO_TRAINER_URL`) say where viz looks.",
)
_NOT_IN_RUN: Final = ProblemType(
    "not-in-run",
    "The run or fragment does not exist",
    HTTPStatus.NOT_FOUND,
    "The scores API knows no run of this id, or its data has no fragment of this name.",
    "Look the name up on the page `/fragments`, or the run on `/training`.",
)
_NOT_TOLD: Final = ProblemType(
    "not-told",
    "The run does not tell this",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "What was asked needs something that the run's data do not hold, such as the structures of fragments.",
    "Leave `structure` out, or ask another run, whose data state SMILES.",
)
_REFUSED: Final = ProblemType(
    "refused-by-trainer",
    "The trainer does not take this",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The trainer was handed a file that it cannot read or has no room for, or it asks for a key that viz was not given.",
    "The detail is the trainer's own sentence. A key is set as `TRAINER_API_KEY`, for viz as for the trainer.",
)
PROBLEM_TYPES: Final = (_AWAY, _NOT_IN_RUN, _NOT_TOLD, _REFUSED)
"""Everything that routes of viz answer beside the common problems."""


def install(app: FastAPI) -> None:
    """Turn failures into problems on every route of `app`."""

    async def on_failure(request: Request, failure: Exception) -> Response:
        kinds = {NotInRun: _NOT_IN_RUN, NotTold: _NOT_TOLD, Refused: _REFUSED, UpstreamAway: _AWAY}
        kind = kinds.get(type(failure), NOT_READY)
        headers = {"Retry-After": "2"} if isinstance(failure, NoRun) else {}
        return problem_response(kind, str(failure), request.url.path, headers=headers)

    async def on_unknown_file(request: Request, _: Exception) -> Response:
        return problem_response(NOT_FOUND, "Dash has no such file.", request.url.path)

    app.add_exception_handler(Unshowable, on_failure)
    app.add_exception_handler(DependencyException, on_unknown_file)
