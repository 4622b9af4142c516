"""Similarities of many fragments, gathered from small matrices."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cosines import percent_matrix

from viz.answers import Floats, Matrix
from viz.pairs import HUNDREDTHS, Pairs, every_pair, one_with_all


class Asked:
    """A scores API that knows one matrix, rounds as the real one does, and takes no more than 500 names, each once."""

    def __init__(self, count: int) -> None:
        self.names = [f"f{at}" for at in range(count)]
        self.percent_FF: Floats = np.round(percent_matrix(np.random.default_rng(count).normal(size=(count, 3))), 2)
        self.questions = 0

    async def __call__(self, names: Sequence[str]) -> Matrix:
        assert len(set(names)) == len(names) <= 500
        self.questions += 1
        at = [self.names.index(name) for name in names]
        return Matrix(tuple(names), self.percent_FF[np.ix_(at, at)])


def _every_pair(asked: Asked) -> Pairs:
    return asyncio.run(every_pair(asked, asked.names, on_block=lambda *_: None))


@given(st.integers(1, 170), st.integers(0, 169))
def test_one_with_all_is_its_row(count: int, chosen: int) -> None:
    asked = Asked(count)
    row = asyncio.run(one_with_all(asked, asked.names[chosen % count], asked.names))
    assert row.tolist() == asked.percent_FF[chosen % count].tolist()


@given(st.integers(0, 170))
def test_every_pair_is_counted_once_in_its_hundredth(count: int) -> None:
    asked = Asked(count)
    upper = asked.percent_FF[np.triu_indices(count, k=1)]
    expected = np.bincount(np.round(100 * upper).astype(int) + HUNDREDTHS // 2, minlength=HUNDREDTHS + 1)
    counted = _every_pair(asked).counts()
    assert counted[:-1].tolist() == expected[: HUNDREDTHS - 1].tolist()
    assert counted[-1] == expected[HUNDREDTHS - 1 :].sum()


@given(st.floats(-100, 100), st.floats(0, 100))
def test_pairs_of_a_range_are_those_a_plain_search_finds(low: float, width: float) -> None:
    low, high = round(low, 1), round(low + width, 1)
    asked = Asked(60)
    upper = asked.percent_FF[np.triu_indices(60, k=1)]
    listed, total = _every_pair(asked).within(low, high, limit=7)
    inside = np.sort(upper[(upper >= low - 1e-9) & (upper <= high + 1e-9)])[::-1]
    assert total == inside.size
    assert [pair.percent for pair in listed] == pytest.approx(inside[:7])
    for pair in listed:
        at = asked.names.index(pair.first), asked.names.index(pair.second)
        assert at[0] < at[1]
        assert pair.percent == pytest.approx(asked.percent_FF[at])


def test_the_share_of_answered_questions_is_told() -> None:
    asked = Asked(120)
    heard: list[tuple[int, int]] = []
    asyncio.run(every_pair(asked, asked.names, on_block=lambda *share: heard.append(share)))
    assert heard == [(answered, asked.questions) for answered in range(1, asked.questions + 1)]
