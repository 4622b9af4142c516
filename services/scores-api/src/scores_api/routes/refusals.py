"""Refusals: the failures of the domain, turned into problems at the door."""

from fastapi import FastAPI, Request, Response

from contracts.evidence import MATRIX_FRAGMENTS
from scores_api import failures, problems
from servicekit.problems import INVALID_CURSOR, NOT_READY, Problem, respond

__all__ = ["install"]

_FAILURES = (
    failures.NothingPublished,
    failures.RunUnknown,
    failures.RunUnreadable,
    failures.FragmentsUnknown,
    failures.MatrixTooLarge,
    failures.ArtifactUnknown,
    failures.ArtifactDamaged,
    failures.CursorInvalid,
)


def install(app: FastAPI) -> None:
    """Make `app` answer each failure with its problem."""
    for failure in _FAILURES:
        app.add_exception_handler(failure, _refuse)


async def _refuse(request: Request, error: Exception) -> Response:
    return respond(request, _problem(error))


def _problem(error: Exception) -> Problem:
    match error:
        case failures.NothingPublished():
            detail = "No run is published yet; the trainer publishes the first one when its fit is done."
            problem = Problem(NOT_READY, detail)
        case failures.RunUnknown(run=run):
            problem = Problem(problems.RUN_NOT_FOUND, f"There is no run {run!r}.")
        case failures.RunUnreadable(run=run):
            detail = f"Run {run!r} cannot be read at the moment."
            problem = Problem(problems.RUN_UNREADABLE, detail, headers={"Retry-After": "10"})
        case failures.FragmentsUnknown(run=run, names=names, near=near):
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            hint = f" Near: {', '.join(near)}." if near else ""
            detail = f"Run {run} has no fragment {names[0]!r}{others}.{hint}"
            problem = Problem(problems.FRAGMENT_NOT_FOUND, detail, missing=names, near=near)
        case failures.MatrixTooLarge(run=run, fragments=fragments):
            detail = (
                f"Run {run} shows {fragments} fragments; the whole matrix is published up to {MATRIX_FRAGMENTS}. "
                "Read /v1/fragments/{fragment}/neighbours instead."
            )
            problem = Problem(problems.MATRIX_TOO_LARGE, detail, fragments=fragments, limit=MATRIX_FRAGMENTS)
        case failures.ArtifactUnknown():
            problem = Problem(problems.ARTIFACT_NOT_FOUND, str(error))
        case failures.ArtifactDamaged():
            problem = Problem(problems.ARTIFACT_DAMAGED, str(error))
        case failures.CursorInvalid():
            problem = Problem(INVALID_CURSOR, "The cursor is not one that this list handed out.")
        case _:
            raise error
    return problem
