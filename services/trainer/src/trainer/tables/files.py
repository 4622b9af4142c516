"""The files that hold molecules and activities: which there are, how each is written, and which columns it has."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from trainer.data.offences import InvalidData, Offence
from trainer.tables.dialect import dialect_of, unique
from trainer.tables.rows import Unreadable, beginning_of
from trainer.tables.source import Dialect, Format, SourceFile
from trainer.tables.text import UTF_8, WINDOWS, encoding_of, open_bytes, open_text
from trainer.tables.unpacking import Overlarge, check_parquet, check_text, check_workbook

__all__ = ["find_files", "is_seed_table", "unreadable"]

_COMPRESSED: Final = (".gz", ".zst", ".bz2")
_REASON_CHARACTERS: Final = 200
_HEADER_BYTES: Final = 4 * 2**20
_MAGIC: Final = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old workbook",
    b"%PDF": "a PDF",
    b"PAR1": "Parquet",
}
_SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".txt": Format.CSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".json": Format.JSON,
    ".sdf": Format.SDF,
    ".sd": Format.SDF,
    ".smi": Format.SMI,
    ".smiles": Format.SMI,
    ".cxsmi": Format.SMI,
    ".ism": Format.SMI,
    ".xlsx": Format.WORKBOOK,
    ".xls": Format.WORKBOOK,
}
_BINARY: Final = frozenset({Format.PARQUET, Format.WORKBOOK})
_SEED_FIELDS: Final = re.compile(rb'"(?:fragment_comp|comp_target_interaction)"\s*:')


def find_files(sources: Sequence[Path]) -> list[SourceFile]:
    """The files named by `sources`, directories searched for files of a known format, in the order given.

    Texts in a directory that are no table, such as a README, are passed over.

    Raises:
        InvalidData: A file is empty, of no known format, or does not begin as its format demands.
        OSError: It cannot be read.
    """
    paths = [(path, source.is_dir()) for source in sources for path in _found(source)]
    names = [path.name for path, _ in paths]
    files = [
        _described(path, path.name if names.count(path.name) == 1 else str(path))
        for path, among in paths
        if not (among and _is_prose(path))
    ]
    if not files:
        name = ", ".join(source.name for source in sources)
        raise InvalidData([Offence(name, None, None, None, f"holds no table: no file whose name ends in {_known()}")])
    return files


def is_seed_table(path: Path) -> bool:
    """Is this file of the demonstration's format: one JSON object with its two fields, or one that is no table either?

    Raises:
        OSError: It cannot be read.
    """
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as content:
        beginning = content.read(2**16)
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _SEED_FIELDS.search(beginning) or not text.startswith((b"[", b"{")):
        return True
    return text.startswith(b"{") and not re.match(rb'\{\s*"[^"\\]*"\s*:\s*[\[{"\d]', text)


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


def _is_prose(path: Path) -> bool:
    """Whether a text that lies beside tables is none: it is named as one to be read, or is not divided into columns."""
    if _format(path) is Format.CSV and re.match(
        r"(?i)(read[_-]?me|licen[cs]e|notice|changes|changelog|citation|about)\b", path.name
    ):
        return True
    if _format(path) is Format.JSON:
        return _is_no_table(path)
    if _format(path) is not Format.CSV or not path.name.lower().removesuffix(".gz").endswith(".txt"):
        return False
    try:
        with open_text(str(path)) as stream:
            text = stream.read(2**16).decode("utf-8", "replace")
    except (OSError, pa.ArrowException, UnicodeError, Overlarge):
        return False
    return bool(text.strip()) and len(dialect_of(text, UTF_8, whole=False)[1]) < 2  # noqa: PLR2004 - a table has two


def _is_no_table(path: Path) -> bool:
    """Whether JSON holds no rows: settings, say, or what somebody wrote about the data."""
    try:
        return not beginning_of(str(path), Format.JSON)[0]
    except (Unreadable, Overlarge, OSError, pa.ArrowException):
        return True


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_", "~$")) for part in path.relative_to(root).parts)


def _format(path: Path) -> Format | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
        found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
        return None if found in _BINARY else found
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def _known() -> str:
    return f"{', '.join(_SUFFIXES)} (text also with {', '.join(_COMPRESSED)})"


def _described(path: Path, name: str) -> SourceFile:
    form = _format(path)
    if form is None:
        raise InvalidData([Offence(name, None, None, None, f"is of no known format: its name ends in none of {_known()}")])
    with path.open("rb") as content:  # a missing or forbidden file is told as such, not as one that is broken
        magic = content.read(4)
    if form not in _BINARY and magic in _MAGIC:
        reason = f"is {_MAGIC[magic]}, not what its name says: save it as CSV, or name it as what it is"
        raise InvalidData([Offence(name, None, None, None, reason)])
    try:
        _check_unpacked(path, form)
        match form:
            case Format.PARQUET:
                return _parquet(path, name)
            case Format.CSV:
                return _text_table(path, name)
            case Format.JSON_LINES:
                return SourceFile(str(path), name, form, _fields(path, name))
            case _:
                return _of_rows(path, name, form)
    except Overlarge as error:
        raise InvalidData([Offence(name, None, None, None, str(error))]) from None
    except (OSError, pa.ArrowException, UnicodeError) as error:
        raise InvalidData([Offence(name, None, None, None, unreadable(error))]) from error


def _check_unpacked(path: Path, form: Format) -> None:
    match form:
        case Format.PARQUET:
            check_parquet(path)
        case Format.WORKBOOK:
            check_workbook(path)
        case _:
            with open_bytes(str(path)) as stream:
                check_text(path, stream)


def _parquet(path: Path, name: str) -> SourceFile:
    schema = pq.read_schema(path)
    numeric = frozenset(field.name for field in schema if _is_numeric(field.type))
    truths = frozenset(field.name for field in schema if pa.types.is_boolean(field.type))
    nested = [
        Offence(name, None, field.name, None, "is a nested column: a table holds texts and numbers")
        for field in schema
        if pa.types.is_nested(field.type)
    ]
    twice = [column for column in schema.names if schema.names.count(column) > 1]
    nested += [
        Offence(name, None, column, None, "stands there twice: a column has one name") for column in dict.fromkeys(twice)
    ]
    if nested:
        raise InvalidData(nested)
    return SourceFile(str(path), name, Format.PARQUET, tuple(schema.names), numeric=numeric, truths=truths)


def _text_table(path: Path, name: str) -> SourceFile:
    with open_bytes(str(path)) as stream:
        encoding = encoding_of(stream.read(2**16))
    with open_text(str(path), encoding) as stream:
        text, whole = _beginning(stream, name)
    tabs = any(suffix.lower() in {".tsv", ".tab"} for suffix in path.suffixes)
    dialect, columns = dialect_of(text, encoding, whole=whole, tabs=tabs)
    offences = [
        Offence(name, None, column, None, "is not UTF-8: save the file as CSV UTF-8")
        for column in columns
        if "\ufffd" in column
    ]
    if offences:
        raise InvalidData(offences)
    if encoding == WINDOWS:
        dialect = replace(dialect, notes=(*dialect.notes, "is not UTF-8: read as Windows-1252"))
    return SourceFile(str(path), name, Format.CSV, columns, dialect)


def _beginning(stream: pa.NativeFile, name: str) -> tuple[str, bool]:
    """The text's beginning, in whole lines, and whether that is all of it."""
    data: bytes = stream.read(_HEADER_BYTES)
    whole = len(data) < _HEADER_BYTES
    if not whole:
        data, newline, _ = data.rpartition(b"\n")
        if not newline:
            raise InvalidData([Offence(name, None, None, None, f"has a first line of more than {_HEADER_BYTES:,} bytes")])
    text = data.decode("utf-8", "replace")
    if not text.removeprefix("\ufeff").strip():
        raise InvalidData([Offence(name, None, None, None, "is empty")])
    if "\0" in text[:_REASON_CHARACTERS]:
        raise InvalidData([Offence(name, None, None, None, "is no text: it holds bytes of 0")])
    return text, whole


def _fields(path: Path, name: str) -> tuple[str, ...]:
    with open_text(str(path)) as stream:
        text, _ = _beginning(stream, name)
    line = text.removeprefix("\ufeff").lstrip().split("\n", 1)[0]
    try:
        first = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidData([Offence(name, 1, None, line, f"is no JSON object: {error}")]) from None
    if not isinstance(first, dict):
        raise InvalidData([Offence(name, 1, None, line, "is no JSON object")])
    return tuple(first)


def _of_rows(path: Path, name: str, form: Format) -> SourceFile:
    try:
        columns, notes, truths = beginning_of(str(path), form)
    except Unreadable as error:
        raise InvalidData([Offence(name, None, None, None, str(error))]) from None
    if not columns:
        raise InvalidData([Offence(name, None, None, None, "is empty")])
    return SourceFile(str(path), name, form, unique(columns), Dialect("", notes=notes), truths=truths)


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)
    )
