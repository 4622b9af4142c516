"""The command's entry point: `ntdemo`, with completion for the shells that typer knows."""

from typing import Annotated

import typer

import ntdemo
from ntdemo.command import asking, local
from ntdemo.command.doctor import doctor

__all__ = ["application", "main"]

_command = typer.Typer(
    name="ntdemo",
    help="Which chemical fragments behave alike: asks the services at NTDEMO_HOST, NTDEMO_PORT, TRAINER_HOST, ….",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for each in (asking.runs, asking.jobs, asking.train, asking.inspect, asking.neighbours, asking.replace, asking.predict, doctor):
    _command.command()(each)
for passed in (local.store, local.keys):
    _command.command(context_settings=local.PASSED_ON)(passed)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"ntdemo {ntdemo.__version__}")
        raise typer.Exit


@_command.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every command."""


def application() -> typer.Typer:
    """The command, for whoever describes it."""
    return _command


def main() -> None:
    """Run it."""
    _command()
