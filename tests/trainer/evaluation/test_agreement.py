"""Halves of the compounds are held against each other, and similarity against swaps in the half that did not teach it."""

from collections import Counter

import numpy as np
import scipy.sparse
from trainer.factorization.activity.effects import Effects

from trainer.evaluation.agreement import Pairs, agreement
from trainer.evaluation.stability import halves
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.summary import Directions

FRAGMENTS, TARGETS, COMPOUNDS = 8, 10, 240


def made() -> tuple[Cells, Pairs, np.ndarray]:
    """Compounds of two fragments each; fragments 2 n and 2 n + 1 act alike."""
    generator = np.random.default_rng(0)
    kinds = generator.standard_normal((FRAGMENTS // 2, TARGETS))
    effects = np.repeat(kinds, 2, axis=0) + 0.1 * generator.standard_normal((FRAGMENTS, TARGETS))
    pairs = np.array([generator.permutation(FRAGMENTS)[:2] for _ in range(COMPOUNDS)])
    membership = np.zeros((COMPOUNDS, FRAGMENTS))
    membership[np.arange(COMPOUNDS)[:, None], pairs] = 1.0
    value = 6.0 + membership @ effects + 0.1 * generator.standard_normal((COMPOUNDS, TARGETS))
    compound, target = np.indices((COMPOUNDS, TARGETS)).reshape(2, -1)
    bags = [Counter({int(first): 1, int(second): 1}) for first, second in pairs]
    structure = 100.0 * (np.arange(FRAGMENTS)[:, None] // 2 == np.arange(FRAGMENTS) // 2)
    cells = Cells.of(compound, target, value.ravel(), compounds=COMPOUNDS, targets=TARGETS)
    return cells, Pairs(fragments_M=np.arange(FRAGMENTS), bags_C=bags, structure_MM=structure), membership


def test_fragments_that_act_alike_are_found_in_both_halves_and_change_little_when_swapped() -> None:
    cells, pairs, membership = made()
    seen: list[Cells] = []

    def fit(given: Cells) -> Directions:
        seen.append(given)
        options = Options(rank=4, burn=20, draws=20)
        draws = fit_activity(given, scipy.sparse.csr_array(membership), binary=False, options=options).draws
        return Directions.of(Effects.of(draws, scipy.sparse.csr_array(membership), given.compound))

    found = agreement(cells, pairs, fit, seed=3)
    names = {"split_half", "interval_agreement", "swap_test", "swap_pairs", "swap_test_structure", "swap_test_combined"}
    assert set(found) == names
    assert found["split_half"] > 0.9
    assert min(found["swap_test"], found["swap_test_combined"]) > 0.5
    assert found["swap_pairs"] == FRAGMENTS * (FRAGMENTS - 1) / 2
    first_C = halves(COMPOUNDS, seed=3)
    assert first_C[seen[0].compound].all()
    assert not first_C[seen[1].compound].any()


def test_one_compound_has_no_halves_and_leaves_outside_the_model_are_not_compared() -> None:
    alone = Cells.of([0, 0], [0, 1], [5.0, 6.0], compounds=1, targets=2)
    nothing = Pairs(fragments_M=np.arange(0), bags_C=[Counter()], structure_MM=None)
    assert agreement(alone, nothing, lambda _: Directions(np.zeros((2, 0, 1), np.float32)), seed=0) == {}
    cells, pairs, _ = made()
    strangers = Pairs(pairs.fragments_M, [Counter({-1 - n: 1 for n in bag}) for bag in pairs.bags_C], None)
    directions = Directions(np.random.default_rng(0).standard_normal((4, FRAGMENTS, 3)).astype(np.float32))
    assert agreement(cells, strangers, lambda _: directions, seed=0)["swap_pairs"] == 0
