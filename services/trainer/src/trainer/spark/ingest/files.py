"""The files that hold molecules and activities: which there are, how each is written, and which columns it has."""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from trainer.data.offences import InvalidData, Offence

__all__ = ["Format", "SourceFile", "find_files", "open_lines", "unreadable"]

_COMPRESSED: Final = (".gz", ".zst", ".bz2")
_DELIMITERS: Final = (",", "\t", ";", "|")
_REASON_CHARACTERS: Final = 200
_HEADER_BYTES: Final = 4 * 2**20


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"


_SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".txt": Format.CSV,
    ".parquet": Format.PARQUET,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}


@dataclass(frozen=True)
class SourceFile:
    """One file, as far as its first line, its schema or its first object tells."""

    path: str
    name: str
    """What offences call it: its name, or its path where names repeat."""
    format: Format
    delimiter: str
    """Of CSV files; taken from the first line."""
    columns: tuple[str, ...]
    """In order. Of JSON Lines, the fields of the first object: later ones may have more."""
    numeric: frozenset[str]
    """Columns that hold numbers by their type, in Parquet files."""


def find_files(sources: Sequence[Path]) -> list[SourceFile]:
    """The files named by `sources`, directories searched for files of a known format, in the order given.

    Raises:
        InvalidData: A file is empty, of no known format, or does not begin as its format demands.
        OSError: It cannot be read.
    """
    paths = [path for source in sources for path in _found(source)]
    names = [path.name for path in paths]
    unique = [path.name if names.count(path.name) == 1 else str(path) for path in paths]
    return [_described(path, name) for path, name in zip(paths, unique, strict=True)]


def open_lines(path: str) -> pa.NativeFile:
    """The decompressed bytes of a text file; the compression is that of its name."""
    return pa.input_stream(path, compression="detect")


def unreadable(error: BaseException) -> str:
    """The reason of an offence for what a reader of files raised, without the paths of this machine."""
    text = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else " ".join(str(error).split())
    return f"cannot be read: {text[:_REASON_CHARACTERS]}"


def _found(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    found = [path for path in sorted(source.rglob("*")) if _format(path) and not _hidden(path, source) and path.is_file()]
    if not found:
        reason = f"holds no file whose name ends in {_known()}"
        raise InvalidData([Offence(source.name, None, None, None, reason)])
    yield from found


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _format(path: Path) -> Format | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
        return _SUFFIXES.get(suffixes[-1]) if suffixes and suffixes[-1] != ".parquet" else None
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def _known() -> str:
    return f"{', '.join(_SUFFIXES)} (text also with {', '.join(_COMPRESSED)})"


def _described(path: Path, name: str) -> SourceFile:
    form = _format(path)
    if form is None:
        raise InvalidData([Offence(name, None, None, None, f"is of no known format: its name ends in none of {_known()}")])
    with path.open("rb"):  # a missing or forbidden file is told as such, not as one that is broken
        pass
    try:
        if form is Format.PARQUET:
            schema = pq.read_schema(path)
            numeric = frozenset(field.name for field in schema if _is_numeric(field.type))
            nested = [field.name for field in schema if pa.types.is_nested(field.type)]
            return _checked(SourceFile(str(path), name, form, "", tuple(schema.names), numeric), nested)
        with open_lines(str(path)) as stream:
            text = _beginning(stream, name)
    except (OSError, pa.ArrowException) as error:
        raise InvalidData([Offence(name, None, None, None, unreadable(error))]) from error
    if form is Format.JSON_LINES:
        return _checked(SourceFile(str(path), name, form, "", _fields(text, name), frozenset()))
    delimiter = "\t" if _is_tsv(path) else max(_DELIMITERS, key=text.split("\n", 1)[0].count)
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return _checked(SourceFile(str(path), name, form, delimiter, tuple(header), frozenset()))


def _beginning(stream: pa.NativeFile, name: str) -> str:
    """Text from the first line that is not blank, which is whole."""
    data: bytes = stream.read(_HEADER_BYTES).removeprefix(b"\xef\xbb\xbf")
    if len(data) == _HEADER_BYTES:
        data, newline, _ = data.rpartition(b"\n")
        if not newline:
            raise InvalidData([Offence(name, None, None, None, f"has a first line of more than {_HEADER_BYTES:,} bytes")])
    text = data.decode("utf-8", "replace").lstrip("\r\n")
    if not text.strip():
        raise InvalidData([Offence(name, None, None, None, "is empty")])
    return text


def _fields(text: str, name: str) -> tuple[str, ...]:
    line = text.split("\n", 1)[0]
    try:
        first = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidData([Offence(name, 1, None, line, f"is no JSON object: {error}")]) from None
    if not isinstance(first, dict):
        raise InvalidData([Offence(name, 1, None, line, "is no JSON object")])
    return tuple(first)


def _checked(file: SourceFile, nested: Sequence[str] = ()) -> SourceFile:
    """The file, if a column's name says which it is."""
    offences = [Offence(file.name, None, name, None, "is a nested column: a table holds texts and numbers") for name in nested]
    for place, column in enumerate(file.columns):
        if "\ufffd" in column:
            offences.append(Offence(file.name, None, column, None, "is not UTF-8"))
        elif column in file.columns[:place]:
            offences.append(Offence(file.name, None, column, None, "stands there twice: a column has one name"))
    if offences:
        raise InvalidData(offences)
    return file


def _is_tsv(path: Path) -> bool:
    return any(suffix.lower() in {".tsv", ".tab"} for suffix in path.suffixes)


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)
    )
