"""The policy of `current`: which new run of factors takes it. This is the one place that says so.

A new run takes `current`, unless it was asked not to, or the run behind `current` was trained on other data, or both were
judged on the same cells of the same data and the new one is worse. A run of the built-in data gives way to any other, and what
the trainer was started with counts as what it is to serve.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.kinds import JUDGED_BY, Holdout
from trainer.runs.spec import BUILT_IN, DEFAULT

__all__ = ["Trial", "Verdict", "verdict"]

_MEASURES: Final = (("rmse", -1), ("auc_macro", 1), ("recall_at_10", 1))
"""What judges a run, the first that both have, and whether more of it is better."""
_WORSE_BY: Final = 0.005
"""Of the measure of the run behind `current`: less is noise."""


@dataclass(frozen=True)
class Trial:
    """A run, as far as its promotion depends on it."""

    run: str
    source: str
    """What its user named: a run of newer rows of the same file is one of the same data."""
    data: str
    """Digest of the facts."""
    spec: Mapping[str, Any]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """Whether a run takes `current`, and why."""

    promoted: bool
    reason: str


def verdict(new: Trial, served: Trial | None, *, asked: bool | None) -> Verdict:
    """Of a run, beside the one behind `current`: None where there is none that can be read. `asked` overrules the policy."""
    if asked is not None:
        return Verdict(asked, "as it was asked to" if asked else "as it was asked not to")
    if served is None:
        return Verdict(promoted=True, reason="there was no run before it that can be read")
    if new.data == served.data or new.source == served.source:
        return _compared(new, served)
    if served.source == BUILT_IN:
        return Verdict(promoted=True, reason=f"{served.run} before it was of the built-in data")
    if list(new.spec["sources"]) == [DEFAULT] and new.source != BUILT_IN:
        return Verdict(promoted=True, reason=f"{new.source} is what the trainer was started with")
    return Verdict(promoted=False, reason=f"{served.run} is of other data, {served.source}, and not of {new.source}")


def _compared(new: Trial, served: Trial) -> Verdict:
    measure = next((each for each in _MEASURES if each[0] in new.metrics and each[0] in served.metrics), None)
    is_judged = new.data == served.data and new.spec.get("holdout", Holdout.NONE) != Holdout.NONE
    if measure is None or not is_judged or any(new.spec.get(name) != served.spec.get(name) for name in JUDGED_BY):
        return Verdict(promoted=True, reason=f"{served.run} before it is of the same data")
    name, better = measure
    ours, theirs = new.metrics[name], served.metrics[name]
    told = f"{name} {ours:.4f} against {theirs:.4f} of {served.run}, on the same held-out cells"
    if (theirs - ours) * better > _WORSE_BY * abs(theirs):
        return Verdict(promoted=False, reason=f"it is worse: {told}")
    return Verdict(promoted=True, reason=f"it is not worse: {told}")
