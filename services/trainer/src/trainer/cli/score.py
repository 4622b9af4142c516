"""`ntdemo-train score`: predictions of a library of molecules."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from published.changes import CURRENT
from trainer.cli.bars import Bars
from trainer.cli.command import COLUMNS, AsJson, Command, Waiting
from trainer.runs.ingest import OnError
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.pipelines.screening import Screened

__all__ = ["score"]


def score(  # noqa: PLR0917 - an argument an option
    context: typer.Context,
    data: Annotated[list[Path], typer.Option(help="A file or a directory of molecules; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Directory of Parquet files that is made; it must not exist.")],
    run: Annotated[str, typer.Option(help="A published run of factors: its id, its name or an alias.")] = CURRENT,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", help="Score on this target alone; may be given several times. All if not given."),
    ] = None,
    best: Annotated[int | None, typer.Option(min=1, help="Keep so many molecules a target, the highest predictions.")] = None,
    smiles_column: Annotated[str | None, typer.Option(help="The SMILES.", rich_help_panel=COLUMNS)] = None,
    compound_column: Annotated[str | None, typer.Option(help="Identifiers of molecules.", rich_help_panel=COLUMNS)] = None,
    on_error: Annotated[
        OnError, typer.Option(help="What happens to molecules that cannot be used.", rich_help_panel=COLUMNS)
    ] = OnError.FAIL,
    *,
    as_json: AsJson = False,
) -> None:
    """Predict a library of molecules, of any size, by a published run: a row a molecule and target.

    Spark spreads the work over this machine, or over the cluster that TRAINER_SPARK_MASTER names.
    """
    with Command.begun(context, as_json=as_json) as command:

        def work(settings: Settings, bars: Bars, _: Waiting) -> "Screened":
            from trainer.pipelines.screening import Screening, screen  # noqa: PLC0415 - a wrong option need not wait for it

            library = Screening(
                data=tuple(data),
                out=out,
                run=run,
                targets=tuple(dict.fromkeys(targets or ())),
                best=best,
                smiles_column=smiles_column,
                compound_column=compound_column,
                on_error=on_error,
            )
            return screen(library, settings, bars)

        screened, stages = command.perform(work, on_error=on_error)
        if as_json:
            command.answer({**asdict(screened), "stages": stages})
            return
        command.say(
            f"{screened.out}: {screened.molecules - screened.rejected:,} molecules scored by {screened.run} "
            f"(targets: {screened.targets:,})\n"
        )
        if screened.rejected:
            which, whose = ("molecule has", "its row says") if screened.rejected == 1 else ("molecules have", "their rows say")
            command.say(f"{screened.rejected:,} {which} no score; {whose} why in the column `reason`\n")
