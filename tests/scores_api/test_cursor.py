import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scores_api.cursor import Cursor
from scores_api.failures import CursorInvalid
from scores_api.paging import ascending, newest_first

ANY_TEXT = st.text(st.characters(exclude_characters="\n"))
URL_SAFE = set(string.ascii_letters + string.digits + "-_")
CURSORS = st.builds(Cursor, of=st.text(), run=ANY_TEXT, after=st.integers(0, 2**31))


@given(CURSORS)
def test_what_a_cursor_says_survives_the_journey(cursor: Cursor) -> None:
    text = cursor.text()
    assert set(text) <= URL_SAFE
    assert Cursor.read(text) == cursor
    assert Cursor.place(text, cursor.of) == cursor.after


@given(st.text() | st.text(alphabet=sorted(URL_SAFE)))
def test_no_text_that_was_made_up_is_read(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor.read(text)


@given(CURSORS, st.data())
def test_no_change_of_a_character_goes_unnoticed(cursor: Cursor, data: st.DataObject) -> None:
    text = cursor.text()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(sorted(URL_SAFE - {text[place]})))
    for changed in (text[:place] + other + text[place + 1 :], text[:place] + text[place + 1 :], text + other):
        with pytest.raises(CursorInvalid):
            Cursor.read(changed)


@given(CURSORS, st.text())
def test_a_cursor_of_another_list_is_refused(cursor: Cursor, of: str) -> None:
    if of != cursor.of:
        with pytest.raises(CursorInvalid):
            Cursor.place(cursor.text(), of)


def test_no_cursor_is_before_the_first_item() -> None:
    assert Cursor.place(None, "anything") == -1


@given(st.lists(st.integers(0, 1000), unique=True).map(sorted), st.integers(1, 7))
def test_ascending_pages_join_to_the_list(ids: list[int], limit: int) -> None:
    found: list[int] = []
    cursor: str | None = None
    while True:
        after = Cursor.place(cursor, "list")
        page, cursor = ascending((each for each in ids if each > after), of="list", run="r", limit=limit)
        assert len(page) <= limit
        found += page
        if cursor is None:
            break
    assert found == ids


@given(st.integers(0, 30), st.integers(0, 5), st.integers(1, 7))
def test_pages_from_the_end_join_to_the_list_even_when_it_grows(length: int, growth: int, limit: int) -> None:
    items = [f"run {number}" for number in range(length)]
    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = newest_first(items, of="runs", run_of=str, cursor=cursor, limit=limit)
        found += page
        if cursor is None:
            break
        items = [*items, *(f"new {len(items)} {number}" for number in range(growth))]
    assert found == [f"run {number}" for number in reversed(range(length))]


def test_a_cursor_of_a_list_that_lost_its_items_is_refused() -> None:
    _, cursor = newest_first(["a", "b", "c"], of="runs", run_of=str, cursor=None, limit=1)
    for shorter in (["a"], ["a", "b", "x"]):
        with pytest.raises(CursorInvalid):
            newest_first(shorter, of="runs", run_of=str, cursor=cursor, limit=1)
