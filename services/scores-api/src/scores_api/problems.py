"""The failures that callers of the scores API can meet, beyond those every service knows."""

from http import HTTPStatus
from typing import Final

from servicekit.problems import INVALID_CURSOR, RUN_NOT_FOUND, ProblemType

__all__ = [
    "ARTIFACT_DAMAGED",
    "ARTIFACT_NOT_FOUND",
    "FRAGMENT_NOT_FOUND",
    "MAP_MISSING",
    "MATRIX_TOO_LARGE",
    "MOLECULES_FAILED",
    "MOLECULES_UNREADABLE",
    "NOTHING_PREDICTS",
    "ORDER_UNAVAILABLE",
    "PREDICTIONS_TOO_MANY",
    "PROBLEM_TYPES",
    "REPLACEMENTS_UNAVAILABLE",
    "RUN_DELETED",
    "RUN_OUTDATED",
    "RUN_UNREADABLE",
    "SIMILARITY_UNAVAILABLE",
    "TARGET_NOT_FOUND",
]

RUN_DELETED: Final = ProblemType(
    "run-deleted",
    "The run was deleted",
    HTTPStatus.GONE,
    "Somebody deleted the run at the trainer. Nobody is answered from it any more.",
    "Take another run of `GET /v1/runs`, or train its data again. Whoever runs the trainer can bring it back with "
    "`ntdemo-train runs restore` as long as its files lie in the quarantine.",
)
FRAGMENT_NOT_FOUND: Final = ProblemType(
    "fragment-not-found",
    "There is no such fragment in this run",
    HTTPStatus.NOT_FOUND,
    "The run's data has no modelled fragment of this name. Names are exact, case included; `near` lists names that look alike "
    "and `missing` all unknown names of the question, the first 200 characters of each.",
    "Take a name from `near`, or search with `GET /v1/fragments?query=`. In a path, percent-encode the name: `/` is `%2F`, `#` "
    "is `%23`, `%` is `%25`. Names that no address can carry, such as `..`, are reached by their id: `/v1/fragments/id:17`.",
)
ARTIFACT_NOT_FOUND: Final = ProblemType(
    "artifact-not-found",
    "There is no such artifact, version or file",
    HTTPStatus.NOT_FOUND,
    "No publication of the store names this artifact in this version, or its manifest lists no such file.",
    "List the artifacts with `GET /v1/artifacts`; read the manifest at `/v1/artifacts/{artifact}/{version}` for its files.",
)
ARTIFACT_DAMAGED: Final = ProblemType(
    "artifact-damaged",
    "The file is not what its manifest states",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The file's size or SHA-256 on disk differs from its manifest, so it is not served.",
    "Restore the file from a backup of the store, or train again; other files and runs are not affected.",
)
MATRIX_TOO_LARGE: Final = ProblemType(
    "matrix-too-large",
    "The whole matrix is too large to be one JSON object",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The run shows more fragments than the limit up to which the whole score matrix is published; `fragments` and `limit` are "
    "these numbers.",
    "Read the nearest fragments with `GET /v1/fragments/{fragment}/neighbours`, a part of the matrix with `POST "
    "/v1/similarities`, or all vectors with `GET /v1/factors/fragments`.",
)
RUN_OUTDATED: Final = ProblemType(
    "run-outdated",
    "Another release published the run",
    HTTPStatus.NOT_FOUND,
    "The run was published in a form that this release does not read. Its tables and files are untouched, and the release that "
    "published it still serves them.",
    "Train the data again: the trainer does so by itself when it starts with them, and so does `ntdemo-train factors --data`. "
    "`GET /v1/runs` lists the runs that this release serves.",
)
RUN_UNREADABLE: Final = ProblemType(
    "run-unreadable",
    "The run is damaged or cannot be read",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "A file of the run is missing, is not as it was published (its checksum differs), or the disk does not give it; `reason` "
    "names the file. Nothing of what is damaged is served. `current` is meanwhile the newest run that is whole; others are not "
    "affected.",
    "Restore the run's directory in the store from a backup, where it is seen within minutes, or train again.",
)
SIMILARITY_UNAVAILABLE: Final = ProblemType(
    "similarity-unavailable",
    "The run does not tell this similarity",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "`structure` and `max_structure` need the structures of fragments, which data of names alone do not hold. `function` needs "
    "compounds that were measured and differ by one fragment, and fragments with open ends; `balanced` is of runs of counts.",
    "Take one of the run's `similarities`, which `GET /v1/runs/{run}` lists, another run, or train data that state SMILES.",
)
MAP_MISSING: Final = ProblemType(
    "map-missing",
    "The run has no neighbourhood map",
    HTTPStatus.NOT_FOUND,
    "A map is made when a run is trained; a release before this one trained it.",
    "Train the data again, or take another run.",
)
REPLACEMENTS_UNAVAILABLE: Final = ProblemType(
    "replacements-unavailable",
    "The run does not tell what replacements change",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "It needs compounds that were measured on the same target and differ by one fragment alone, with their structures. What "
    "is added at a target is told of values, not of actives and inactives, by runs that compare whole molecules.",
    "Take another run, ask without targets, or train data that state SMILES and values.",
)
TARGET_NOT_FOUND: Final = ProblemType(
    "target-not-found",
    "There is no such target in this run",
    HTTPStatus.NOT_FOUND,
    "The run's data have no target of this name. Names are exact, case included; `near` lists names that look alike and "
    "`missing` the first 20 unknown names of the question, up to 200 characters of each.",
    "Take a name from `near`, or list all of them with `GET /v1/factors/targets`. Without `targets` those with the highest "
    "predictions are answered.",
)
MOLECULES_UNREADABLE: Final = ProblemType(
    "molecules-unreadable",
    "Some SMILES are no molecules with fragments",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "They cannot be parsed, are impossible, have no organic part, or are too large to be cut; `errors` names the "
    "first 20 with their reasons, `count` says how many there are. Nothing was predicted.",
    "Correct these compounds or leave them out. A compound can also be given by the names of its `fragments`.",
)
MOLECULES_FAILED: Final = ProblemType(
    "molecules-failed",
    "The molecules could not be read",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The process that reads or draws molecules died or did not answer in time; the next question starts it again.",
    "Ask again; if it happens again, ask in smaller parts to find the compound that causes it, and report it.",
)
NOTHING_PREDICTS: Final = ProblemType(
    "nothing-predicts",
    "The run published nothing that predicts",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Its artifact holds neither a model nor a prediction graph: an older release trained it, or an engine that makes none.",
    "Name another run with `?run=`, listed by `GET /v1/runs`, or train the data again; the objective `activity` predicts with "
    "intervals.",
)
ORDER_UNAVAILABLE: Final = ProblemType(
    "order-unavailable",
    "The run does not tell this order of targets",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "It predicts by fragments alone, which orders targets by `prediction` and by nothing else.",
    "Leave `order` out or ask for `prediction`; or name a run of the objective `activity`.",
)
PREDICTIONS_TOO_MANY: Final = ProblemType(
    "predictions-too-many",
    "The answer would hold too many predictions",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Compounds times targets are more than one answer holds; `asked` and `limit` are these numbers.",
    "Ask about fewer compounds at a time, name fewer `targets`, or lower `limit`, the number of targets answered a compound.",
)
STRUCTURE_UNREADABLE: Final = ProblemType(
    "structure-unreadable",
    "Something asked for is no structure",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The `smiles` or `template` is no SMILES of a possible molecule or is too large, a `highlight` or `structure` is "
    "neither SMILES nor SMARTS, what is `spelled` is no SMILES of a possible molecule, or there are not as many weights as "
    "highlights; `errors` names the place, the value and the reason.",
    "Correct that parameter or leave it out; percent-encode `#`, `+` and `%` in addresses.",
)
STRUCTURE_UNKNOWN: Final = ProblemType(
    "structure-unknown",
    "The data state no structure of this fragment",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The fragment has a name and no SMILES, as in the demonstration's `data.json`, so there is nothing to draw.",
    "Ask for fragments of a run whose data state SMILES.",
)
PROBLEM_TYPES: Final = (
    RUN_NOT_FOUND,
    RUN_DELETED,
    RUN_OUTDATED,
    FRAGMENT_NOT_FOUND,
    ARTIFACT_NOT_FOUND,
    ARTIFACT_DAMAGED,
    MATRIX_TOO_LARGE,
    MAP_MISSING,
    REPLACEMENTS_UNAVAILABLE,
    SIMILARITY_UNAVAILABLE,
    TARGET_NOT_FOUND,
    MOLECULES_UNREADABLE,
    MOLECULES_FAILED,
    NOTHING_PREDICTS,
    ORDER_UNAVAILABLE,
    PREDICTIONS_TOO_MANY,
    STRUCTURE_UNREADABLE,
    STRUCTURE_UNKNOWN,
    INVALID_CURSOR,
    RUN_UNREADABLE,
)
"""Every problem type of this service."""
