"""`ntdemo-train rejects`: the rows and cells that a run left out, and why."""

import csv
import io
from typing import TYPE_CHECKING, Annotated

import typer

from published.changes import CURRENT
from servicekit.spreadsheet import harmless
from trainer.cli.bars import Bars
from trainer.cli.command import AsJson, Command, Waiting
from trainer.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["rejects"]


def rejects(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A published run of factors: its id, its name or an alias.")] = CURRENT,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print them as CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the rows and cells that a run left out: file, row, column, value and reason."""
    with Command.begun(context, as_json=as_json) as command:

        def work(settings: Settings, _: Bars, __: Waiting) -> "tuple[str, pa.Table]":
            from contracts.store import Store  # noqa: PLC0415 - a wrong option need not wait for it
            from trainer.store.rejects import rejects_of  # noqa: PLC0415 - the same

            return rejects_of(Store.under(settings.state), run)

        (name, table), _ = command.perform(work)
        rows = table.to_pylist()
        if as_json:
            command.answer({"run": name, "rejects": rows})
        elif as_csv:
            text = io.StringIO()
            writer = csv.DictWriter(text, table.schema.names)
            writer.writeheader()
            writer.writerows({name: harmless(cell) for name, cell in row.items()} for row in rows)
            command.say(text.getvalue())
        else:
            from trainer.data.offences import Offence  # noqa: PLC0415 - beside what it prints

            command.say("".join(f"{Offence(**row)}\n" for row in rows))
            command.say(f"{name}: {len(rows):,} rows and cells were left out\n")
