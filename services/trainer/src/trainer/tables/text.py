"""Text files as UTF-8, whatever their compression and encoding."""

import codecs
import io
import re
from pathlib import Path
from typing import Final

import pyarrow as pa

from trainer.tables.unpacking import Bounded, most_bytes

__all__ = ["UTF_8", "WINDOWS", "Utf8", "encoding_of", "open_bytes", "open_text"]

UTF_8: Final = "utf-8"
WINDOWS: Final = "cp1252"
"""What Excel writes on Windows where it says "CSV": µ, ° and ± are one byte each."""
_MARKS: Final = (
    (b"\xef\xbb\xbf", UTF_8),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_LOOKED_AT: Final = 256
_WRITTEN: Final = re.compile("[\u00a0-\u00ff\u2013\u2014\u2018-\u201e\u2022\u2026\u20ac\u2122]")
"""Signs and letters that people write; the others of Windows-1252 tell that a file is something else."""
_LEADS: Final = (0b1100_0000, 0b1110_0000, 0b1111_0000, 0b1111_1000)
"""From which first bytes of characters of two bytes and more are counted; the last is none of UTF-8."""
_FOLLOWS: Final = (0b1000_0000, 0b1100_0000)
"""Between which the other bytes of a character lie."""


def open_bytes(path: str) -> pa.NativeFile:
    """The decompressed bytes of a file; the compression is that of its name, or else of its first bytes.

    Reading raises Overlarge where they are more than any table of the file's size.
    """
    packed: str | None = "detect"
    if not path.lower().endswith((".gz", ".bz2", ".zst")):
        with Path(path).open("rb") as content:
            beginning = content.read(4)
        packed = next((name for mark, name in _COMPRESSED.items() if beginning.startswith(mark)), None)
        if packed is None:
            return pa.input_stream(path, compression=None)
    return pa.PythonFile(Bounded(pa.input_stream(path, compression=packed), most_bytes(path)), mode="r")


def encoding_of(beginning: bytes) -> str:
    """The encoding of a text that begins so: by its mark, the NULs of two bytes a letter, or as the one that reads well."""
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    looked = beginning[:_LOOKED_AT]
    nulls = (looked[::2].count(0), looked[1::2].count(0))
    if max(nulls) * 4 > len(looked) and min(nulls) * 16 < len(looked):
        return "utf-16-le" if nulls[1] > nulls[0] else "utf-16-be"
    return WINDOWS if _is_windows(beginning) else UTF_8


def _is_windows(beginning: bytes) -> bool:
    """Whether a text is no UTF-8, and all its other signs are what people write in Windows-1252."""
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(beginning)
    except UnicodeDecodeError:
        if any(character > "\x7f" for character in beginning.decode(UTF_8, "ignore")):
            return False  # UTF-8 that is damaged
        return all(each < "\x80" or _WRITTEN.fullmatch(each) for each in beginning.decode(WINDOWS, "replace"))
    return False


def open_text(path: str, encoding: str = UTF_8) -> pa.NativeFile:
    """A text file's bytes as UTF-8, a byte-order mark among them."""
    stream = open_bytes(path)
    return stream if encoding == UTF_8 else pa.transcoding_input_stream(stream, encoding, UTF_8)


class Utf8(io.RawIOBase):
    """A stream of bytes that are UTF-8: what is none is replaced by U+FFFD, and told by `replaced`."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self._waiting = b""
        self.replaced = False

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def read(self, size: int = -1) -> bytes:
        """About `size` bytes, in whole characters; none at the end."""
        while True:
            chunk: bytes = self._stream.read(size if size >= 0 else 2**22)
            data = self._waiting + chunk
            if not data:
                return b""
            self._waiting = b"" if not chunk else self._unfinished(data)
            whole = data[: len(data) - len(self._waiting)]
            if whole:
                return self._valid(whole)

    @staticmethod
    def _unfinished(data: bytes) -> bytes:
        """The beginning of a character at the end of `data`."""
        for back in range(1, min(len(_LEADS), len(data)) + 1):
            byte = data[-back]
            if byte < _FOLLOWS[0]:
                return b""
            if byte >= _FOLLOWS[1]:
                needed = 1 + sum(byte >= lead for lead in _LEADS)
                return data[-back:] if needed > back else b""
        return b""

    def _valid(self, data: bytes) -> bytes:
        try:
            data.decode(UTF_8)
        except UnicodeDecodeError:
            self.replaced = True
            return data.decode(UTF_8, "replace").encode()
        return data
