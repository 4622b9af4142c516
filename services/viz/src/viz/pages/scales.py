"""Scales: how the numbers of a run's predictions are called and written."""

from dataclasses import dataclass
from typing import Final

from viz.pages.elements import number

__all__ = ["Scale", "scale_of"]


@dataclass(frozen=True)
class Scale:
    """What predictions are, for people."""

    title: str
    unit: str
    """Heading of their column."""
    places: int
    per_cent: bool = False
    ends: tuple[float, float] | None = None
    """Between which all values lie."""

    def shown(self, value: float) -> str:
        """A value as it is written."""
        return number(100 * value if self.per_cent else value, self.places)


_SCALES: Final = {
    "value": Scale("Expected measurement", "Value", 2),
    "chance": Scale("Chance to be active", "Chance %", 1, per_cent=True, ends=(0.0, 1.0)),
    "score": Scale("Likeness to what acts", "Score", 3),
    "sum": Scale("Sum of counts", "Sum", 2),
}


def scale_of(name: str) -> Scale:
    """The scale that the scores API calls so; KeyError for one that it has not."""
    return _SCALES[name]
