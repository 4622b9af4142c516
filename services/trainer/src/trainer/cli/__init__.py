"""The command line: `ntdemo-train`, a module a command."""

from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from trainer.cli import bots, devices, dialogue, factors, inspect, keys, rejects, runs, score, store

__all__ = ["app", "main"]

app = typer.Typer(help="Train and publish, without a running trainer.", add_completion=False, no_args_is_help=True)
for _command in (factors.factors, inspect.inspect, rejects.rejects, score.score, dialogue.dialogue, devices.devices):
    app.command()(_command)
app.add_typer(runs.runs, name="runs")
app.add_typer(bots.bots, name="bots")
app.add_typer(store.app, name="store")
app.add_typer(keys.app, name="keys")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"ntdemo-train {version('ntdemo-trainer')}")
        raise typer.Exit


@app.callback()
def _callback(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Train and publish, without a running trainer."""


def main() -> NoReturn:
    """Run a command; its failures are one sentence and an exit status."""
    app()
    raise SystemExit(0)
