"""`ntdemo-train inspect`: how tables would be read, before anything is trained."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.cli.bars import Bars
from trainer.cli.columns import (
    CompoundColumn,
    Endpoint,
    EndpointColumn,
    EndpointInTarget,
    Kind,
    LayoutOption,
    Missing,
    OnErrorOption,
    OrganismColumn,
    RelationColumn,
    SmilesColumn,
    TargetColumn,
    TargetColumns,
    UnitColumn,
    UnitOption,
    ValueColumn,
    chosen,
)
from trainer.cli.command import AsJson, Command, Waiting
from trainer.runs.ingest import IngestOptions, Layout, OnError
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.tables.inspection import Inspection
    from trainer.tables.plan import FilePlan

__all__ = ["inspect"]


def inspect(  # noqa: PLR0917 - an argument an option
    context: typer.Context,
    data: Annotated[list[str], typer.Argument(help="Files or directories.", show_default=False)],
    layout: LayoutOption = Layout.AUTO,
    activity_kind: Kind = None,
    smiles_column: SmilesColumn = None,
    compound_column: CompoundColumn = None,
    target_column: TargetColumn = None,
    target_columns: TargetColumns = None,
    value_column: ValueColumn = None,
    unit: UnitOption = None,
    unit_column: UnitColumn = None,
    relation_column: RelationColumn = None,
    endpoint_column: EndpointColumn = None,
    organism_column: OrganismColumn = None,
    endpoint: Endpoint = None,
    missing: Missing = None,
    on_error: OnErrorOption = OnError.SKIP,
    *,
    endpoint_in_target: EndpointInTarget = False,
    as_json: AsJson = False,
) -> None:
    """Show what every column of a table is taken for and why, and what its first rows would become."""
    given = chosen(
        layout=layout,
        activity_kind=activity_kind,
        smiles_column=smiles_column,
        compound_column=compound_column,
        target_column=target_column,
        target_columns=target_columns,
        value_column=value_column,
        unit=unit,
        unit_column=unit_column,
        relation_column=relation_column,
        endpoint_column=endpoint_column,
        organism_column=organism_column,
        endpoint=endpoint,
        endpoint_in_target=endpoint_in_target,
        missing=missing,
        on_error=on_error,
    )
    with Command.begun(context, as_json=as_json) as command:
        options = command.spec(IngestOptions, given)

        def work(settings: Settings, _: Bars, __: Waiting) -> "tuple[list[FilePlan], Inspection | None]":
            from trainer.data.sources import fetched  # noqa: PLC0415 - a wrong option need not wait for it
            from trainer.spark import intake  # noqa: PLC0415 - the same
            from trainer.tables.inspection import inspect_files  # noqa: PLC0415 - the same

            with fetched(data, settings) as paths:
                plans = intake.plan(paths, options)
                return plans, inspect_files(plans, endpoint_in_target=endpoint_in_target) if plans else None

        (plans, inspection), _ = command.perform(work, on_error=on_error)
        if inspection is None:
            said: dict[str, Any] = {"plan": None}
            command.answer(said) if as_json else command.say("data.json: complete as it stands; its objective is counts\n")
            return
        from contracts.kinds import Objective  # noqa: PLC0415 - beside what it describes
        from trainer.tables.summary import summarise  # noqa: PLC0415 - a wrong option need not wait for it

        summary = summarise(plans, Objective.ACTIVITY, asked=False)
        if as_json:
            command.answer({"plan": summary.whole, "inspection": inspection.as_object()})
            return
        lines = [*summary.lines, *_columns(plans), *_fates(inspection)]
        command.say("\n".join([*lines, ""]))


def _columns(plans: "Sequence[FilePlan]") -> Iterator[str]:
    """Every column of every file."""
    for plan in plans:
        yield ""
        yield f"{plan.source.name}: {len(plan.described)} columns"
        for column in plan.described:
            told = ", ".join(part for part in (column.unit, column.endpoint, column.target) if part)
            yield f"  {column.role.value:12} {column.name}{f' [{told}]' if told else ''}: {column.reason}"
        for doubt in plan.doubts:
            yield f"  note         {doubt}"


def _fates(found: "Inspection") -> Iterator[str]:
    """What the rows would become."""
    yield ""
    yield f"{'all' if found.whole else 'the first'} {found.rows:,} rows: {found.used:,} used, {found.rejected:,} cannot be used"
    yield from (f"  {number:>8,}  {reason}" for reason, number in found.fates.items() if reason != "used")
    for name, counts in (("endpoints", found.endpoints), ("bounds", found.bounds), ("columns by unit", found.units)):
        if counts:
            yield f"{name}: {', '.join(f'{key} {number:,}' for key, number in counts.items())}"
    yield f"targets: {found.targets_found:,}"
    for target in found.targets:
        values = "no values" if target.median is None else f"{target.low:.3g} … {target.median:.3g} … {target.high:.3g}"
        title = f" ({target.title})" if target.title else ""
        yield f"  {target.values:>8,} values, {target.bounds:,} bounds  {values}  {target.target}{title}"
    spread = "" if found.spread is None else f", median range {found.spread:.2g}"
    yield f"compounds measured more than once at a target: {found.duplicates:,}{spread}"
    yield from (f"  {conflict}" for conflict in found.conflicts)
    yield from (f"question: {question}" for question in found.questions)
    if found.rejects:
        yield "what cannot be used, the first:"
        yield from (f"  {offence}" for offence in found.rejects)
