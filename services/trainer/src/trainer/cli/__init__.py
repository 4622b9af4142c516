"""The command line: `ntdemo-train`, a module a command."""

from typing import NoReturn

import typer

from trainer.cli import devices, dialogue, factors, score

__all__ = ["app", "main"]

app = typer.Typer(help="Train and publish, without a running trainer.", add_completion=False, no_args_is_help=True)
for _command in (factors.factors, score.score, dialogue.dialogue, devices.devices):
    app.command()(_command)


@app.callback()
def _callback() -> None:
    """Train and publish, without a running trainer."""


def main() -> NoReturn:
    """Run a command; its failures are one sentence and an exit status."""
    app()
    raise SystemExit(0)
