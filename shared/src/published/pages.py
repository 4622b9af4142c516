"""Pages: files of a run that are never believed unread: what is taken from them is compared with the checksums of its pages.

CRC-32 (ISO 3309) finds every flipped bit of a page. It is no signature: who can write the store can write its checksums.
"""

import array
import mmap
import os
import sys
import weakref
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PAGE_BYTES", "FileDamaged", "PagedFile", "StatedFile"]

PAGE_BYTES: Final = 4096
_PART_BYTES: Final = 2**20


class FileDamaged(Exception):
    """A file of a published run is not as it was written; the text says where."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path.name} {what}")
        self.path = path


class StatedFile(BaseModel):
    """What a run's head says of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: Annotated[int, Field(ge=0)]
    crc32: Annotated[int, Field(ge=0, lt=2**32)]
    """Of the whole file."""
    pages: str
    """Base64 of one little-endian CRC-32 a page of 4,096 bytes, the last page shorter."""

    @classmethod
    def of(cls, path: Path) -> "StatedFile":
        """A file as it lies there."""
        size, whole = 0, 0
        sums = array.array("I")
        with path.open("rb") as file:
            while page := file.read(PAGE_BYTES):
                size, whole = size + len(page), zlib.crc32(page, whole)
                sums.append(zlib.crc32(page))
        return cls(size_bytes=size, crc32=whole, pages=b64encode(_little(sums).tobytes()).decode())

    def sums(self) -> "array.array[int]":
        """The checksums of its pages; raises ValueError where there are not as many as the file has pages."""
        sums = array.array("I", b64decode(self.pages, validate=True))
        if len(sums) != -(-self.size_bytes // PAGE_BYTES):
            raise ValueError("a file's checksums are not as many as its pages")
        return _little(sums)


class PagedFile:
    """A file that stays open, and outlives its directory entry."""

    def __init__(self, path: Path, stated: StatedFile) -> None:
        """Open it.

        Raises:
            FileDamaged: it is missing or of another size.
        """
        self._path, self._stated, self._sums = path, stated, stated.sums()
        self._mapping: memoryview | None = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FileDamaged(path, f"cannot be opened: {error.strerror}") from error
        weakref.finalize(self, os.close, self._descriptor)
        self._check_size()

    @property
    def size_bytes(self) -> int:
        """As stated."""
        return self._stated.size_bytes

    def read(self, start: int, size: int) -> bytes:
        """`size` bytes from `start`, of pages that are as they were written; costs 2 µs a page.

        Raises:
            FileDamaged: they are not.
        """
        end = start + size
        first, last = start // PAGE_BYTES, -(-end // PAGE_BYTES)
        pages = self._pread(first * PAGE_BYTES, min(last * PAGE_BYTES, self.size_bytes))
        for number in range(first, last):
            offset = (number - first) * PAGE_BYTES
            if zlib.crc32(pages[offset : offset + PAGE_BYTES]) != self._sums[number]:
                raise FileDamaged(self._path, f"differs from its checksum in page {number}")
        return pages[start - first * PAGE_BYTES : end - first * PAGE_BYTES]

    def check(self) -> None:
        """Compare all of it, half a millisecond a megabyte; raises FileDamaged."""
        self._check_size()
        crc32 = 0
        for start in range(0, self.size_bytes, _PART_BYTES):
            crc32 = zlib.crc32(self._pread(start, min(start + _PART_BYTES, self.size_bytes)), crc32)
        self._check(crc32)

    def whole(self) -> bytes:
        """All of it, in memory of this process, where nothing changes it; raises FileDamaged."""
        content = self._pread(0, self.size_bytes)
        self._check(zlib.crc32(content))
        return content

    def mapped(self) -> memoryview:
        """All of it without a copy, compared at this moment; costs half a millisecond a megabyte. Raises FileDamaged."""
        if not self.size_bytes:
            return memoryview(b"")
        self._check_size()  # a page behind the end of a shortened file would end the process
        if self._mapping is None:
            self._mapping = memoryview(mmap.mmap(self._descriptor, self.size_bytes, access=mmap.ACCESS_READ))
        self._check(zlib.crc32(self._mapping))
        return self._mapping

    def _pread(self, start: int, end: int) -> bytes:
        try:
            content = os.pread(self._descriptor, end - start, start)
            while 0 < len(content) < end - start and (
                more := os.pread(self._descriptor, end - start - len(content), start + len(content))
            ):
                content += more
        except OSError as error:
            raise FileDamaged(self._path, f"cannot be read: {error.strerror}") from error
        if len(content) < end - start:
            raise FileDamaged(self._path, "is shorter than it was written")
        return content

    def _check(self, crc32: int) -> None:
        if crc32 != self._stated.crc32:
            raise FileDamaged(self._path, "differs from its checksum")

    def _check_size(self) -> None:
        if os.fstat(self._descriptor).st_size != self.size_bytes:
            raise FileDamaged(self._path, "is not as long as it was written")


def _little(sums: "array.array[int]") -> "array.array[int]":
    """Between this machine's byte order and little-endian."""
    if sys.byteorder == "big":
        sums.byteswap()
    return sums
