"""A disk in memory that loses what nobody brought to it: files tear, entries of directories get lost, in any order."""

import errno
import fnmatch
import io
import random
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from os import PathLike
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, ClassVar

__all__ = ["Crash", "FakeDisk", "FakePath"]


class Crash(BaseException):
    """The process or the machine ends here."""


class _File:
    def __init__(self) -> None:
        self.data = b""
        self.durable = b""


_Tree = dict[str, "_File | None"]
"""Path -> file; None is a directory."""


class FakeDisk:
    """One disk: what processes see (`seen`), and what would be left if the power went now (`kept` and the operations since)."""

    def __init__(self, draw: random.Random) -> None:
        _parsed.cache_clear()  # of another history, whose names are others
        self.draw = draw
        self.seen: _Tree = {"/": None}
        self._kept: _Tree = {"/": None}
        self._since: list[tuple[frozenset[str], Callable[[_Tree], object]]] = []
        """Operations on entries that no directory was synced for: the directories, and what happens."""
        self._below: dict[str, list[str]] = {}
        self.steps_left = -1
        self.trouble = 0.0
        """How likely an operation that writes is refused."""
        self.before_step: Callable[[], None] = lambda: None

    def step(self) -> None:
        """Before every operation that changes something."""
        self.before_step()
        if self.steps_left == 0:
            raise Crash
        self.steps_left -= 1
        if self.trouble and self.draw.random() < self.trouble:
            raise OSError(self.draw.choice((errno.ENOSPC, errno.EIO)), "the disk refuses")

    def change(self, directories: Iterable[PurePosixPath], change: Callable[[_Tree], object]) -> None:
        """Change entries."""
        change(self.seen)
        self._below.clear()
        self._since.append((frozenset(map(str, directories)), change))

    def below(self, directory: str) -> list[str]:
        """The paths of everything in a directory and what is in it, without the directory's own."""
        found = self._below.get(directory)
        if found is None:
            above = f"{directory}/"
            found = self._below[directory] = [path[len(above) :] for path in self.seen if path.startswith(above)]
        return found

    def sync(self, paths: Iterable["FakePath"]) -> None:
        """As `trainer.store.durable.sync`."""
        for path in paths:
            self.step()
            name = str(path)
            found = self.seen.get(name, False)
            if found is False:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            if isinstance(found, _File):
                found.durable = found.data
                continue
            self._keep(name)

    def _keep(self, directory: str) -> None:
        """Keep what happened to the entries of a directory, and whatever that builds on: a move needs what came before it."""
        wanted = {directory}
        kept: list[Callable[[_Tree], object]] = []
        rest: list[tuple[frozenset[str], Callable[[_Tree], object]]] = []
        for directories, change in reversed(self._since):
            if wanted & directories:
                wanted |= directories
                kept.append(change)
            else:
                rest.append((directories, change))
        for change in reversed(kept):
            change(self._kept)
        self._since = rest[::-1]

    def lose_power(self) -> None:
        """Of what was not synced, some is lost: entries in any order, files to any length."""
        self.draw.shuffle(self._since)
        for _, change in self._since:
            if self.draw.random() < 0.5:
                change(self._kept)
        self._since = []
        for file in self._kept.values():
            if file is not None and file.data != file.durable:
                cut = self.draw.choice((0, self.draw.randint(0, len(file.data)), len(file.data)))
                file.data = file.durable = file.data[:cut]
        alive = {path for path in self._kept if all(str(one) in self._kept for one in PurePosixPath(path).parents)}
        self._kept = {path: file for path, file in self._kept.items() if path in alive}
        self.seen = dict(self._kept)
        self._below.clear()


class FakePath(PurePosixPath):
    """A path on the disk that is current. A history asks for few paths, each thousands of times: they are parsed once."""

    disk: ClassVar[FakeDisk]

    @staticmethod
    def of(path: object) -> "FakePath":
        """A path of this class; what is one already, as whatever was joined to one, is itself."""
        return path if isinstance(path, FakePath) else _parsed(str(path))

    def __truediv__(self, key: str | PathLike[str]) -> "FakePath":
        known: dict[str | PathLike[str], FakePath] = self.__dict__.setdefault("joined", {})
        found = known.get(key)
        if found is None:
            found = known[key] = super().__truediv__(key)
        return found

    @property
    def parent(self) -> "FakePath":
        found: FakePath | None = self.__dict__.get("above")
        if found is None:
            found = self.__dict__["above"] = _parsed(str(super().parent))
        return found

    def exists(self) -> bool:
        return str(self) in self.disk.seen

    def is_dir(self) -> bool:
        return self.disk.seen.get(str(self), False) is None

    def is_file(self) -> bool:
        return isinstance(self.disk.seen.get(str(self)), _File)

    def iterdir(self) -> Iterator["FakePath"]:
        if not self.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such directory", str(self))
        names = [path for path in self.disk.below(str(self)) if "/" not in path]
        yield from [self / name for name in names]

    def glob(self, pattern: str) -> Iterator["FakePath"]:
        deep = pattern.count("/")
        for path in self.disk.below(str(self)):
            if path.count("/") == deep and all(map(fnmatch.fnmatchcase, path.split("/"), pattern.split("/"))):
                yield self / path

    def read_bytes(self) -> bytes:
        found = self.disk.seen.get(str(self))
        if not isinstance(found, _File):
            raise FileNotFoundError(errno.ENOENT, "no such file", str(self))
        return found.data

    def open(self, _mode: str = "rb") -> io.BytesIO:
        return io.BytesIO(self.read_bytes())

    def stat(self) -> Any:
        return SimpleNamespace(st_size=len(self.read_bytes()))

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        self.write_bytes(text.encode(encoding))

    def write_bytes(self, data: bytes) -> None:
        if not self.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such directory", str(self))
        found = self.disk.seen.get(str(self))
        file = found if isinstance(found, _File) else _File()
        if found is None:
            self.disk.step()
            self.disk.change([self.parent], lambda tree: tree.__setitem__(str(self), file))
        for half in (data[: len(data) // 2], data):  # a crash between them leaves a short file
            self.disk.step()
            file.data = half

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - pathlib's
        if self.exists():
            if exist_ok:
                return
            raise FileExistsError(errno.EEXIST, "there", str(self))
        if parents and not self.parent.exists():
            self.parent.mkdir(parents=True)
        self.disk.step()
        self.disk.change([self.parent], lambda tree: tree.__setitem__(str(self), None))

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - pathlib's
        if not self.exists():
            if missing_ok:
                return
            raise FileNotFoundError(errno.ENOENT, "no such file", str(self))
        self.disk.step()
        self.disk.change([self.parent], lambda tree: tree.pop(str(self), None))

    def rename(self, target: "FakePath") -> None:
        if not self.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file", str(self))
        self.disk.step()
        source, goal = str(self), str(target)
        moved = {path: file for path, file in self.disk.seen.items() if path == source or path.startswith(f"{source}/")}

        def move(tree: _Tree) -> None:
            for path, file in moved.items():  # and nothing that comes to be there later under the same name
                if tree.get(path, False) is file:
                    tree[goal + path[len(source) :]] = tree.pop(path)

        self.disk.change([self.parent, target.parent], move)


@lru_cache(10_000)
def _parsed(path: str) -> FakePath:
    return FakePath(path)
