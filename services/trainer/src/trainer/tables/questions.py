"""Questions: what a table leaves open, as an offence that ends with the options that answer it."""

import shlex
from collections.abc import Iterable

from trainer.data.offences import Offence

__all__ = ["option", "question"]


def option(name: str, *values: str) -> str:
    """An option of the command line, to be copied; over HTTP its name is the same with underscores."""
    return (
        " ".join(f"--{name.replace('_', '-')} {shlex.quote(value)}" for value in values)
        if values
        else f"--{name.replace('_', '-')}"
    )


def question(file: str, column: str | None, reason: str, answers: Iterable[str]) -> Offence:
    """An offence whose reason names the options that help."""
    listed = list(answers)
    choice = ", or ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else "".join(listed)
    return Offence(file, None, column, None, f"{reason}: {choice}")
