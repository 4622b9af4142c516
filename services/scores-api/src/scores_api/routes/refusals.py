"""Refusals: the failures of the domain, turned into problems at the door."""

from typing import Final

from fastapi import FastAPI, Request, Response

from contracts.evidence import MATRIX_FRAGMENTS
from published.pages import FileDamaged
from scores_api import failures, problems
from scores_api.routes.choice import live_store
from servicekit.excerpt import excerpt
from servicekit.problems import NOT_READY, RUN_NOT_FOUND, Problem, respond

__all__ = ["install"]

_LISTED: Final = 20
"""Unknown targets that a refusal names."""
_SHOWN: Final = 200
"""Characters of a SMILES or a name that a list in it repeats; fragments are named by their SMILES."""
_FAILURES = (
    failures.NothingPublished,
    failures.RunUnknown,
    failures.RunDeleted,
    failures.RunOutdated,
    failures.RunUnreadable,
    failures.FragmentsUnknown,
    failures.MapMissing,
    failures.MatrixTooLarge,
    failures.ArtifactUnknown,
    failures.ArtifactDamaged,
    failures.SimilarityUnavailable,
    failures.TargetsUnknown,
    failures.MoleculesUnreadable,
    failures.MoleculesFailed,
    failures.NothingPredicts,
    failures.OrderUnavailable,
    failures.ReplacementsUnavailable,
    failures.PredictionsTooMany,
    failures.StructureUnreadable,
    failures.StructureUnknown,
    failures.WeightsUnequal,
)


def install(app: FastAPI) -> None:
    """Make `app` answer each failure with its problem."""
    for failure in _FAILURES:
        app.add_exception_handler(failure, _refuse)
    app.add_exception_handler(FileDamaged, _refuse_damaged)


def _missing(names: list[str]) -> list[str]:
    return [excerpt(name, _SHOWN) for name in names]


async def _refuse(request: Request, error: Exception) -> Response:
    return respond(request, _problem(error))


async def _refuse_damaged(request: Request, error: Exception) -> Response:
    """A page of an open run is not as it was written: the run is compared whole before anybody is answered from it again."""
    assert isinstance(error, FileDamaged)  # noqa: S101 - what it is installed for
    run = error.path.parent.name
    live_store(request).doubt(run)
    return respond(request, _problem(failures.RunUnreadable(run, str(error))))


def _problem(error: Exception) -> Problem:
    match error:
        case failures.NothingPublished():
            problem = Problem(NOT_READY, str(error))
        case failures.RunUnknown(run=run):
            problem = Problem(RUN_NOT_FOUND, f"There is no run {excerpt(run)!r}.")
        case failures.RunOutdated(run=run, reason=reason):
            problem = Problem(problems.RUN_OUTDATED, f"Run {run!r} cannot be read: {reason}. Train its data again.")
        case failures.RunUnreadable(run=run, reason=reason):
            detail = f"Run {run!r} cannot be read: {reason}."
            problem = Problem(problems.RUN_UNREADABLE, detail, headers={"Retry-After": "10"}, reason=reason)
        case failures.FragmentsUnknown(run=run, names=names, near=near):
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            hint = f" Near: {', '.join(near)}." if near else ""
            detail = f"Run {run} has no fragment {excerpt(names[0])!r}{others}.{hint}"
            problem = Problem(problems.FRAGMENT_NOT_FOUND, detail, missing=_missing(names), near=near)
        case failures.MatrixTooLarge(run=run, fragments=fragments):
            detail = (
                f"Run {run} shows {fragments} fragments; the whole matrix is published up to {MATRIX_FRAGMENTS}. "
                "Read /v1/fragments/{fragment}/neighbours instead."
            )
            problem = Problem(problems.MATRIX_TOO_LARGE, detail, fragments=fragments, limit=MATRIX_FRAGMENTS)
        case failures.SimilarityUnavailable(run=run, similarity=similarity):
            detail = f"Run {run} publishes nothing that tells the {similarity} similarity of these fragments."
            problem = Problem(problems.SIMILARITY_UNAVAILABLE, detail)
        case failures.ArtifactUnknown():
            problem = Problem(problems.ARTIFACT_NOT_FOUND, str(error))
        case failures.ArtifactDamaged():
            problem = Problem(problems.ARTIFACT_DAMAGED, str(error))
        case _:
            problem = _problem_of_predictions(error)
    return problem


def _problem_of_predictions(error: Exception) -> Problem:
    match error:
        case failures.RunDeleted(run=run, time=time):
            problem = Problem(problems.RUN_DELETED, f"Run {run!r} was deleted on {time:%Y-%m-%d at %H:%M} UTC.")
        case failures.TargetsUnknown(run=run, names=names, near=near):
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            hint = f" Near: {', '.join(near)}." if near else ""
            detail = f"Run {run} has no target {excerpt(names[0])!r}{others}.{hint}"
            problem = Problem(problems.TARGET_NOT_FOUND, detail, missing=_missing(names[:_LISTED]), near=near)
        case failures.MoleculesUnreadable(first=first, count=count):
            detail = f"{first[0].place}: {first[0].reason}" + (f"; and {count - 1} more." if count > 1 else ".")
            errors = [{"place": one.place, "value": excerpt(one.value, _SHOWN), "reason": one.reason} for one in first]
            problem = Problem(problems.MOLECULES_UNREADABLE, detail, errors=errors, count=count)
        case failures.MoleculesFailed():
            problem = Problem(problems.MOLECULES_FAILED, "The process that reads molecules failed.")
        case failures.NothingPredicts(run=run):
            detail = f"Run {run} published nothing that predicts. Name another one with ?run=, or train its data again."
            problem = Problem(problems.NOTHING_PREDICTS, detail)
        case failures.MapMissing(run=run):
            problem = Problem(problems.MAP_MISSING, f"Run {run} was trained before runs had maps.")
        case failures.ReplacementsUnavailable(run=run, reason=reason):
            problem = Problem(problems.REPLACEMENTS_UNAVAILABLE, f"Run {run} does not tell it: {reason}.")
        case failures.OrderUnavailable(run=run, order=order):
            detail = f"Run {run} predicts by fragments alone: its targets are ordered by prediction, not by {order}."
            problem = Problem(problems.ORDER_UNAVAILABLE, detail)
        case failures.PredictionsTooMany(asked=asked, most=most):
            detail = f"{asked} predictions were asked for; one answer holds up to {most}. Lower `limit` or ask in parts."
            problem = Problem(problems.PREDICTIONS_TOO_MANY, detail, asked=asked, limit=most)
        case _:
            problem = _problem_of_structures(error)
    return problem


def _problem_of_structures(error: Exception) -> Problem:
    match error:
        case failures.StructureUnreadable(refused=one):
            errors = [{"place": one.place, "value": excerpt(one.value, _SHOWN), "reason": one.reason}]
            return Problem(problems.STRUCTURE_UNREADABLE, f"{one.place}: {one.reason}.", errors=errors)
        case failures.WeightsUnequal(weights=weights, highlights=highlights):
            reason = f"there are {weights} weights for {highlights} highlights"
            errors = [{"place": "weight", "value": str(weights), "reason": reason}]
            return Problem(problems.STRUCTURE_UNREADABLE, f"weight: {reason}.", errors=errors)
        case failures.StructureUnknown(run=run, fragment=fragment):
            return Problem(problems.STRUCTURE_UNKNOWN, f"The data of run {run} state no structure of {excerpt(fragment)!r}.")
        case _:
            raise error
