"""The form of a published factor run: the files of its artifact that services read, and the head that vouches for them.

The head states every file of the artifact, what predicts included, with checksums of its pages; its own digest stands in the
artifact's manifest, and the manifest's in the publication. `run.json` alone says what the run is, and in which format.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from contracts.kinds import ActivityKind, ChangeUnit, Objective, RunKind, SimilarityKind
from published.pages import StatedFile

__all__ = [
    "ARRAYS",
    "CURVE",
    "FORMAT",
    "FRAGMENTS",
    "GAUGES",
    "HEAD",
    "MAP",
    "NEIGHBOUR",
    "REJECT_LINES",
    "REJECT_TABLE",
    "RUN",
    "SCORES",
    "SIDES",
    "TARGETS",
    "TRAJECTORY",
    "FragmentColumns",
    "Gauge",
    "Head",
    "OtherFormat",
    "RunRecord",
    "Side",
    "TargetColumns",
    "factors_stream",
    "neighbours_file",
    "read_record",
    "write_head",
]

Side = Literal["fragments", "targets"]
Gauge = Literal["vector", "balanced"]
SIDES: Final[tuple[Side, ...]] = ("fragments", "targets")
GAUGES: Final[tuple[Gauge, ...]] = ("vector", "balanced")
"""Canonical and balanced."""

FORMAT: Final = 4
"""Raised whenever the meaning of a file changes; runs of another format are trained again."""
HEAD: Final = "published.json"
RUN: Final = "run.json"
"""A `RunRecord`."""
FRAGMENTS: Final = "fragments.json"
TARGETS: Final = "targets.json"
SCORES: Final = "scores.json"
"""The body of `GET /cosine/score`; absent when the matrix is too large."""
CURVE: Final = "curve.json"
TRAJECTORY: Final = "trajectory.json"
MAP: Final = "map.json"
"""The neighbourhood map; runs of older releases have none."""
REJECT_LINES: Final = "rejects.jsons"
"""Objects of rejected rows and cells, one behind the other; the array `reject_offsets` says where each begins."""
REJECT_TABLE: Final = "rejects.csv"
ARRAYS: Final = "arrays.safetensors"
"""Everything that is calculated with:

| array | |
|---|---|
| `{side}.{gauge}: float64[N, K]` | factors; the id is the row |
| `neighbours.{ranking}: int64[F + 1]` | where each fragment's rows begin in `neighbours-{ranking}.rows` |
| `reject_offsets: int64[R + 1]` | where each object of `rejects.jsons` begins, and where the last ends |
| `environments: int32[...]`, `environments.offsets: int64[F + 1]` | atom environments, rising; none without a structure |
| `coassay.targets: int32[...]`, `coassay.offsets: int64[F + 1]`, `coassay: float32[...]` | unit rows over targets |
"""
NEIGHBOUR: Final = np.dtype(
    [
        ("other", "<i4"),
        ("function", "<f4"),
        ("low", "<f4"),
        ("high", "<f4"),
        ("balanced", "<f4"),
        ("structure", "<f4"),
        ("coassay", "<f4"),
        ("change", "<f4"),
        ("change_low", "<f4"),
        ("change_high", "<f4"),
        ("swaps", "<f4"),
    ]
)
"""One neighbour; NaN stands for null. A fragment's neighbours lie together, the nearest first."""


class OtherFormat(Exception):
    """A run was published in another format; the text says in which."""


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class RunRecord(_Stated):
    """What was trained, from which data, how, and how well."""

    format: int = FORMAT
    id: str
    kind: RunKind
    objective: Objective
    activity_kind: ActivityKind
    source: str
    data: str
    started: datetime
    finished: datetime
    seconds: float
    device: str
    code_version: str
    fragments: int
    shown_fragments: int
    compounds: int
    targets: int
    similarities: list[SimilarityKind]
    """What the run tells of its fragments; the first is what its pages show."""
    change_unit: ChangeUnit | None
    """In what it tells changes of activity."""
    rank: int
    spec: dict[str, Any]
    ingest: dict[str, int]
    plan: dict[str, Any] | None
    metrics: dict[str, float]


class Head(_Stated):
    """What `published.json` states."""

    files: dict[str, StatedFile]


class FragmentColumns(_Stated):
    """What `fragments.json` states: one entry a fragment in each list, in the order of ids."""

    names: list[str]
    smiles: list[str | None]
    support: list[int]
    scaffolds: list[int | None]
    shown: list[bool]
    heavy_atoms: list[int | None]
    """As `chemistry.properties` tells it, and so the next three; None of what has no structure."""
    rings: list[int | None]
    charge: list[int | None]
    logp: list[float | None]


class TargetColumns(_Stated):
    """What `targets.json` states: one entry a target in each list, in the order of ids."""

    names: list[str]
    units: list[str | None]
    """Of their values."""


def factors_stream(side: Side) -> str:
    """Name of the Arrow IPC stream of all factors of a side."""
    return f"factors-{side}.arrows"


def neighbours_file(ranking: SimilarityKind) -> str:
    """Name of the bare `NEIGHBOUR` rows, by fragment, then rank."""
    return f"neighbours-{ranking}.rows"


def write_head(directory: Path) -> None:
    """State every file that lies in `directory`: the last to be written."""
    head = Head(files={path.name: StatedFile.of(path) for path in sorted(directory.iterdir())})
    (directory / HEAD).write_text(head.model_dump_json(), encoding="utf-8")


def read_record(content: bytes) -> RunRecord:
    """The record in the bytes of a `run.json`.

    Raises:
        OtherFormat: it is of another format.
        ValueError: it is none.
    """
    stated = json.loads(content)
    if not isinstance(stated, dict):
        raise ValueError(f"{RUN} is no record of a run")  # noqa: TRY004 - of the content, not of an argument
    if stated.get("format") != FORMAT:
        raise OtherFormat(f"it was published in format {stated.get('format')}, and this release reads format {FORMAT}")
    return RunRecord.model_validate_json(content)
