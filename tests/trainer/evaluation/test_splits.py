import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.splits import Split, given_split, random_split, scaffold_split


def parts(split: Split) -> list[int]:
    return sorted([*split.train.tolist(), *split.validation.tolist(), *split.test.tolist()])


@given(st.integers(0, 400), st.integers(0, 5))
def test_a_random_split_puts_every_cell_in_one_part_and_a_tenth_in_each_held_part(cells: int, seed: int) -> None:
    split = random_split(cells, seed=seed)
    assert parts(split) == list(range(cells))
    assert len(split.test) == len(split.validation) == cells // 10


def test_a_seed_names_a_split_and_another_seed_another() -> None:
    first, again, other = random_split(500, seed=1), random_split(500, seed=1), random_split(500, seed=2)
    np.testing.assert_array_equal(first.test, again.test)
    assert set(first.test) != set(other.test)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=200), st.integers(0, 3))
def test_a_scaffold_is_never_on_both_sides_of_a_split(cells: list[tuple[int, int]], seed: int) -> None:
    scaffolds_C = [f"scaffold {compound % 7}" for compound in range(21)]
    compound = np.array([cell[0] for cell in cells], dtype=np.int64)
    split = scaffold_split(scaffolds_C, compound, seed=seed)
    assert parts(split) == list(range(len(cells)))
    groups = [{scaffolds_C[row] for row in compound[part]} for part in (split.train, split.validation, split.test)]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


def test_a_scaffold_split_of_many_small_groups_holds_a_tenth_in_each_held_part() -> None:
    compound = np.arange(5000)
    split = scaffold_split([str(row) for row in compound], compound, seed=0)
    assert (len(split.train), len(split.validation), len(split.test)) == (4000, 500, 500)


def test_a_given_split_is_taken_as_it_is_and_a_fourth_part_refused() -> None:
    split = given_split(np.array([0, 2, 1, 0]))
    assert (split.train.tolist(), split.validation.tolist(), split.test.tolist()) == ([0, 3], [2], [1])
    with pytest.raises(ValueError, match="0 \\(train\\), 1 \\(validation\\) or 2 \\(test\\)"):
        given_split(np.array([0, 3]))
