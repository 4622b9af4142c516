"""Commands of the machine that has the services: `store` and `keys`, which are the trainer's own (`ntdemo-train`)."""

import sys
from importlib.metadata import entry_points
from typing import Final

import typer

from ntdemo.command.printing import fail

__all__ = ["PASSED_ON", "keys", "store"]

_TRAINER: Final = "ntdemo-train"
PASSED_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that gives every word on, `--help` as well."""


def store(context: typer.Context) -> None:
    """Check, repair, back up and restore what is published; needs the trainer on this machine."""
    _pass_on("store", context.args)


def keys(context: typer.Context) -> None:
    """Make, list and revoke keys of callers; needs the trainer on this machine."""
    _pass_on("keys", context.args)


def _pass_on(command: str, arguments: list[str]) -> None:
    found = [*entry_points(group="console_scripts", name=_TRAINER)]
    if not found:
        fail(f"`ntdemo {command}` works where the trainer is installed: run it there, or in its container")
    sys.argv = [_TRAINER, command, *arguments]
    found[0].load()()
