"""Cursors: opaque marks that continue one list in one run.

A cursor names the list it belongs to (route and filters), the run it reads and the place it reached, so that a page asked for
after the next publication still continues the list it began.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from scores_api.failures import CursorInvalid

__all__ = ["Cursor"]

_CHECK_BYTES: Final = 6


@dataclass(frozen=True)
class Cursor:
    """A place in a list."""

    of: str
    """The list: route and filters, in words that only this service reads."""
    run: str
    """The run whose list it is; in lists of runs, the run that was handed out last."""
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
            place = int(after)
        except ValueError as error:
            raise CursorInvalid from error
        if place < 0:
            raise CursorInvalid
        return cls(of=of, run=run, after=place)

    @classmethod
    def place(cls, text: str | None, of: str) -> int:
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
