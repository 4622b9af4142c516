"""Differences: what one molecule is expected to do beyond another on a target, by one model of both.

The same Gaussian process as the predictions: what is common to both molecules cancels, and so does what is unknown of it, so
that a difference of like molecules is surer than either of them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.fingerprints import Fingerprint
from prediction.predictor import Asked, Expectation, Predictor

__all__ = ["Difference", "alike", "difference"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Difference:
    """Of two molecules on M targets, the second - the first."""

    mean_M: Floats
    """Of the sums: values, or what chances follow from."""
    variance_M: Floats
    """Without noise."""
    noise_M: Floats
    """What two measurements add to it."""


def alike(first: Fingerprint | None, second: Fingerprint | None) -> float:
    """How alike two molecules are, 0 to 1, as `Predictor.similarities_C` compares one with those it learned from."""
    if first is None or second is None:
        return 0.0
    total = 0.0
    for kind in range(len(first.codes)):
        _, here, there = np.intersect1d(first.codes[kind], second.codes[kind], assume_unique=True, return_indices=True)
        shared = float(np.minimum(first.counts[kind][here], second.counts[kind][there]).sum())
        either = float(first.counts[kind].sum()) + float(second.counts[kind].sum()) - shared
        total += shared / either if either > 0 else 1.0
    return total / len(first.codes)


def difference(predictor: Predictor, first: Expectation, second: Expectation, targets: Ints) -> Difference:
    """By the compounds of each target that are nearest to either molecule, `NEAREST` of each."""
    kernel_2C = [predictor.kernel_C(each.asked, each.similarities_C) for each in (first, second)]
    both = _itself(predictor, first.asked, second.asked)
    variance_M = np.array([predictor.unknown(kernel_2C, both, target) for target in targets.tolist()])
    signal_M = predictor.variation(targets) ** 2
    return Difference(
        mean_M=second.sum_T[targets] - first.sum_T[targets],
        variance_M=signal_M * variance_M,
        noise_M=2.0 * signal_M * predictor.noise_of(targets),
    )


def _itself(predictor: Predictor, first: Asked, second: Asked) -> float:
    """k(a, a) + k(b, b) - 2 k(a, b): what is unknown of the difference before anything is measured."""
    apart = np.setxor1d(first.fragments, second.fragments)
    tanimoto = 2.0 * (1.0 - alike(first.fingerprint, second.fingerprint)) if predictor.compares else 0.0
    return predictor.share * len(apart) / predictor.unit + (1.0 - predictor.share) * tanimoto
