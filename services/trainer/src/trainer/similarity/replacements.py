"""Exchanges: what came of replacing one fragment by another, learned from compounds that differ by nothing else.

The mean absolute change of activity of a pair of fragments, with what is known of it before the pair was seen:

    change_fg = level - a function_fg - b structure_fg - ease_f - ease_g,   a, b >= 0

with shares of pairs less alike (0 to 1) for both similarities. A pair that was measured n times stands for n / (n + 5) of what
it shows beyond that. Everything is published in units of a + b, so that the weights of both similarities sum to 1.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse
import scipy.sparse.linalg

from trainer.similarity.swaps import Swaps

__all__ = ["Exchanges"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]

_LEAST: Final = 50
"""Pairs from which anything is learned."""
_EASE_PRIOR: Final = 100.0
"""How many measurements at 0 the prior of a fragment's ease counts for."""
_PAIR_PRIOR: Final = 5.0
"""The same of what a pair shows beyond its fragments and similarities."""
_FULL: Final = 20.0
"""A pair counts for at most so many measurements: those of one pair depend on each other."""
_TINY: Final = 1e-6
_SURE: Final = 2.0
"""Standard errors by which a similarity must be seen to lessen the change of swaps, or it has no weight."""


@dataclass(frozen=True, eq=False)
class Exchanges:
    """Of F fragments, in shares: how much more alike than others two fragments are in that they replace each other."""

    function_weight: float
    structure_weight: float
    ease_F: Floats
    """How much less than others activity changes when this fragment is replaced."""
    pairs_FF: scipy.sparse.csr_array
    """What measured pairs show beyond that, symmetric."""

    @classmethod
    def of(cls, swaps: Swaps, function_N: Floats, structure_N: Floats, *, fragments: int) -> Self | None:
        """From what swaps did; None where they are too few to tell, or where neither similarity surely says anything of them.

        Args:
            swaps: pairs of fragment ids, whose changes are mean absolute differences of activity.
            function_N: for each pair the share of pairs that are less alike in function.
            structure_N: the same in structure; pairs with NaN are left out.
            fragments: F.
        """
        known = np.isfinite(structure_N)
        first, second, count_N = swaps.first[known], swaps.second[known], swaps.measurements[known].astype(np.float64)
        if len(first) < _LEAST:
            return None
        shares_N2 = np.column_stack([function_N[known], structure_N[known]])
        change_N = swaps.change[known]
        used = [0, 1]
        while used:
            slope, error, ease_F, level = _regression((first, second), shares_N2[:, used], change_N, count_N, fragments)
            if (slope < -_SURE * error).all():
                break
            used = [column for column, each in zip(used, slope / error, strict=True) if each < -_SURE]
        else:
            return None
        scale = -float(slope.sum())
        expected_N = level + shares_N2[:, used] @ slope + ease_F[first] + ease_F[second]
        beyond_N = count_N / (count_N + _PAIR_PRIOR) * (expected_N - change_N) / scale
        weights = np.zeros(2)
        weights[used] = -slope / scale
        both = np.concatenate([first, second]), np.concatenate([second, first])
        return cls(
            function_weight=float(weights[0]),
            structure_weight=float(weights[1]),
            ease_F=(-ease_F / scale).astype(np.float32).astype(np.float64),
            pairs_FF=scipy.sparse.csr_array(
                (np.tile(beyond_N.astype(np.float32).astype(np.float64), 2), both), shape=(fragments, fragments)
            ),
        )

    def scores(self, pairs: tuple[Ints | Ids, Ints | Ids], function_N: Floats, structure_N: Floats) -> Floats:
        """Of pairs: both shares, weighted, and what replacing these fragments has done."""
        first, second = pairs
        alike_N = self.function_weight * function_N + self.structure_weight * structure_N
        found_N: Floats = alike_N + self.ease_F[first] + self.ease_F[second] + np.asarray(self.pairs_FF[first, second]).ravel()
        return found_N


def _regression(
    pairs: tuple[Ints, Ints], shares_NM: Floats, change_N: Floats, count_N: Floats, fragments: int
) -> tuple[Floats, Floats, Floats, float]:
    """Slopes of the shares and their standard errors, what each fragment adds to the change, and the level.

    Exact, by sparse normal equations.
    """
    met, places = np.unique(np.concatenate(pairs), return_inverse=True)
    N, M = shares_NM.shape
    rows = np.tile(np.arange(N), 2)
    incidence_NF = scipy.sparse.csr_array((np.ones(2 * N), (rows, places)), shape=(N, len(met)))
    dense_NM = scipy.sparse.csr_array(np.column_stack([shares_NM, np.ones(N)]))
    design_ND = scipy.sparse.csr_array(scipy.sparse.hstack([incidence_NF, dense_NM]))
    weights_N = count_N / (1.0 + count_N / _FULL)
    weighted_ND = scipy.sparse.diags_array(weights_N) @ design_ND
    prior_D = np.concatenate([np.full(len(met), _EASE_PRIOR), np.full(M + 1, _TINY)])
    normal_DD = scipy.sparse.csc_array(design_ND.T @ weighted_ND + scipy.sparse.diags_array(prior_D))
    solved = scipy.sparse.linalg.splu(normal_DD)
    found_D: Floats = solved.solve(np.asarray(weighted_ND.T @ change_N))
    left_N = change_N - np.asarray(design_ND @ found_D)
    spread = float(left_N @ (weights_N * left_N)) / N
    own_DM = np.zeros((len(found_D), M))
    own_DM[len(met) + np.arange(M), np.arange(M)] = 1.0
    error_M = np.sqrt(spread * np.diagonal(solved.solve(own_DM)[len(met) : -1]))
    effect_F = np.zeros(fragments)
    effect_F[met] = found_D[: len(met)]
    return found_D[len(met) : -1], error_M, effect_F, float(found_D[-1])
