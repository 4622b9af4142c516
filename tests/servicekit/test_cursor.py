import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.cursor import Cursor, CursorInvalid

ANY_TEXT = st.text(st.characters(exclude_characters="\n"))
URL_SAFE = set(string.ascii_letters + string.digits + "-_")
CURSORS = st.builds(Cursor, of=st.text(), run=ANY_TEXT, after=st.integers(0, 2**31))


@given(CURSORS)
def test_what_a_cursor_says_survives_the_journey(cursor: Cursor) -> None:
    text = cursor.text()
    assert set(text) <= URL_SAFE
    assert Cursor.read(text) == cursor
    assert Cursor.last(text, cursor.of) == cursor.after


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
            Cursor.last(cursor.text(), of)


def test_no_cursor_is_before_the_first_item() -> None:
    assert Cursor.last(None, "anything") == -1
