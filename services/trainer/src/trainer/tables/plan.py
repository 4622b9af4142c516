"""The plan for reading one file: what its rows state and which of its columns say so. Light enough for every worker."""

from dataclasses import dataclass
from enum import StrEnum

from trainer.tables.source import SourceFile
from trainer.tables.units import PX

__all__ = ["ColumnPlan", "ColumnRole", "FilePlan", "Measure", "Role"]


class Role(StrEnum):
    """What a row of a file states."""

    WIDE = "wide"
    """A molecule and its activities: one column a target."""
    LONG = "long"
    """A molecule and one activity."""
    STRUCTURES = "structures"
    """A compound and its molecule."""
    MEASUREMENTS = "measurements"
    """A compound, whose molecule another file states, and one activity."""


class ColumnRole(StrEnum):
    """What a column is taken for."""

    MOLECULE = "molecule"
    COMPOUND = "compound"
    TARGET_ID = "target id"
    TARGET_TITLE = "target title"
    VALUE = "value"
    UNIT = "unit"
    RELATION = "relation"
    ENDPOINT = "endpoint"
    ORGANISM = "organism"
    WEIGHT = "weight"
    SPLIT = "split"
    LEFT_ASIDE = "left aside"


@dataclass(frozen=True)
class ColumnPlan:
    """A column and what it is taken for."""

    name: str
    role: ColumnRole
    reason: str
    """Why, in words for the owner of the table."""
    target: str | None = None
    """Of a value column of a wide table."""
    endpoint: str | None = None
    unit: str | None = None
    """Of its numbers: `nM`, …, or `pX`; None where nothing says."""


@dataclass(frozen=True)
class Measure:
    """How numbers are read from one column."""

    column: str | None
    """None where every row states that the compound acts."""
    target: str | None = None
    """In a wide table, what the column was measured on."""
    endpoint: str | None = None
    scale: int | str | None = None
    """As `units.scale_of`; None where the numbers are taken as they are, or have a unit each."""
    unit: str | None = None
    """Column of units."""
    relation: str | None = None
    """Column of relations."""
    flipped: bool = False
    """The relations are those of concentrations, although the numbers are their negative logarithms."""
    truths: bool = False
    """The column states yes and no."""
    in_cells: bool = False
    """Each cell states its unit."""
    decimal_comma: bool = False
    group: int = 0
    """Of the measures of one group, the first that a row states is taken."""

    @property
    def read_as(self) -> str:
        """The unit of the values as they are read: `PX` of concentrations and of their logarithms, else empty."""
        return PX if self.scale is not None or self.unit is not None or self.in_cells else ""


@dataclass(frozen=True)
class FilePlan:
    """How one file is read."""

    index: int
    """Place of the file among the sources."""
    source: SourceFile
    role: Role
    smiles: str | None = None
    """Column of molecules, in any notation that `chemistry` reads."""
    compound: str | None = None
    target: str | None = None
    """Column of targets, of a long table."""
    title: str | None = None
    """Column of what targets are called where `target` holds their ids."""
    organism: str | None = None
    endpoint: str | None = None
    """Column of endpoints."""
    measures: tuple[Measure, ...] = ()
    open_targets: bool = False
    """Later rows may bring more targets, as in JSON Lines."""
    allowed: tuple[float, ...] | None = None
    """The only values that the kind of activity knows."""
    endpoints: tuple[str, ...] = ()
    """The only endpoints that are read, as `endpoints.endpoint_of`; all where there are none."""
    missing: frozenset[str] = frozenset()
    """More words, in lower case, for "not measured"."""
    skip: bool = False
    """What cannot be used is left out and told instead of stopping the ingestion."""
    layout: str | None = None
    """The known layout that the file has."""
    described: tuple[ColumnPlan, ...] = ()
    """Every column with its role."""
    doubts: tuple[str, ...] = ()
    """What is read as it stands but looks wrong, in sentences."""

    @property
    def columns(self) -> list[str]:
        """The columns to read."""
        named = [self.smiles, self.compound, self.target, self.title, self.organism, self.endpoint]
        for measure in self.measures:
            named += [measure.column, measure.unit, measure.relation]
        return list(dict.fromkeys(column for column in named if column is not None))

    @property
    def targets(self) -> tuple[str, ...]:
        """What the columns of a wide table were measured on."""
        return tuple(measure.target for measure in self.measures if measure.target is not None)

    @property
    def texts(self) -> frozenset[str]:
        """Columns that are read as text, whatever their type."""
        return frozenset(self.columns) - {measure.column for measure in self.measures}
