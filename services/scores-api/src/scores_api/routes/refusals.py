"""Refusals: the failures of the domain, turned into problems at the door."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from contracts.evidence import MATRIX_FRAGMENTS
from scores_api import failures, problems
from servicekit.problems import NOT_READY, Problem, ProblemType, problem_response

__all__ = ["install"]


def install(app): ...



def _problem(error: Exception) -> Problem:
    match error:
        case failures.NothingPublished():
            return Problem(NOT_READY, "No run is published yet; the trainer publishes the first one when its fit is done.")
        case failures.RunUnknown(run=run):
            return Problem(problems.RUN_NOT_FOUND, f"There is no run {run!r}.")
        case failures.RunUnreadable(run=run):
            return Problem(problems.RUN_UNREADABLE, f"Run {run!r} cannot be read at the moment.", headers={"Retry-After": "5"})
        case failures.FragmentsUnknown(run=run, names=names, near=near):
            hint = f"; near: {', '.join(near)}" if near else ""
            several = f" and {len(names) - 1} more" if len(names) > 1 else ""
            detail = f"Run {run} has no fragment {names[0]!r}{several}{hint}."
            return Problem(problems.FRAGMENT_NOT_FOUND, detail, missing=names, near=near)
        case failures.MatrixTooLarge(run=run, fragments=fragments):
            return Problem(
                problems.MATRIX_TOO_LARGE,
                f"Run {run} shows {fragments} fragments and the whole matrix is published up to {MATRIX_FRAGMENTS}; "
                "read /v1/fragments/{fragment}/neighbours instead.",
                fragments=fragments,
                limit=MATRIX_FRAGMENTS,
                neighbours="/v1/fragments/{fragment}/neighbours",
            )
        case failures.ArtifactUnknown():
            return Problem(problems.ARTIFACT_NOT_FOUND, str(error))
        case failures.ArtifactDamaged():
            return Problem(problems.ARTIFACT_DAMAGED, str(error))
        case failures.CursorInvalid():
            return Problem(problems.INVALID_CURSOR, "The cursor is not one that this list handed out.")
        case _:
            raise error
