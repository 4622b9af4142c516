"""Cursors: opaque marks that continue one list.

A cursor names the list it belongs to (route and filters), the run whose list that is and the item it reached, so that a page
asked for after the next publication still continues the list it began.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from servicekit.problems import INVALID_CURSOR, Problem

__all__ = ["Cursor", "CursorInvalid"]

_CHECK_BYTES: Final = 6
_END: Final = 2**63
"""Of item numbers: what a database counts with."""


class CursorInvalid(Problem):
    """The problem `invalid-cursor`: a cursor that this list did not hand out."""

    def __init__(self) -> None:
        super().__init__(INVALID_CURSOR, "The cursor is not one that this list handed out.")


@dataclass(frozen=True)
class Cursor:
    """How far a list was read."""

    of: str
    """The list: route and filters, in words that only its service reads."""
    run: str
    """The run whose list it is; in lists of runs, the run that was handed out last; empty in lists that know no runs."""
    after: int
    """Number of the last item that was handed out."""

    def text(self) -> str:
        """The form that travels: URL-safe; no change of any character goes unnoticed."""
        body = f"{self.after}\n{self.run}\n{self.of}".encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(_check(body) + body).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor that `text` carries.

        Raises:
            CursorInvalid: it was changed, shortened or made up.
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise CursorInvalid from error
        check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check != _check(body) or base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
            raise CursorInvalid
        try:
            after, run, of = body.decode("utf-8", "surrogatepass").split("\n", 2)
            last = int(after)
        except ValueError as error:
            raise CursorInvalid from error
        if not 0 <= last < _END:
            raise CursorInvalid
        return cls(of=of, run=run, after=last)

    @classmethod
    def last(cls, text: str | None, of: str) -> int:
        """Number of the last item that was handed out of the list `of`; -1 without a cursor.

        Raises:
            CursorInvalid: it belongs to another list, or is none.
        """
        if text is None:
            return -1
        cursor = cls.read(text)
        if cursor.of != of:
            raise CursorInvalid
        return cursor.after


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES, person=b"ntdemo cursor").digest()
