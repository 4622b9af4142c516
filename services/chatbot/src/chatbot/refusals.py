"""Refusals: the failures of the domain, turned into problems at the door."""

from fastapi import FastAPI, Request, Response

from chatbot.failures import Busy, LanguageMissing, ModelUnknown, Unanswerable
from chatbot.problems import ALL_BUSY, MODEL_NOT_FOUND, NETWORK_FAILED
from chatbot.streams import CallerGone
from servicekit.problems import Problem, respond

__all__ = ["install", "problem_of"]


def install(app: FastAPI) -> None:
    """Make `app` answer each failure with its problem."""
    app.add_exception_handler(Unanswerable, _refuse)
    app.add_exception_handler(CallerGone, _forget)


def problem_of(failure: Unanswerable) -> Problem:
    """The problem that says the same."""
    if isinstance(failure, ModelUnknown | LanguageMissing):
        return Problem(MODEL_NOT_FOUND, str(failure))
    return Problem(ALL_BUSY if isinstance(failure, Busy) else NETWORK_FAILED, str(failure))


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unanswerable)  # noqa: S101 - the handler is registered for this class alone
    return respond(request, problem_of(error))


async def _forget(_request: Request, _error: Exception) -> Response:
    """For the log and the metrics alone: nobody reads it. 499 is what nginx calls a request that its client closed."""
    return Response(status_code=499)
