"""Plans of tables, as plain frozen values: how the trainer would read an upload, and what its first rows become."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Plan", "PlannedColumn", "PlannedFile", "PlannedRows", "PlannedTarget", "RejectedPlace"]


@dataclass(frozen=True)
class PlannedColumn:
    """A column, and what it is taken for."""

    name: str
    role: str
    reason: str
    unit: str | None
    endpoint: str | None


@dataclass(frozen=True)
class PlannedFile:
    """A file, and its columns."""

    name: str
    kind: str
    """`csv`, `sdf`, …"""
    states: str
    """What a row states: `wide` is a molecule with a column a target."""
    layout: str | None
    """Who writes tables like this one."""
    columns: tuple[PlannedColumn, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class PlannedTarget:
    """A target of the rows that were tried."""

    target: str
    title: str
    values: int
    bounds: int
    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True)
class RejectedPlace:
    """A row or a cell that cannot be used."""

    row: int | None
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class PlannedRows:
    """What became of the rows that were tried."""

    rows: int
    whole: bool
    """Whether those are all rows."""
    used: int
    rejected: int
    fates: Mapping[str, int]
    """Why rows and cells cannot be used, and how many."""
    targets: tuple[PlannedTarget, ...]
    targets_found: int
    conflicts: tuple[str, ...]
    questions: tuple[str, ...]
    rejects: tuple[RejectedPlace, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that the trainer says of an upload; no files where the format leaves no choice."""

    objective: str
    files: tuple[PlannedFile, ...]
    rows: PlannedRows | None
