"""What the scores API states of runs, neighbours and replacements, as plain frozen values."""

from typing import Final

from chatbot.fragments.lookups import Figures, Function, KnownFragment, Relative, Told
from scores_client.models import ChangeUnit, Neighbour, Objective, PairPage, Replacement, RunDetail

__all__ = ["neighbour", "replacement", "swap", "told"]

_FUNCTIONS: Final = {
    ChangeUnit.CHANCE: Function.OUTCOME,
    ChangeUnit.LOG_UNITS: Function.KEPT,
    ChangeUnit.STANDARD_DEVIATIONS: Function.SPREAD,
    ChangeUnit.LOG_UNITS_OR_STANDARD_DEVIATIONS: Function.MIXED,
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


def swap(page: PairPage, by: KnownFragment) -> Relative:
    """What is expected of one replacement, as `replacement` says it."""
    return Relative(by.name, by.smiles, by.support, _figures(page))


def replacement(item: Replacement) -> Relative:
    """A replacement; its figures are named as those of a neighbour, whose `low` and `high` are of the percent."""
    return Relative(item.name, item.smiles, item.support, _figures(item))


def _figures(told: PairPage | Replacement) -> Figures:
    return {
        "function": told.percent,
        "expected_change": told.expected_change,
        "change_low": told.low,
        "change_high": told.high,
        "swaps": told.swaps,
        "basis": told.basis.value,
    }
