"""The layout of a projection: a derived, disposable copy of one published run in files that can be mapped.

The builder writes these files, the server maps them, and both are this package at one `FORMAT`. A directory of another format,
or with a missing, shortened or changed file, is built anew and never half believed.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from contracts.kinds import SimilarityKind

__all__ = [
    "COASSAY",
    "CURVE",
    "DOCUMENTS",
    "DRAWS",
    "FORMAT",
    "FRAGMENTS",
    "GAUGES",
    "HEAD",
    "INDEX",
    "NEIGHBOUR",
    "RANKS",
    "REJECT_LINES",
    "REJECT_OFFSETS",
    "REJECT_TABLE",
    "SCORES",
    "SIDES",
    "TARGETS",
    "TRAJECTORY",
    "Gauge",
    "Lists",
    "ProjectedFile",
    "ProjectedFragments",
    "ProjectedTargets",
    "ProjectionHead",
    "Side",
    "digest",
    "factors_stream",
    "list_array",
    "list_offsets",
    "neighbours_file",
    "offsets_array",
    "run_directory",
    "vectors_array",
]

Side = Literal["fragments", "targets"]
Gauge = Literal["vector", "balanced"]
Lists = Literal["environments", "targets", "exchanged"]
SIDES: Final[tuple[Side, ...]] = ("fragments", "targets")
GAUGES: Final[tuple[Gauge, ...]] = ("vector", "balanced")
"""Canonical and balanced."""

FORMAT: Final = 5
"""Raised whenever the meaning of a file changes."""
INDEX: Final = "index.json"
HEAD: Final = "projection.json"
"""Written last: states every other file of the projection with its size and digest."""
FRAGMENTS: Final = "fragments.json"
TARGETS: Final = "targets.json"
SCORES: Final = "scores.json"
"""The body of `GET /cosine/score`; absent when the matrix is too large."""
CURVE: Final = "curve.json"
TRAJECTORY: Final = "trajectory.json"
REJECT_LINES: Final = "rejects.jsons"
"""Objects of rejected rows and cells, one behind the other."""
REJECT_OFFSETS: Final = "reject-offsets.npy"
"""Int64: where each begins, and where the last ends."""
REJECT_TABLE: Final = "rejects.csv"
DRAWS: Final = "draws.npy"
"""Float16, fragments x draws x (rank + 2): posterior draws of directions; absent when the run has no posterior."""
RANKS: Final = "ranks.json"
"""Similarity to `percents`, `shares` and `weight`; with the lists and `COASSAY`, absent for runs that publish no likeness."""
COASSAY: Final = "coassay.npy"
"""Float32, one for each number of the list `targets`."""
EASE: Final = "ease.npy"
"""Float32, one for each fragment; with the list `exchanged` and `EXCHANGES`, absent where swaps told nothing."""
EXCHANGES: Final = "exchanges.npy"
"""Float32, one for each number of the list `exchanged`."""
DOCUMENTS: Final = frozenset(
    {SCORES, CURVE, TRAJECTORY, REJECT_LINES, REJECT_TABLE, *(f"factors-{side}.arrows" for side in SIDES)}
)
"""Ready-made bodies, served as they are."""
NEIGHBOUR: Final = np.dtype(
    [
        ("other", "<i4"),
        ("function", "<f4"),
        ("low", "<f4"),
        ("high", "<f4"),
        ("balanced", "<f4"),
        ("structure", "<f4"),
        ("coassay", "<f4"),
        ("combined", "<f4"),
    ]
)
"""One neighbour; NaN stands for null. A fragment's neighbours lie together, the nearest first."""


def run_directory(cache: Path, run: str) -> Path:
    """Where the projection of a run lies."""
    return cache / "runs" / run


def vectors_array(side: Side, gauge: Gauge) -> str:
    """Name of the float64 array of one row a fragment or target."""
    return f"{side}-{gauge}.npy"


def factors_stream(side: Side) -> str:
    """Name of the Arrow IPC stream of the same."""
    return f"factors-{side}.arrows"


def neighbours_file(similarity: SimilarityKind) -> str:
    """Name of the bare `NEIGHBOUR` rows, by fragment, then rank."""
    return f"neighbours-{similarity}.rows"


def offsets_array(similarity: SimilarityKind) -> str:
    """Name of the int64 array that says where each fragment's neighbours begin and the last one's end."""
    return f"neighbours-{similarity}-offsets.npy"


def list_array(lists: Lists) -> str:
    """Name of the int32 array of the lists of all fragments, end to end."""
    return f"{lists}.npy"


def list_offsets(lists: Lists) -> str:
    """Name of the int64 array that says where each of them begins and the last one ends."""
    return f"{lists}-offsets.npy"


def digest(path: Path) -> str:
    """BLAKE2b-128 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


class ProjectedFile(BaseModel):
    """A file of a projection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: Annotated[int, Field(ge=0)]
    blake2b: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class ProjectionHead(BaseModel):
    """What `projection.json` states."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    run: str
    files: dict[str, ProjectedFile]


class ProjectedFragments(BaseModel):
    """What `fragments.json` states: one entry a fragment in each list, in the order of ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: list[str]
    smiles: list[str | None]
    support: list[int]
    scaffolds: list[int | None]
    shown: list[bool]


class ProjectedTargets(BaseModel):
    """What `targets.json` states, in the order of ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: list[str]
