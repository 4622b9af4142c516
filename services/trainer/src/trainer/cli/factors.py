"""`ntdemo-train factors`: a factor vector for every fragment."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.kinds import Holdout, Objective
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
from trainer.runs.ingest import Layout, OnError
from trainer.runs.spec import DEFAULT, Engine, FactorsSpec
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.pipelines.factors import Trained

__all__ = ["factors"]


def factors(  # noqa: PLR0917 - an argument an option
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--data", help="A file or a directory; may be given several times. `built-in` is the seed's five fragments."
        ),
    ] = None,
    objective: Annotated[
        Objective | None,
        typer.Option(help="What is fitted: activity to tables of molecules, counts to data.json, if not given."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="spark-als spreads a fit of counts over Spark's cluster, and ends near the optimum.")
    ] = Engine.TORCH,
    rank: Annotated[
        int | None, typer.Option(min=1, max=512, help="Numbers that describe a fragment; 3 for counts, 32 for activity.")
    ] = None,
    holdout: Annotated[
        Holdout, typer.Option(help="Judge activity by cells it has not seen, before it learns from all of them.")
    ] = Holdout.NONE,
    later: Annotated[
        list[str] | None,
        typer.Option(help="A file whose cells judge with --holdout time, and are learned from in the end; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random start; results do not depend on it.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
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
    on_error: OnErrorOption = OnError.FAIL,
    *,
    endpoint_in_target: EndpointInTarget = False,
    promote: Annotated[
        bool | None,
        typer.Option(
            "--promote/--no-promote",
            help="Whether it takes `current`; without either, unless the run there is of other data, or is judged better.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Learn a factor vector for every fragment and publish the run into NTDEMO_STATE.

    Without --data the trainer's own data are taken: NTDEMO_DATA, /data/data.json or the built-in five fragments.
    """
    ingest = chosen(
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
    members = {
        "kind": "factors",
        "sources": tuple(sources or (DEFAULT,)),
        "objective": objective,
        "engine": engine,
        **({} if rank is None else {"rank": rank}),
        "holdout": holdout,
        "later": tuple(later or ()),
        "seed": seed,
        "device": device,
        "ingest": ingest,
        "promote": promote,
    }
    with Command.begun(context, as_json=as_json) as command:
        spec = command.spec(FactorsSpec, members)

        def work(settings: Settings, bars: Bars, waiting: Waiting) -> "Trained":
            from trainer.pipelines import factors as pipeline  # noqa: PLC0415 - a wrong option need not wait for it

            return pipeline.train(spec, settings, bars, waiting=waiting, planned=bars.say)

        trained, stages = command.perform(work, on_error=spec.ingest.on_error)
        if as_json:
            command.answer({**asdict(trained), "stages": stages})
            return
        command.say(
            f"{trained.run}: {trained.fragments:,} fragments ({trained.shown_fragments:,} shown) in {trained.compounds:,} "
            f"compounds on {trained.targets:,} targets, from {trained.source}; rank {trained.rank}, loss {trained.loss:.6g}, "
            f"{trained.seconds:.1f} s\n{trained.decision}\n"
        )
        if spec.holdout is not Holdout.NONE:
            measures = {name: value for name, value in trained.metrics.items() if name != "mean_squared_error"}
            command.say("".join(f"  {name:22}{value:12.4f}\n" for name, value in measures.items()))
        if trained.bounds:
            use = "teach, and do not judge" if trained.objective == Objective.ACTIVITY.value else "neither train nor judge"
            command.say(f"{trained.bounds:,} cells are bounds: they are published, and {use}\n")
        if trained.metrics.get("calibration_cells") == 0:
            command.say("too few cells could be held out to calibrate by: intervals are as the model says\n")
        if trained.rejected_rows:
            what = "row or cell was" if trained.rejected_rows == 1 else "rows or cells were"
            command.say(f"{trained.rejected_rows:,} {what} left out; `ntdemo-train rejects {trained.run}` lists them\n")
