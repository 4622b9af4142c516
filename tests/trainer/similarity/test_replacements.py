"""What swaps of fragments did is learned, in shares of pairs, and says of measured pairs more than of others."""

import numpy as np
import pytest

from trainer.similarity.replacements import Exchanges
from trainer.similarity.swaps import Swaps

FRAGMENTS = 40


def seen(
    seed: int, *, pairs: int = 400, measurements: int = 400, function: float = 0.4, structure: float = 0.6
) -> tuple[Swaps, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Swaps whose changes are made as the model says, and what they are made of: shares, ease and what pairs show beyond."""
    generator = np.random.default_rng(seed)
    first, second = (column.astype(np.int64) for column in np.triu_indices(FRAGMENTS, 1))
    chosen = np.sort(generator.permutation(len(first))[:pairs])
    first, second = first[chosen], second[chosen]
    function_N, structure_N = generator.random((2, pairs))
    ease_F = 0.2 * generator.standard_normal(FRAGMENTS)
    beyond_N = 0.1 * generator.standard_normal(pairs)
    change_N = 2.0 - function * function_N - structure * structure_N - ease_F[first] - ease_F[second] - beyond_N
    swaps = Swaps(first, second, change_N, np.full(pairs, measurements))
    return swaps, function_N, structure_N, ease_F, beyond_N


def test_weights_and_the_ease_of_fragments_are_found_again() -> None:
    swaps, function_N, structure_N, ease_F, _ = seen(0, pairs=780)
    found = Exchanges.of(swaps, function_N, structure_N, fragments=FRAGMENTS)
    assert found is not None
    assert found.function_weight + found.structure_weight == pytest.approx(1.0)
    assert found.function_weight == pytest.approx(0.4, abs=0.03)
    assert np.corrcoef(found.ease_F, ease_F)[0, 1] > 0.95


def test_a_pair_that_was_measured_often_is_believed_and_one_measured_once_hardly() -> None:
    def follows(measurements: int) -> float:
        """How well scores follow what swaps did."""
        swaps, function_N, structure_N, _, _ = seen(1, measurements=measurements)
        found = Exchanges.of(swaps, function_N, structure_N, fragments=FRAGMENTS)
        assert found is not None
        scores_N = found.scores((swaps.first, swaps.second), function_N, structure_N)
        return float(np.corrcoef(scores_N, -swaps.change)[0, 1])

    assert follows(10_000) > 0.9999
    assert follows(1) < 0.99


def test_pairs_are_symmetric_and_those_never_seen_gain_nothing_of_their_own() -> None:
    swaps, function_N, structure_N, _, _ = seen(2)
    found = Exchanges.of(swaps, function_N, structure_N, fragments=FRAGMENTS)
    assert found is not None
    table_FF = found.pairs_FF.toarray()
    np.testing.assert_array_equal(table_FF, table_FF.T)
    assert np.count_nonzero(table_FF) == 2 * len(swaps.first)


@pytest.mark.parametrize(("function", "structure", "weights"), [(-0.5, 0.6, (0.0, 1.0)), (0.7, -0.4, (1.0, 0.0))])
def test_a_similarity_that_swaps_speak_against_has_no_weight(
    function: float, structure: float, weights: tuple[float, float]
) -> None:
    swaps, function_N, structure_N, _, _ = seen(3, function=function, structure=structure)
    found = Exchanges.of(swaps, function_N, structure_N, fragments=FRAGMENTS)
    assert found is not None
    assert (found.function_weight, found.structure_weight) == weights


def test_nothing_is_learned_from_few_pairs_from_pairs_without_structures_or_against_both_similarities() -> None:
    few, function_N, structure_N, _, _ = seen(4, pairs=49)
    assert Exchanges.of(few, function_N, structure_N, fragments=FRAGMENTS) is None
    swaps, function_N, structure_N, _, _ = seen(4)
    assert Exchanges.of(swaps, function_N, np.full(len(structure_N), np.nan), fragments=FRAGMENTS) is None
    against, function_N, structure_N, _, _ = seen(4, function=-0.5, structure=-0.5)
    assert Exchanges.of(against, function_N, structure_N, fragments=FRAGMENTS) is None


@pytest.mark.parametrize("seed", range(8))
def test_changes_that_have_nothing_to_do_with_either_similarity_teach_nothing(seed: int) -> None:
    swaps, function_N, structure_N, _, _ = seen(seed, function=0.0, structure=0.0, measurements=3)
    found = Exchanges.of(swaps, function_N, structure_N, fragments=FRAGMENTS)
    # Two standard errors are passed by chance now and then; scores stay of the size of shares even so.
    if found is not None:
        assert np.abs(found.scores((swaps.first, swaps.second), function_N, structure_N)).max() < 20
