import pytest
from hypothesis import given
from hypothesis import strategies as st

from scores_api.paging import ascending, newest_first
from servicekit.cursor import Cursor, CursorInvalid


@given(st.lists(st.integers(0, 1000), unique=True).map(sorted), st.integers(1, 7))
def test_ascending_pages_join_to_the_list(ids: list[int], limit: int) -> None:
    found: list[int] = []
    cursor: str | None = None
    while True:
        after = Cursor.last(cursor, "list")
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
