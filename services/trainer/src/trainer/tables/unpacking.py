"""How much a packed file may unpack to: counted without keeping any of it, before it is read."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["Bounded", "Overlarge", "check_parquet", "check_text", "check_workbook", "most_bytes"]

_UNPACKED_BYTES: Final = 256 * 2**20
_UNPACKED_TIMES: Final = 100
"""Tables pack to a tenth, and those of the same few values to a fiftieth; what unpacks to a hundred times its size is none."""
_COUNTED_BYTES: Final = 64 * 2**20
"""Up to which size a packed text is unpacked once to count it; a larger one ends where it is read beyond its bound."""
_CHUNK_BYTES: Final = 2**20


class Overlarge(Exception):
    """A file that unpacks to more than any table of its size; `str()` is the reason of an offence."""

    def __init__(self, most: int) -> None:
        super().__init__(f"unpacks to more than {most:,} bytes, which no table of its size does")


def most_bytes(path: str) -> int:
    """What a file may unpack to."""
    return max(_UNPACKED_BYTES, _UNPACKED_TIMES * Path(path).stat().st_size)


class Bounded(io.RawIOBase):
    """A stream of unpacked bytes that ends with Overlarge where there are too many."""

    def __init__(self, stream: pa.NativeFile, most: int) -> None:
        self._stream = stream
        self._most = most
        self._read_bytes = 0

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def read(self, size: int = -1) -> bytes:
        """As the stream itself; raises Overlarge."""
        chunk: bytes = self._stream.read(size if size >= 0 else self._most + 1)
        self._read_bytes += len(chunk)
        if self._read_bytes > self._most:
            raise Overlarge(self._most)
        return chunk

    def close(self) -> None:
        """Close the stream as well."""
        self._stream.close()
        super().close()


def check_text(path: Path, stream: Any) -> None:
    """Read a bounded stream to its end, where the file it unpacks is not large itself; raises Overlarge."""
    if isinstance(stream, pa.PythonFile) and path.stat().st_size <= _COUNTED_BYTES:
        while stream.read(_CHUNK_BYTES):
            pass


def check_workbook(path: Path) -> None:
    """Count what the parts of a workbook unpack to, whatever its directory says; raises Overlarge."""
    most, unpacked = most_bytes(str(path)), 0
    if not zipfile.is_zipfile(path):
        return  # an old workbook packs nothing; what is neither is told when it is read
    try:
        with zipfile.ZipFile(path) as parts:
            for part in parts.infolist():
                part.file_size = most + 1  # else as many are read as the directory says, and no more
                with parts.open(part) as stream:
                    while chunk := stream.read(_CHUNK_BYTES):
                        unpacked += len(chunk)
                        if unpacked > most:
                            raise Overlarge(most)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return  # damaged or encrypted, which is told when it is read


def check_parquet(path: Path) -> None:
    """Add up what the pages of a Parquet file unpack to, and its cells, of which a page holds any number; raises Overlarge.

    Of its columns nothing is asked: where their metadata is damaged, Arrow 26 ends the process.
    """
    most, metadata = most_bytes(str(path)), pq.read_metadata(path)
    pages = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if max(pages, metadata.num_rows * metadata.num_columns) > most:
        raise Overlarge(most)
