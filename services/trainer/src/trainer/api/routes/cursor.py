"""Cursors of the job list: opaque words that stand for a place in it."""

import base64
import binascii
import re
from typing import Final

__all__ = ["CursorInvalid", "decode", "encode"]

_WORD: Final = "jobs before "


class CursorInvalid(Exception):
    """A cursor that the job list did not hand out."""


def encode(sequence: int) -> str:
    """The cursor of the page that follows the job number `sequence`."""
    return base64.urlsafe_b64encode(f"{_WORD}{sequence}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The number that `encode` was given; raises CursorInvalid."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise CursorInvalid(cursor) from None
    number = text.removeprefix(_WORD)
    if not re.fullmatch(r"[1-9][0-9]{0,17}", number) or encode(int(number)) != cursor:
        raise CursorInvalid(cursor)
    return int(number)
