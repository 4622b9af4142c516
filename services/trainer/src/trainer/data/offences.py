"""What is wrong with a user's data: the offence that names its place, and the error that carries the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["SHOWN_OFFENCES", "InvalidData", "ObjectiveUnsuitable", "Offence"]

SHOWN_OFFENCES: Final = 20
"""Offences an error carries; the rest is counted."""
_VALUE_CHARACTERS: Final = 60


@dataclass(frozen=True)
class Offence:
    """One thing that is wrong, and where.

    In tables `row` 1 is the first data row and `column` a column's name. In JSON documents `column` is the path of the field;
    `row` is null, or the line of a syntax error.
    """

    file: str
    row: int | None
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        place = ", ".join(
            part for part in (self.file, f"row {self.row}" if self.row is not None else "", self.column or "") if part
        )
        return f"{place}: {self.reason}" if self.value is None else f"{place}: {_shown(self.value)} {self.reason}"


class InvalidData(Exception):
    """Data that cannot be used. Carries the first 20 offences in order of place, and how many there are in all."""

    def __init__(self, offences: Sequence[Offence], total: int | None = None) -> None:
        self.offences = tuple(offences[:SHOWN_OFFENCES])
        self.total = len(offences) if total is None else total
        super().__init__(self.offences, self.total)

    def __str__(self) -> str:
        more = self.total - 1
        rest = "" if more < 1 else f" (and {more:,} more {'offence' if more == 1 else 'offences'})"
        return f"{self.offences[0]}{rest}"


class ObjectiveUnsuitable(Exception):
    """The objective says nothing about the data it was asked to be fitted to; `str()` says why, and what does."""


def _shown(value: str) -> str:
    shortened = value if len(value) <= _VALUE_CHARACTERS else f"{value[:_VALUE_CHARACTERS]}…"
    plain = shortened.isprintable() and not any(character.isspace() for character in shortened) and shortened
    return shortened if plain else repr(shortened)
