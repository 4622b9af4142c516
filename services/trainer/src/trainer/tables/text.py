"""Text files as UTF-8, whatever their compression and encoding."""

from typing import Final

import pyarrow as pa

__all__ = ["UTF_8", "encoding_of", "open_bytes", "open_text"]

UTF_8: Final = "utf-8"
_MARKS: Final = (
    (b"\xef\xbb\xbf", UTF_8),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_LOOKED_AT: Final = 256


def open_bytes(path: str) -> pa.NativeFile:
    """The decompressed bytes of a file; the compression is that of its name, or else of its first bytes."""
    stream = pa.input_stream(path, compression="detect")
    if not path.lower().endswith((".gz", ".bz2", ".zst")):
        beginning = stream.read(4)
        stream.close()
        packed = next((name for mark, name in _COMPRESSED.items() if beginning.startswith(mark)), None)
        stream = pa.input_stream(path, compression=packed)
    return stream


def encoding_of(beginning: bytes) -> str:
    """The encoding of a text that begins so: by its byte-order mark, or by the NULs that two bytes a letter leave."""
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    looked = beginning[:_LOOKED_AT]
    nulls = (looked[::2].count(0), looked[1::2].count(0))
    if max(nulls) * 4 > len(looked) and min(nulls) * 16 < len(looked):
        return "utf-16-le" if nulls[1] > nulls[0] else "utf-16-be"
    return UTF_8


def open_text(path: str, encoding: str = UTF_8) -> pa.NativeFile:
    """A text file's bytes as UTF-8, a byte-order mark among them."""
    stream = open_bytes(path)
    return stream if encoding == UTF_8 else pa.transcoding_input_stream(stream, encoding, UTF_8)
