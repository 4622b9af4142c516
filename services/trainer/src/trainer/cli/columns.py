"""The options that say how tables are read: the same for every command that reads them, and over HTTP."""

from typing import Annotated, Any, Final

import typer

from contracts.kinds import ActivityKind
from trainer.cli.command import COLUMNS
from trainer.runs.ingest import Layout, OnError, Unit

__all__ = [
    "CompoundColumn", "Endpoint", "EndpointColumn", "EndpointInTarget", "Kind", "LayoutOption", "Missing", "OnErrorOption",
    "OrganismColumn", "RelationColumn", "SmilesColumn", "TargetColumn", "TargetColumns", "UnitColumn", "UnitOption",
    "ValueColumn", "chosen",
]  # fmt: skip


def _option(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=COLUMNS)


LayoutOption = Annotated[Layout, _option("One column a target, or one row a measurement.")]
Kind = Annotated[ActivityKind | None, _option("What values state; found from them if not given.", "--kind", "--activity-kind")]
SmilesColumn = Annotated[str | None, _option("Molecules: SMILES, CXSMILES or InChI.")]
CompoundColumn = Annotated[str | None, _option("Identifiers of compounds.")]
TargetColumn = Annotated[str | None, _option("Long tables: targets.")]
TargetColumns = Annotated[list[str] | None, _option("Wide tables: a column that is a target; may be repeated.")]
ValueColumn = Annotated[str | None, _option("Long tables: values.")]
UnitOption = Annotated[Unit | None, _option("Unit of the values whose columns do not say it; pX if they are that already.")]
UnitColumn = Annotated[str | None, _option("Long tables: the unit of each value.")]
RelationColumn = Annotated[str | None, _option("Long tables: =, <, > or ~ of each value.")]
EndpointColumn = Annotated[str | None, _option("Long tables: IC50, Ki, … of each value.")]
OrganismColumn = Annotated[str | None, _option("Long tables: whose the target is.")]
Endpoint = Annotated[list[str] | None, _option("Read this endpoint alone, IC50 for instance; may be repeated.")]
EndpointInTarget = Annotated[bool, _option("Endpoints of one target are targets of their own.", "--endpoint-in-target")]
Missing = Annotated[
    list[str] | None, _option("A cell that says that nothing was measured, -999 for instance; may be repeated.")
]
OnErrorOption = Annotated[OnError, _option("What happens to rows and cells that cannot be used.")]

_LISTS: Final = frozenset({"target_columns", "endpoint", "missing"})


def chosen(**given: Any) -> dict[str, Any]:
    """Options as the fields of `runs.ingest.IngestOptions`."""
    return {name: tuple(value or ()) if name in _LISTS else value for name, value in given.items()}
