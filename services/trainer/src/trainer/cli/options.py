"""The options of a command, for messages that name members of a spec."""

import re
from collections.abc import Mapping
from typing import Final

import typer

__all__ = ["option_names", "with_options"]

_MEMBER: Final = re.compile(r"`(?P<quoted>[a-z]+(?:_[a-z]+)*)`|(?<![\w./-])(?P<plain>[a-z]+(?:_[a-z]+)+)(?![\w./])")
"""A member of a spec in a message: in backticks, or told from words by its underscore."""


def option_names(context: typer.Context) -> dict[str, str]:
    """The option of every member that the command takes; its parameters bear the members' names."""
    return {parameter.name: parameter.opts[0] for parameter in context.command.params if parameter.name is not None}


def with_options(message: str, options: Mapping[str, str]) -> str:
    """`message` with the option of every member that it names; what has no option stays as it is."""
    return _MEMBER.sub(lambda member: options.get(member["quoted"] or member["plain"], member[0]), message)
