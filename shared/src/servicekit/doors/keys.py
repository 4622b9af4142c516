"""Keys: made once, shown once, kept as hashes in a file that every service reads anew when it changes.

A key is 256 random bits, so that a plain SHA-256 of it can be neither inverted nor guessed.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

__all__ = ["BadKeys", "Caller", "KeyFile", "KeyRing", "Scope", "StoredKey"]

_PREFIX: Final = "ntdemo"
_PARTS: Final = 3


class Scope(IntEnum):
    """What a key may do; each includes those before it."""

    READ = 1
    TRAIN = 2
    ADMIN = 3


class BadKeys(Exception):
    """The file of keys cannot be used; `str` is one sentence that names it."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and what they may."""

    id: str
    scope: Scope
    name: str | None = None
    """As whoever made the key, or the token, calls them; None where nobody did."""


@dataclass(frozen=True)
class StoredKey:
    """A key as the file keeps it."""

    id: str
    name: str
    scope: str
    sha256: str
    created: str
    expires: str | None

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


class KeyFile:
    """The file, for who makes and revokes keys."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[StoredKey]:
        """All keys, the oldest first; none where there is no file.

        Raises:
            BadKeys: It cannot be read, or is no file of keys.
        """
        try:
            return [StoredKey(**one) for one in json.loads(self._path.read_bytes())["keys"] if Scope[one["scope"].upper()]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadKeys(f"{self._path} cannot be read as a file of keys: {error}.") from None

    def create(self, name: str, scope: Scope, *, now: datetime, expires: datetime | None) -> tuple[str, StoredKey]:
        """Make a key: its text, which nothing keeps, and what is kept."""
        identity, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        key = f"{_PREFIX}_{identity}_{secret}"
        until = None if expires is None else expires.isoformat()
        stored = StoredKey(identity, name, scope.name.lower(), _digest(key), now.isoformat(), until)
        with self._changing() as keys:
            keys.append(stored)
        return key, stored

    def revoke(self, identity: str) -> StoredKey:
        """Remove a key; raises KeyError where there is none of this id."""
        with self._changing() as keys:
            found = next((key for key in keys if key.id == identity), None)
            if found is None:
                raise KeyError(identity)
            keys.remove(found)
        return found

    @contextmanager
    def _changing(self) -> Iterator[list[StoredKey]]:
        """The keys, written back as a whole when the context ends; one writer at a time."""
        from filelock import FileLock  # noqa: PLC0415 - who only reads keys need not wait for it

        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self._path.with_suffix(".lock")):
            keys = self.read()
            yield keys
            staged = self._path.with_suffix(".tmp")
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"keys": [asdict(key) for key in keys]}, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            staged.replace(self._path)


class KeyRing:
    """The keys that a service takes: those of the file as it is now, and the one of its environment."""

    def __init__(self, path: Path | None, own: str | None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._own = None if own is None else _digest(own)
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._stored: dict[str, StoredKey] = {}

    def is_empty(self) -> bool:
        """Whether nobody could come in; raises BadKeys."""
        return self._own is None and not self._current()

    def caller(self, key: str) -> Caller | None:
        """Whose key this is; None where it is nobody's or its time is over. Compares in constant time.

        Raises:
            BadKeys: The file has become unusable.
        """
        digest = _digest(key)
        if self._own is not None and hmac.compare_digest(digest, self._own):
            return Caller("environment", Scope.ADMIN)
        parts = key.split("_", _PARTS - 1)
        stored = self._current().get(parts[1]) if len(parts) == _PARTS and parts[0] == _PREFIX else None
        if not hmac.compare_digest(digest, "0" * len(digest) if stored is None else stored.sha256) or stored is None:
            return None
        return None if stored.is_expired(self._clock()) else Caller(stored.id, Scope[stored.scope.upper()], stored.name)

    def _current(self) -> dict[str, StoredKey]:
        if self._path is None:
            return {}
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen, self._stored = None, {}
            return self._stored
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            self._stored = {key.id: key for key in KeyFile(self._path).read()}
            self._seen = seen
        return self._stored


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
