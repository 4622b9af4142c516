"""The words of the pages, each in a sentence that is shown where the word stands."""

from dataclasses import dataclass
from typing import Final

from dash import html
from dash.development.base_component import Component

__all__ = ["METRICS", "TERMS", "Metric", "explained", "metric"]


@dataclass(frozen=True)
class Metric:
    """A measurement of a run, in words."""

    title: str
    meaning: str
    better: int = 0
    """1 where more is better, -1 where less is, 0 where it is neither."""
    decimals: int = 3


METRICS: Final = {
    "rmse": Metric("RMSE", "Root mean squared error on cells that were held out, in the unit of the data.", -1),
    "rmse_ridge": Metric("RMSE of ridge", "The same of ridge regression on ECFP4, as a measure."),
    "rmse_target_mean": Metric("RMSE of the mean", "The same of each target's mean, as a measure."),
    "coverage_90": Metric("90 % intervals hold", "Share of held-out values within their 90 % interval; 0.9 is right."),
    "auc_macro": Metric("AUC", "How often an active ranks above an inactive, mean over targets; 0.5 is chance.", 1),
    "auc_micro": Metric("AUC, all cells", "The same over all cells at once.", 1),
    "train_cells": Metric("Cells learned from", "Values of a compound on a target.", 0, 0),
    "test_cells": Metric("Cells held out", "Those that the run was judged by.", 0, 0),
    "fragment_share": Metric("Share of fragments", "What the sum of fragments is of the model."),
    "split_half": Metric("Split half", "Rank correlation of similarities learned from two halves of the compounds.", 1),
    "interval_agreement": Metric("Intervals agree", "Share of pairs whose intervals from two halves overlap.", 1),
    "swap_test": Metric("Swap test", "Rank correlation with what measured swaps of fragments changed.", 1),
    "swap_test_unseen": Metric("Swap test, unseen", "The same of pairs that were measured in the other half alone.", 1),
    "swap_test_structure": Metric("Swap test, structure", "The same of looks alone, as a measure."),
    "swap_pairs": Metric("Swaps", "Pairs of fragments whose swap was measured.", 0, 0),
    "signed_r2": Metric("Signed changes, R²", "Of measured replacements, told without the values of both compounds.", 1),
    "signed_sign": Metric("Signed changes, sign", "Share of these above half a unit whose sign is told right.", 1),
    "signed_differences": Metric("Signed changes", "Measured replacements that these were told by.", 0, 0),
    "seconds": Metric("Fit, s", "Time of the fit.", -1, 1),
    "cpu_seconds": Metric("Fit, CPU s", "Work of the fit.", -1, 1),
}
"""Name of a metric in a run to what it is."""
TERMS: Final = {
    "Support": "In how many compounds of the data the fragment is: the evidence behind its numbers.",
    "Scaffolds": "In how many different ring frameworks (Murcko) these compounds have it.",
    "Rank": "How many numbers describe a fragment in the model.",
    "Objective": "What the run was fitted to: activity predicts; counts sums what was stated.",
    "Above usual": "How far the prediction lies above what is usual on this target.",
    "far": "No compound that was measured on this target is 30 % alike: little is known here.",
    "Expected change": "How far activity changes, up or down, where this one takes the other's place; with its 90 % interval.",
    "Swaps": "Pairs of compounds of the data that differ by this replacement alone: the evidence.",
    "Kept %": "Of 100 replacements, those that change activity by no more than half a log unit (threefold), or half a standard "
    "deviation where values are no logarithms; of actives and inactives those that flip none.",
    "Measured pairs": "Pairs of compounds of the data that differ by this replacement alone; the number leads to them.",
    "Adds": "What a part adds to the prediction; all parts together are the prediction.",
    "Alike %": "Mean Tanimoto similarity of counts of circular environments, atom pairs and torsions.",
    "90 % interval": "Where a new measurement lies in nine cases of ten.",
    "Measured": "What the data state of this very compound.",
    "Bounds": "Values of which only a < or > is known.",
    "Perplexity": "Among how many words, or characters, a bot is in doubt on exchanges that it never saw; less is better.",
    "Hits of 20": "How often a bot puts the true reply first among 20, the others drawn from all; 0.05 is chance.",
    "Alias": "A word that stands for a run or a bot and can be moved; `current` is what answers where no run is named.",
    "Loss": "What the fit makes smaller, step by step.",
}
"""A word to its sentence."""


def metric(name: str) -> Metric:
    """What a metric is; one that these pages do not know stands by its name."""
    return METRICS.get(name, Metric(name.replace("_", " "), ""))


def explained(word: str) -> Component | str:
    """A word, perhaps with a unit behind it, with its sentence, which the pointer and screen readers find."""
    meaning = TERMS.get(word.partition(", ")[0])
    return word if meaning is None else html.Abbr(word, title=meaning)
