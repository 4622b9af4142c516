"""The plan for reading one file: what its rows state and which of its columns say so. Light enough for every worker."""

from dataclasses import dataclass
from enum import StrEnum

from trainer.spark.ingest.files import SourceFile

__all__ = ["FilePlan", "Role"]


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


@dataclass(frozen=True)
class FilePlan:
    """How one file is read."""

    index: int
    """Place of the file among the sources."""
    source: SourceFile
    role: Role
    smiles: str | None = None
    compound: str | None = None
    target: str | None = None
    value: str | None = None
    """None where every row states that the compound acts."""
    relation: str | None = None
    unit: str | None = None
    """Column of units."""
    exponent: int | None = None
    """Values are concentrations of 10^-exponent mol/l; None where they are pX, or have a unit each."""
    targets: tuple[str, ...] = ()
    """Columns of a wide table."""
    open_targets: bool = False
    """Later rows may bring more targets, as in JSON Lines."""
    allowed: tuple[float, ...] | None = None
    """The only values that the kind of activity knows."""

    @property
    def columns(self) -> list[str]:
        """The columns to read."""
        named = (self.smiles, self.compound, self.target, self.value, self.relation, self.unit)
        return list(dict.fromkeys([column for column in named if column is not None] + list(self.targets)))
