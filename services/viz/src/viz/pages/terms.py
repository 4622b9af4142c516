"""The words of the pages, each in a sentence that is shown where the word stands."""

import re
from dataclasses import dataclass, replace
from typing import Final

from dash import html
from dash.development.base_component import Component

from viz.language import N_, _

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
    "rmse": Metric(N_("RMSE"), N_("Root mean squared error on cells that were held out, in the unit of the data."), -1),
    "rmse_ridge": Metric(N_("RMSE of ridge"), N_("The same of ridge regression on ECFP4, as a measure.")),
    "rmse_target_mean": Metric(N_("RMSE of the mean"), N_("The same of each target's mean, as a measure.")),
    "coverage_90": Metric(N_("90 % intervals hold"), N_("Share of held-out values within their 90 % interval; 0.9 is right.")),
    "auc_macro": Metric(N_("AUC"), N_("How often an active ranks above an inactive, mean over targets; 0.5 is chance."), 1),
    "auc_micro": Metric(N_("AUC, all cells"), N_("The same over all cells at once."), 1),
    "train_cells": Metric(N_("Cells learned from"), N_("Values of a compound on a target."), 0, 0),
    "test_cells": Metric(N_("Cells held out"), N_("Those that the run was judged by."), 0, 0),
    "fragment_share": Metric(N_("Share of fragments"), N_("What the sum of fragments is of the model.")),
    "split_half": Metric(N_("Split half"), N_("Rank correlation of similarities learned from two halves of the compounds."), 1),
    "interval_agreement": Metric(N_("Intervals agree"), N_("Share of pairs whose intervals from two halves overlap."), 1),
    "swap_test": Metric(N_("Swap test"), N_("Rank correlation with what measured swaps of fragments changed."), 1),
    "swap_test_unseen": Metric(N_("Swap test, unseen"), N_("The same of pairs that were measured in the other half alone."), 1),
    "swap_test_structure": Metric(N_("Swap test, structure"), N_("The same of looks alone, as a measure.")),
    "swap_pairs": Metric(N_("Swaps"), N_("Pairs of fragments whose swap was measured."), 0, 0),
    "signed_r2": Metric(
        N_("Signed changes, R²"), N_("Of measured replacements, told without the values of both compounds."), 1
    ),
    "signed_sign": Metric(N_("Signed changes, sign"), N_("Share of these above half a unit whose sign is told right."), 1),
    "signed_differences": Metric(N_("Signed changes"), N_("Measured replacements that these were told by."), 0, 0),
    "seconds": Metric(N_("Fit, s"), N_("Time of the fit."), -1, 1),
    "cpu_seconds": Metric(N_("Fit, CPU s"), N_("Work of the fit."), -1, 1),
}
"""Name of a metric in a run to what it is."""
TERMS: Final = {
    N_("Support"): N_("In how many compounds of the data the fragment is: the evidence behind its numbers."),
    N_("Scaffolds"): N_("In how many different ring frameworks (Murcko) these compounds have it."),
    N_("Heavy atoms"): N_("Its size: atoms other than hydrogen; open bonds are not counted."),
    N_("Charge"): N_("The formal charge of its structure."),
    N_("logP"): N_("How greasy (high) or polar (low) it is, by Wildman and Crippen, its bonds left open."),
    N_("Rank"): N_("How many numbers describe a fragment in the model."),
    N_("Objective"): N_("What the run was fitted to: activity predicts; counts sums what was stated."),
    N_("Above usual"): N_("How far the prediction lies above what is usual on this target."),
    N_("far"): N_("No compound that was measured on this target is 30 % alike: little is known here."),
    N_("Expected change"): N_(
        "How far activity changes, up or down, where this one takes the other's place; with its 90 % interval."
    ),
    N_("Swaps"): N_("Pairs of compounds of the data that differ by this replacement alone: the evidence."),
    N_("Kept %"): N_(
        "Of 100 replacements, those that change activity by no more than half a log unit (threefold), or half a standard "
        "deviation where values are no logarithms; of actives and inactives those that flip none."
    ),
    N_("Measured pairs"): N_("Pairs of compounds of the data that differ by this replacement alone; the number leads to them."),
    N_("Adds"): N_("What a part adds to the prediction; all parts together are the prediction."),
    N_("Alike %"): N_("Mean Tanimoto similarity of counts of circular environments, atom pairs and torsions."),
    N_("90 % interval"): N_("Where a new measurement lies in nine cases of ten."),
    N_("Measured"): N_("What the data state of this very compound."),
    N_("Bounds"): N_("Values of which only a < or > is known."),
    N_("Perplexity"): N_(
        "Among how many words, or characters, a bot is in doubt on exchanges that it never saw; less is better."
    ),
    N_("Hits of 20"): N_("How often a bot puts the true reply first among 20, the others drawn from all; 0.05 is chance."),
    N_("Alias"): N_("A word that stands for a run or a bot and can be moved; `current` is what answers where no run is named."),
    N_("Loss"): N_("What the fit makes smaller, step by step."),
}
"""A word to its sentence."""
_UNIT: Final = re.compile(", |（")
"""What a unit begins with, behind a word."""


def metric(name: str) -> Metric:
    """What a metric is; one that these pages do not know stands by its name."""
    if name not in METRICS:
        return Metric(name.replace("_", " "), "")
    known = METRICS[name]
    return replace(known, title=_(known.title), meaning=_(known.meaning))


def explained(word: str) -> Component | str:
    """A word, perhaps with a unit behind it, with its sentence, which the pointer and screen readers find."""
    said = _UNIT.split(word)[0]
    meaning = next((_(sentence) for term, sentence in TERMS.items() if _(term) == said), None)
    return word if meaning is None else html.Abbr(word, title=meaning)
