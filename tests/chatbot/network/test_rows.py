"""Rows: what a row computes depends on no other, and on nothing that a row before it left behind."""

import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from chatbot.network.bundle import Bundle
from chatbot.network.rows import Rows
from chatbot.network.silence import Silence


def said(rows: Rows, tokens: Sequence[int]) -> list[int]:
    """The likeliest token after each of these, said in the last row."""
    found = []
    for position, token in enumerate(tokens):
        others = rows.count - 1
        logits_RV = rows.step([2] * others + [token], [0] * others + [position])
        found.append(int(logits_RV[-1].argmax()))
    return found


def context(bundle: Bundle, text: str) -> dict[str, NDArray[np.float32]]:
    return bundle.graphs.encode([bundle.context([text])])


def test_a_row_that_takes_anothers_place_begins_anew(english: Bundle) -> None:
    rows = Rows(english.graphs)
    rows.join(context(english, "hello"))
    alone = said(rows, range(10, 16))
    rows.leave(0)
    rows.join(context(english, "hello"))
    assert said(rows, range(10, 16)) == alone


@pytest.mark.parametrize("others", [1, 3, 12])
def test_rows_keep_what_they_hold_when_room_grows_and_others_leave(english: Bundle, others: int) -> None:
    rows = Rows(english.graphs)
    rows.join(context(english, "hello"))
    first = said(rows, [2, 30])
    alone = Rows(english.graphs)
    alone.join(context(english, "hello"))
    whole = said(alone, [2, 30, 31, 32])
    for _ in range(others):
        rows.join(context(english, "somebody else"))
    logits_RV = rows.step([31, *([2] * others)], [2, *([0] * others)])
    third = int(logits_RV[0].argmax())
    for row in range(others, 0, -1):
        rows.leave(row)
    fourth = int(rows.step([32], [3])[0].argmax())
    assert [*first, third, fourth] == whole


def test_the_first_row_may_leave_and_the_last_takes_its_number(english: Bundle) -> None:
    rows = Rows(english.graphs)
    rows.join(context(english, "hello"), count=1)
    rows.join(context(english, "a longer greeting"))
    before = [int(logits_V.argmax()) for logits_V in rows.step([2, 2], [0, 0])]
    rows.leave(0)
    alone = Rows(english.graphs)
    alone.join(context(english, "a longer greeting"))
    alone.step([2], [0])
    assert rows.count == 1
    assert before[0] == before[1]
    np.testing.assert_array_equal(rows.step([before[1]], [1]), alone.step([before[1]], [1]))


def test_the_arrays_of_a_crowd_are_released_when_the_last_row_leaves(english: Bundle) -> None:
    rows = Rows(english.graphs)
    rows.join({}, count=12)
    crowded = weakref.ref(rows.step([2] * 12, [0] * 12).base)
    assert crowded() is not None
    for row in range(11, -1, -1):
        rows.leave(row)
    assert crowded() is None
    rows.join(context(english, "hello"))
    alone = Rows(english.graphs)
    alone.join(context(english, "hello"))
    assert said(rows, range(10, 16)) == said(alone, range(10, 16))


def test_silence_goes_on_where_its_first_step_ended(english: Bundle) -> None:
    silence = Silence.of(english.graphs, english.card)
    stepped = Rows(english.graphs)
    stepped.join(english.graphs.encode([english.card.context([])]))
    np.testing.assert_array_equal(stepped.step([english.card.tokens.start], [0])[0], silence.logits_V)
    resumed = Rows(english.graphs)
    resumed.join(silence.states)
    np.testing.assert_array_equal(resumed.step([40], [1]), stepped.step([40], [1]))
