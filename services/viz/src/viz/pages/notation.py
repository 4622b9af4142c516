"""Notation: how the numbers of a run's predictions are called and written."""

from dataclasses import dataclass, replace
from typing import Final

from viz.language import N_, _
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
            return _("active") if value > 0 else _("inactive")
        return number(value, self.decimals)


_NOTATIONS: Final = {
    "value": Notation(N_("Expected measurement"), N_("Value"), 2),
    "chance": Notation(N_("Chance to be active"), N_("Chance %"), 1, per_cent=True, ends=(0.0, 1.0)),
    "score": Notation(N_("Likeness to what acts"), N_("Score"), 3),
    "sum": Notation(N_("Sum of counts"), N_("Sum"), 2),
}


def notation_of(scale: str) -> Notation:
    """The notation of a scale as the scores API calls it; KeyError for one that it has not."""
    notation = _NOTATIONS[scale]
    return replace(notation, title=_(notation.title), unit=_(notation.unit))
