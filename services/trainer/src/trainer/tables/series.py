"""A series: what numbers were measured on and as what, in one text that travels with every cell."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from trainer.tables.endpoints import MOLAR, PERCENT
from trainer.tables.units import PX

__all__ = ["SEPARATOR", "Series", "unit_of"]

SEPARATOR: Final = "\x1f"
"""Between the parts; the unit separator of ASCII stands in no table."""


@dataclass(frozen=True)
class Series:
    """A target with what tells its measurements apart; empty where a table does not say."""

    target: str
    organism: str = ""
    endpoint: str = ""
    title: str = ""
    unit: str = ""
    """`PX` where the values are negative logarithms of concentrations, as they are read."""

    @property
    def text(self) -> str:
        """The parts joined; the target alone where there is nothing else."""
        return SEPARATOR.join((self.target, self.organism, self.endpoint, self.title, self.unit)).rstrip(SEPARATOR)

    @classmethod
    def read(cls, text: str) -> Self:
        """The series of a text that `text` gave."""
        return cls(*text.split(SEPARATOR))


def unit_of(series: Iterable[Series]) -> str | None:
    """The unit of a target's values: `pIC50`, ..., `pX` of several or unnamed endpoints, `%`, or None where nothing says."""
    units, endpoints = (set(parts) for parts in zip(*((one.unit, one.endpoint) for one in series), strict=True))
    if units == {PX}:
        endpoint = endpoints.pop() if len(endpoints) == 1 else ""
        return f"p{endpoint}" if endpoint in MOLAR else PX
    return "%" if units == {""} and endpoints == {PERCENT} else None
