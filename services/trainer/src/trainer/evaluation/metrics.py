"""Metrics: how well predictions of unseen cells agree with what was measured."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

__all__ = ["auc", "auc_macro", "coverage", "medians", "recall_at", "rmse"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def rmse(predicted: Floats, measured: Floats) -> float:
    """Root mean squared error, in the unit of the measurements; NaN for no cell."""
    return float(np.sqrt(np.mean((predicted - measured) ** 2))) if len(measured) else float("nan")


def auc(score: Floats, active: Bools) -> float:
    """Area under the ROC curve: the chance that an active outscores an inactive, ties one half; NaN without both."""
    actives = int(active.sum())
    inactives = len(active) - actives
    if actives == 0 or inactives == 0:
        return float("nan")
    return float((rankdata(score)[active].sum() - actives * (actives + 1) / 2) / (actives * inactives))


def auc_macro(score: Floats, active: Bools, target: Ints, *, least: int = 1) -> float:
    """Mean AUC over the targets with at least `least` actives and `least` inactives; NaN when there is none."""
    order = np.argsort(target, kind="stable")
    starts = np.flatnonzero(np.diff(target[order], prepend=-1))
    areas = [
        auc(score[cells], active[cells])
        for cells in np.split(order, starts[1:])
        if len(cells) and min(int(active[cells].sum()), int((~active[cells]).sum())) >= least
    ]
    return float(np.mean(areas)) if areas else float("nan")


def medians(measured: Floats, target: Ints, targets: int) -> Floats:
    """The median of each target's cells: above it a cell counts as active. NaN for a target without cells."""
    order = np.argsort(target, kind="stable")
    bounds = np.searchsorted(target[order], np.arange(targets + 1))
    found_T = np.full(targets, np.nan)
    for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
        if start < stop:
            found_T[number] = np.median(measured[order[start:stop]])
    return found_T


def recall_at(
    score_CT: Floats,
    known: tuple[Ints, Ints],
    held: tuple[Ints, Ints],
    *,
    top: int = 10,
) -> float:
    """Share of held-out targets among a compound's `top` highest scores, known ones left out; mean over compounds with any.

    A compound with more than `top` held-out targets could not reach 1: its share is of `top`. NaN when nothing is held out.
    """
    score_CT = score_CT.astype(np.float64, copy=True)
    score_CT[known] = -np.inf
    held_CT = np.zeros(score_CT.shape, dtype=np.bool_)
    held_CT[held] = True
    rows = np.flatnonzero(held_CT.any(axis=1))
    if not len(rows):
        return float("nan")
    best = np.argsort(-score_CT[rows], axis=1, kind="stable")[:, :top]
    hits = np.take_along_axis(held_CT[rows], best, axis=1).sum(axis=1)
    return float(np.mean(hits / np.minimum(top, held_CT[rows].sum(axis=1))))


def coverage(low: Floats, high: Floats, measured: Floats) -> float:
    """Share of the measurements inside their interval, bounds included; NaN for no cell."""
    return float(np.mean((low <= measured) & (measured <= high))) if len(measured) else float("nan")
