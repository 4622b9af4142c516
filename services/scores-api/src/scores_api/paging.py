"""Pages: a stretch of a list and the cursor to the next one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from servicekit.cursor import Cursor, CursorInvalid

__all__ = ["ascending", "newest_first", "stretch"]

T = TypeVar("T")


def ascending(ids: Iterator[int], *, of: str, run: str, limit: int) -> tuple[list[int], str | None]:
    """The first `limit` of the ascending `ids` that remain, and the cursor to the rest; null when there is none."""
    page_and_next = list(islice(ids, limit + 1))
    page = page_and_next[:limit]
    return page, Cursor(of=of, run=run, after=page[-1]).text() if len(page_and_next) > limit else None


def stretch(ids: list[int], *, of: str, run: str, cursor: str | None, limit: int) -> tuple[list[int], str | None]:
    """The `limit` of `ids`, in whatever order these are, that follow a cursor, and the cursor to the rest.

    Raises:
        CursorInvalid: the cursor is not of this list.
    """
    first = Cursor.last(cursor, of) + 1
    end = first + limit
    return ids[first:end], Cursor(of=of, run=run, after=end - 1).text() if end < len(ids) else None


def newest_first(
    items: Sequence[T], *, of: str, run_of: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[list[T], str | None]:
    """A page of a list that grows at its end, from the end backwards.

    Raises:
        CursorInvalid: the cursor is not of this list.
    """
    end = len(items)
    if cursor is not None:
        mark = Cursor.read(cursor)
        if mark.of != of:
            raise CursorInvalid
        if mark.after >= end or run_of(items[mark.after]) != mark.run:  # runs before it were deleted since
            mark = replace(mark, after=next((place for place in range(end) if run_of(items[place]) == mark.run), -1))
        if mark.after < 0:
            raise CursorInvalid
        end = mark.after
    start = max(0, end - limit)
    following = Cursor(of=of, run=run_of(items[start]), after=start).text() if start else None
    return list(reversed(items[start:end])), following
