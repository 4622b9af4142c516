"""The prior: what a replacement that was never measured is expected to change, learned from all that were.

Boosted regression trees over features of the pair that say the same of both orders, held to what is plain: fragments that
differ more in anything are not expected to change less.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from replacement.features import DIRECTIONS
from replacement.trees import MOST_LEAVES, Trees

__all__ = ["BOOSTING", "LEAST_PAIRS", "SUMS", "fit_prior"]

Floats = npt.NDArray[np.float64]

LEAST_PAIRS: Final = 80
"""Pairs from which more than their mean is learned."""
SUMS: Final = 2
"""Of trees, which begin at different seeds: their mean is steadier than either."""
_TREES: Final = 250
BOOSTING: Final[Mapping[str, Any]] = {
    "learning_rate": 0.04,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "max_features": 0.5,
    "l2_regularization": 5.0,
    "monotonic_cst": DIRECTIONS,
    "early_stopping": False,
}
"""What `HistGradientBoostingRegressor` is told."""
_TRUST: Final = 3.0
"""A pair of n measurements weighs n / (n + 3)."""


def fit_prior(
    features_ND: npt.NDArray[np.float32], change_N: Floats, measurements_N: npt.NDArray[np.int64], *, trees: int = _TREES
) -> Trees:
    """From pairs of fragments: their features, the mean change of each, and how often it was measured.

    `trees` is how many each of the sums has.
    """
    weight_N = measurements_N / (measurements_N + _TRUST)
    base = float(np.average(change_N, weights=weight_N)) if len(change_N) else 0.0
    if len(change_N) < LEAST_PAIRS:
        return _assembled([], base)
    models = [
        HistGradientBoostingRegressor(max_iter=trees, random_state=seed, **BOOSTING).fit(
            features_ND, change_N, sample_weight=weight_N
        )
        for seed in range(SUMS)
    ]
    return _assembled(models, base)


def _assembled(models: list[HistGradientBoostingRegressor], base: float) -> Trees:
    """The conditions of all trees."""
    trees = [tree.nodes for model in models for (tree,) in model._predictors]  # noqa: SLF001 -- sklearn exports no other way
    if models:
        base = float(np.mean([float(np.ravel(model._baseline_prediction)[0]) for model in models]))  # noqa: SLF001 -- the same
    value_TL = np.zeros((len(trees), MOST_LEAVES))
    conditions: list[tuple[int, float, int, int]] = []
    for number, nodes in enumerate(trees):
        _follow(nodes, 0, number, conditions, value_TL[number], 0)
    feature, threshold, tree, ruled = zip(*conditions, strict=True) if conditions else ((), (), (), ())
    return Trees(
        feature_N=np.array(feature, dtype=np.int32),
        threshold_N=np.array(threshold, dtype=np.float64),
        tree_N=np.array(tree, dtype=np.int32),
        ruled_N=np.array(ruled, dtype=np.uint16),
        value_TL=value_TL,
        base=base,
        sums=max(len(models), 1),
    )


def _follow(
    nodes: npt.NDArray[Any],
    node: int,
    tree: int,
    conditions: list[tuple[int, float, int, int]],
    value_L: Floats,
    leaf: int,
) -> int:
    """Number the leaves below a node from `leaf` on, from left to right, and note its conditions; the next leaf's number."""
    if nodes[node]["is_leaf"]:
        value_L[leaf] = nodes[node]["value"]
        return leaf + 1
    after_left = _follow(nodes, int(nodes[node]["left"]), tree, conditions, value_L, leaf)
    ruled = ~((1 << after_left) - (1 << leaf)) & 0xFFFF
    conditions.append((int(nodes[node]["feature_idx"]), float(nodes[node]["num_threshold"]), tree, ruled))
    return _follow(nodes, int(nodes[node]["right"]), tree, conditions, value_L, after_left)
