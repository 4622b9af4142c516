"""What the scores API states of runs, neighbours and replacements, as plain frozen values."""

from typing import Final

from chatbot.fragments.lookups import Figures, Function, Relative, Told
from scores_client.models import ChangeUnit, Neighbour, Objective, Replacement, RunDetail

__all__ = ["neighbour", "replacement", "told"]

_FUNCTIONS: Final = {
    ChangeUnit.CHANCE: Function.OUTCOME,
    ChangeUnit.LOG_UNITS: Function.KEPT,
    ChangeUnit.STANDARD_DEVIATIONS: Function.SPREAD,
    ChangeUnit.LOG_UNITS_OR_STANDARD_DEVIATIONS: Function.SPREAD,
}
_OWN_FIELDS: Final = frozenset({"rank", "name", "smiles", "support"})


def neighbour(item: Neighbour) -> Relative:
    """A neighbour with all its figures."""
    figures = {name: value for name, value in item.to_dict().items() if name not in _OWN_FIELDS}
    return Relative(item.name, item.smiles, item.support, figures)


def told(run: RunDetail) -> Told:
    """Which similarities a run tells, and what it means by `function`."""
    if run.objective is Objective.COUNTS:
        function = Function.COSINE
    else:
        function = _FUNCTIONS.get(run.change_unit, Function.KEPT) if run.change_unit is not None else Function.KEPT
    return Told(tuple(kind.value for kind in run.similarities), function)


def replacement(item: Replacement) -> Relative:
    """A replacement; its figures are named as those of a neighbour, whose `low` and `high` are of the percent."""
    figures: Figures = {
        "function": item.percent,
        "expected_change": item.expected_change,
        "change_low": item.low,
        "change_high": item.high,
        "swaps": item.swaps,
        "basis": item.basis.value,
    }
    return Relative(item.name, item.smiles, item.support, figures)
