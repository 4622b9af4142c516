"""A series: what numbers were measured on and as what, in one text that travels with every cell."""

from dataclasses import dataclass
from typing import Final, Self

__all__ = ["SEPARATOR", "Series"]

SEPARATOR: Final = "\x1f"
"""Between the parts; the unit separator of ASCII stands in no table."""


@dataclass(frozen=True)
class Series:
    """A target with what tells its measurements apart; empty where a table does not say."""

    target: str
    organism: str = ""
    endpoint: str = ""
    title: str = ""

    @property
    def text(self) -> str:
        """The parts joined; the target alone where there is nothing else."""
        return SEPARATOR.join((self.target, self.organism, self.endpoint, self.title)).rstrip(SEPARATOR)

    @classmethod
    def read(cls, text: str) -> Self:
        """The series of a text that `text` gave."""
        return cls(*text.split(SEPARATOR))
