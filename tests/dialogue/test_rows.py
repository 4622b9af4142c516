"""Rows: what a row computes depends on no other, and on nothing that a row before it left behind."""

import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from tests.support.scripted_bot import scripted_bot

from dialogue.bundle import read_bundle
from dialogue.graphs import Graphs
from dialogue.rows import Rows

_HELLO, _GREETING, _OTHER = [20], [21, 22, 23], [24, 25]
"""Contexts of three lengths."""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Graphs:
    """Of a bot that says what was written for it."""
    directory = tmp_path_factory.mktemp("bot")
    scripted_bot(directory, "I am well, thank you. And you?")
    return Graphs.of_bundle(*read_bundle(directory))


def likeliest_after(rows: Rows, tokens: Sequence[int]) -> list[int]:
    """The likeliest token after each of these, said in the last row."""
    likeliest = []
    for position, token in enumerate(tokens):
        others = rows.count - 1
        logits_RV = rows.step([2] * others + [token], [0] * others + [position])
        likeliest.append(int(logits_RV[-1].argmax()))
    return likeliest


def test_a_row_that_takes_anothers_place_begins_anew(graphs: Graphs) -> None:
    rows = Rows(graphs)
    rows.join(graphs.encode([_HELLO]))
    alone = likeliest_after(rows, range(10, 16))
    rows.leave(0)
    rows.join(graphs.encode([_HELLO]))
    assert likeliest_after(rows, range(10, 16)) == alone


@pytest.mark.parametrize("others", [1, 3, 12])
def test_rows_keep_what_they_hold_when_room_grows_and_others_leave(graphs: Graphs, others: int) -> None:
    rows = Rows(graphs)
    rows.join(graphs.encode([_HELLO]))
    first = likeliest_after(rows, [2, 30])
    alone = Rows(graphs)
    alone.join(graphs.encode([_HELLO]))
    whole = likeliest_after(alone, [2, 30, 31, 32])
    for _ in range(others):
        rows.join(graphs.encode([_OTHER]))
    logits_RV = rows.step([31, *([2] * others)], [2, *([0] * others)])
    third = int(logits_RV[0].argmax())
    for row in range(others, 0, -1):
        rows.leave(row)
    fourth = int(rows.step([32], [3])[0].argmax())
    assert [*first, third, fourth] == whole


def test_the_first_row_may_leave_and_the_last_takes_its_number(graphs: Graphs) -> None:
    rows = Rows(graphs)
    rows.join(graphs.encode([_HELLO]), count=1)
    rows.join(graphs.encode([_GREETING]))
    before = [int(logits_V.argmax()) for logits_V in rows.step([2, 2], [0, 0])]
    rows.leave(0)
    alone = Rows(graphs)
    alone.join(graphs.encode([_GREETING]))
    alone.step([2], [0])
    assert rows.count == 1
    assert before[0] == before[1]
    np.testing.assert_array_equal(rows.step([before[1]], [1]), alone.step([before[1]], [1]))


def test_the_arrays_of_a_crowd_are_released_when_the_last_row_leaves(graphs: Graphs) -> None:
    rows = Rows(graphs)
    rows.join({}, count=12)
    crowded = weakref.ref(rows.step([2] * 12, [0] * 12).base)
    assert crowded() is not None
    for row in range(11, -1, -1):
        rows.leave(row)
    assert crowded() is None
    rows.join(graphs.encode([_HELLO]))
    alone = Rows(graphs)
    alone.join(graphs.encode([_HELLO]))
    assert likeliest_after(rows, range(10, 16)) == likeliest_after(alone, range(10, 16))
