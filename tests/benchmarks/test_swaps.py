import math

import numpy as np
from benchmarks.swaps import measured_swaps, swap_test

VALUES = [5.0, 6.0, 8.0, 5.5, 7.0]


def cells(values: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.arange(len(values)), np.zeros(len(values), dtype=np.int64), np.array(values)


def test_a_swap_is_one_fragment_for_one_other_with_all_else_equal() -> None:
    bags_C = [{0: 1, 1: 1}, {0: 1, 2: 1}, {0: 1, 1: 1, 2: 1}, {3: 1, 2: 1}, {1: 2}]
    swaps = measured_swaps(bags_C, cells(VALUES), least=1)
    found = dict(zip(zip(swaps.first.tolist(), swaps.second.tolist(), strict=True), swaps.change.tolist(), strict=True))
    # 0-1: compound 0 -> 4 (0 for a second 1); 0-3: 1 -> 3; 1-2: 0 -> 1
    assert found == {(0, 1): 2.0, (0, 3): 0.5, (1, 2): 1.0}


def test_only_cells_of_the_same_target_are_compared_and_few_measurements_left_out() -> None:
    bags_C = [{0: 1, 9: 1}, {1: 1, 9: 1}]
    compound, target = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 1, 2, 3])
    value = np.array([1.0, 2.0, 3.0, 4.0, 5.5, 6.0])
    swaps = measured_swaps(bags_C, (compound, target, value), least=2)
    assert (swaps.change.tolist(), swaps.measurements.tolist()) == ([2.25], [2])
    assert len(measured_swaps(bags_C, (compound, target, value)).change) == 0


def test_equal_bags_are_no_swap() -> None:
    assert len(measured_swaps([{0: 1}, {0: 1}], cells([1.0, 2.0]), least=1).change) == 0


def test_the_swap_test_is_one_for_similarities_that_order_pairs_by_their_change() -> None:
    bags_C = [{fragment: 1, 9: 1} for fragment in range(4)]
    swaps = measured_swaps(bags_C, cells([0.0, 1.0, 3.0, 7.0]), least=1)
    assert swap_test(1 / swaps.change, swaps) == 1.0
    assert swap_test(swaps.change, swaps) == -1.0
    assert math.isnan(swap_test(np.zeros(0), measured_swaps([], cells([]), least=1)))
