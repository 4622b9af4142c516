"""How tables of molecules are read: what a caller may say of their columns, units and rows."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from contracts.kinds import ActivityKind

__all__ = ["IngestOptions", "Layout", "OnError", "Unit"]

Column = Annotated[str, Field(min_length=1, max_length=200)]


class Layout(StrEnum):
    """How a table of molecules states activities."""

    AUTO = "auto"
    """Long when the table has a target column, else wide."""
    WIDE = "wide"
    """One row a molecule, one column a target; an empty cell was not measured."""
    LONG = "long"
    """One row a measurement: molecule, target and, unless every row states an activity, a value."""


class OnError(StrEnum):
    """What happens to rows and cells that cannot be used: an unparsable SMILES, a text among numbers, a unit nobody knows."""

    FAIL = "fail"
    """The run fails and lists the first of them."""
    SKIP = "skip"
    """They are left out, counted, and kept in the rejects table with the reason."""


class Unit(StrEnum):
    """What values are: concentrations, which become pX, -log10 of the concentration in mol/l, or pX already."""

    MOLAR = "M"
    MILLIMOLAR = "mM"
    MICROMOLAR = "uM"
    NANOMOLAR = "nM"
    PICOMOLAR = "pM"
    PX = "pX"


class IngestOptions(BaseModel):
    """How tables of molecules are read; `data.json` and the built-in data need none of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Layout = Layout.AUTO
    activity_kind: Annotated[
        ActivityKind | None,
        Field(
            validation_alias=AliasChoices("activity_kind", "kind"),
            description="What the values state; found from the values when null. `kind` says the same.",
        ),
    ] = None
    smiles_column: Annotated[
        Column | None, Field(description="Molecules: SMILES, CXSMILES or InChI; found by name and content when null.")
    ] = None
    compound_column: Annotated[Column | None, Field(description="The compound's identifier.")] = None
    target_column: Annotated[Column | None, Field(description="Long tables: the target's identifier or name.")] = None
    value_column: Annotated[Column | None, Field(description="Long tables: the measured value.")] = None
    relation_column: Annotated[
        Column | None, Field(description="Long tables: `=`, `~`, or `<` and `>` for bounds, which are kept beside the values.")
    ] = None
    unit_column: Annotated[Column | None, Field(description="Long tables: the unit of each value.")] = None
    endpoint_column: Annotated[Column | None, Field(description="Long tables: IC50, Ki, … of each value.")] = None
    organism_column: Annotated[Column | None, Field(description="Long tables: whose the target is.")] = None
    unit: Annotated[
        Unit | None, Field(description="The unit of all values whose columns do not say it; `pX` where they are pX.")
    ] = None
    target_columns: Annotated[
        tuple[Column, ...],
        Field(description="Wide tables: the columns that are targets; found by name and content when empty."),
    ] = ()
    endpoint: Annotated[tuple[Column, ...], Field(description="Only measurements of these endpoints are read.")] = ()
    endpoint_in_target: Annotated[
        bool, Field(description="Measurements of different endpoints at one target are targets of their own.")
    ] = False
    missing: Annotated[
        tuple[Column, ...], Field(description="More cells that say that nothing was measured, `-999` for instance.")
    ] = ()
    on_error: OnError = OnError.FAIL

    @model_validator(mode="after")
    def _columns_fit_the_layout(self) -> Self:
        columns = ("target_column", "value_column", "relation_column", "unit_column", "endpoint_column", "organism_column")
        long_only = [name for name in columns if getattr(self, name) is not None]
        if self.layout is Layout.WIDE and long_only:
            raise ValueError(f"{' and '.join(long_only)} belong to long tables, but layout is wide")
        if self.layout is Layout.LONG and self.target_columns:
            raise ValueError("target_columns belong to wide tables, but layout is long")
        if long_only and self.target_columns:
            raise ValueError(f"target_columns belong to wide tables, {' and '.join(long_only)} to long ones: give one of them")
        if self.unit is not None and self.unit_column is not None:
            raise ValueError("unit is that of all values, unit_column that of each: give one of them")
        return self
