"""Notation: how the numbers of a run's predictions are called and written."""

from dataclasses import dataclass
from typing import Final

from viz.pages.elements import number

__all__ = ["Notation", "notation_of"]


@dataclass(frozen=True)
class Notation:
    """What predictions are, for people."""

    title: str
    unit: str
    """Heading of their column."""
    decimals: int
    per_cent: bool = False
    ends: tuple[float, float] | None = None
    """Between which all values lie."""

    def shown(self, value: float) -> str:
        """A value as it is written."""
        return number(100 * value if self.per_cent else value, self.decimals)

    def measured(self, value: float) -> str:
        """What the data state, as it is written."""
        if self.per_cent:
            return "active" if value > 0 else "inactive"
        return number(value, self.decimals)


_NOTATIONS: Final = {
    "value": Notation("Expected measurement", "Value", 2),
    "chance": Notation("Chance to be active", "Chance %", 1, per_cent=True, ends=(0.0, 1.0)),
    "score": Notation("Likeness to what acts", "Score", 3),
    "sum": Notation("Sum of counts", "Sum", 2),
}


def notation_of(scale: str) -> Notation:
    """The notation of a scale as the scores API calls it; KeyError for one that it has not."""
    return _NOTATIONS[scale]
