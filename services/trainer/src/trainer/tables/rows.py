"""Files that are read row by row: JSON, structure files, lists of SMILES and workbooks, all as rows of text."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from rdkit import Chem, rdBase

from chemistry.notation import name_of
from trainer.tables.block import Block, Flaw
from trainer.tables.source import Format
from trainer.tables.text import encoding_of, open_bytes, open_text

__all__ = ["MOLFILE", "Row", "Unreadable", "beginning_of", "row_blocks", "text_of"]

MOLFILE: Final = "molfile"
"""What the column of structures of an SDF is called; its cells are handed on as SMILES."""
_TITLE: Final = "title"
_BLOCK_ROWS: Final = 16_384
_LOOKED_AT: Final = 1_000
_JSON_BYTES: Final = 128 * 2**20
_RECORD_BYTES: Final = 4 * 2**20
_SHOWN_SHEETS: Final = 3
Row = dict[str, str]
_Rows = Iterator[Row | str]
"""Rows, or what is wrong with one."""


class Unreadable(Exception):
    """A file that does not begin as its format demands; `str()` is the reason of an offence."""


def beginning_of(path: str, form: Format) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """The columns of a file, what is said of it, and its columns of true and false, by its first rows.

    Raises:
        Unreadable: It does not begin as its format demands.
        OSError: It cannot be read.
    """
    notes: list[str] = []
    columns: dict[str, None] = {}
    for row in itertools.islice(_READERS[form](path, notes), _LOOKED_AT):
        if isinstance(row, dict):
            columns |= dict.fromkeys(row)
    return tuple(columns), tuple(notes), frozenset()


def row_blocks(path: str, form: Format, columns: Sequence[str]) -> Iterator[Block]:
    """Blocks of some columns; fields that a row lacks are empty. Raises as `beginning_of`."""
    numbers: list[int] = []
    rows: list[Row] = []
    flaws: list[Flaw] = []
    for number, row in enumerate(_READERS[form](path, []), start=1):
        if isinstance(row, str):
            flaws.append(Flaw(number, None, None, row))
        else:
            numbers.append(number)
            rows.append(row)
        if len(rows) + len(flaws) == _BLOCK_ROWS:
            yield _block(columns, numbers, rows, flaws)
            numbers, rows, flaws = [], [], []
    yield _block(columns, numbers, rows, flaws)


def _block(columns: Sequence[str], numbers: Sequence[int], rows: Sequence[Row], flaws: Sequence[Flaw]) -> Block:
    found = {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in columns}
    return Block(np.array(numbers, np.int64), found, flaws)


def text_of(value: Any) -> str:  # noqa: PLR0911 - a type a line
    """A value as a cell's text; nothing is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}"
        case str():
            return value.encode("utf-8", "replace").decode()
        case int():
            return str(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=True)
        case _:
            return str(value)


# --- JSON ----------------------------------------------------------------------------------------------------------------


def _json(path: str, notes: list[str]) -> _Rows:
    """An array of objects, an object of columns, an object that holds one array of objects, or an object a line."""
    with open_bytes(path) as stream:
        data: bytes = stream.read(_JSON_BYTES + 1)
    if len(data) > _JSON_BYTES:
        raise Unreadable(f"is JSON of more than {_JSON_BYTES:,} bytes: write one object a line, as .jsonl")
    try:
        text = data.decode(encoding_of(data)).removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8") from None
    if not text:
        raise Unreadable("is empty")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        if text.startswith("{") and error.msg == "Extra data":
            yield from _object_lines(text)
            return
        raise Unreadable(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):
        raise Unreadable("is JSON that is nested too deeply or holds a number of thousands of digits") from None
    yield from _objects(document, notes)


def _objects(document: Any, notes: list[str]) -> _Rows:
    if isinstance(document, dict):
        lists = {
            key: value for key, value in document.items() if isinstance(value, list) and value and isinstance(value[0], dict)
        }
        if len(lists) == 1:
            ((key, document),) = lists.items()
            notes.append(f"the array {key!r} is read")
        elif document and all(isinstance(value, dict | list) for value in document.values()):
            yield from _columns(document)
            return
    if not isinstance(document, list) or not document:
        raise Unreadable("is no table: a JSON file holds an array of objects, one a row")
    for value in document:
        yield {key: text_of(each) for key, each in value.items()} if isinstance(value, dict) else "is no JSON object"


def _columns(document: dict[str, Any]) -> _Rows:
    """As pandas writes a table: an object of columns, each an object or an array of cells."""
    places = list(
        dict.fromkeys(
            key for column in document.values() for key in (column if isinstance(column, dict) else range(len(column)))
        )
    )
    for place in places:
        yield {
            name: text_of(column.get(place) if isinstance(column, dict) else column[place] if place < len(column) else None)
            for name, column in document.items()
        }


def _object_lines(text: str) -> _Rows:
    for line in text.splitlines():
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                yield "is no JSON object"
            else:
                yield {key: text_of(each) for key, each in value.items()} if isinstance(value, dict) else "is no JSON object"


# --- structures ----------------------------------------------------------------------------------------------------------


def _lines(path: str) -> Iterator[str]:
    with open_bytes(path) as stream:
        encoding = encoding_of(stream.read(2**16))
    rest = b""
    with open_text(path, encoding) as stream:
        while chunk := stream.read(2**20):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _RECORD_BYTES:
                raise Unreadable(f"has a line of more than {_RECORD_BYTES:,} bytes")
            yield from (line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r") for line in lines)
    if rest:
        yield rest.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r")


def _sdf(path: str, _: list[str]) -> _Rows:
    """A record a row: the structure, its title and its data fields."""
    record: list[str] = []
    for line in _lines(path):
        if line.startswith("$$$$"):
            yield _record(record)
            record = []
        else:
            record.append(line)
    if any(line.strip() for line in record):
        yield _record(record)


def _record(lines: list[str]) -> Row | str:
    end = next((place for place, line in enumerate(lines) if line.startswith("M  END")), None)
    if end is None:
        return "is no record of an SDF: it has no line M  END"
    with rdBase.BlockLogs():
        mol: Chem.Mol | None = Chem.MolFromMolBlock("\n".join(lines[: end + 1]) + "\n", sanitize=False, removeHs=False)
        if mol is None:
            return "has a structure that cannot be read"
        smiles = str(Chem.MolToSmiles(mol))
    row = {MOLFILE: smiles, _TITLE: lines[0].strip()}
    name: str | None = None
    values: list[str] = []
    for line in [*lines[end + 1 :], ">"]:
        if line.startswith(">"):
            line = line.replace("\0", " ")  # noqa: PLW2901 - no name has one
            if name is not None:
                row[name if name not in {MOLFILE, _TITLE} else f"{name} (field)"] = "\n".join(values).strip()
            before, bracket, rest = line.partition("<")
            name, values = (rest.rpartition(">")[0] or rest if bracket else before.strip("> ") or None), []
        elif name is not None:
            values.append(line)
    return row


def _smi(path: str, _: list[str]) -> _Rows:
    """A SMILES a line, with a name behind it; or columns where the first line names them."""
    header: list[str] | None = None
    for place, line in enumerate(line for line in _lines(path) if line.strip() and not line.startswith("#")):
        words = line.split()
        if place == 0 and words[0].casefold().strip('"') in {"smiles", "smi", "canonical_smiles", "smile"}:
            header = (line.split("\t") if "\t" in line else words) or None
            continue
        if header is not None:
            cells = line.split("\t") if "\t" in line else line.split(maxsplit=len(header) - 1)
            yield dict(zip(header, cells, strict=False))
        else:
            yield {"smiles": words[0], "name": name_of(line)}


# --- workbooks -----------------------------------------------------------------------------------------------------------


def _workbook(path: str, notes: list[str]) -> _Rows:
    """The first sheet that holds a table; its header is the first row of two cells or more."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - few files are workbooks

    try:
        with CalamineWorkbook.from_path(path) as book:
            sheets = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=True)) for name in book.sheet_names]
    except (CalamineError, ValueError, OSError) as error:
        raise Unreadable(
            f"is a workbook that cannot be read: save the sheet as CSV ({' '.join(str(error).split())[:100]})"
        ) from None
    tables = [(name, cells) for name, cells in sheets if sum(len(_filled(row)) > 1 for row in cells) > 1]
    if not tables:
        raise Unreadable("is a workbook without a table: save the sheet as CSV")
    name, cells = tables[0]
    if len(tables) > 1:
        others = ", ".join(other for other, _ in tables[1 : 1 + _SHOWN_SHEETS])
        notes.append(f"the sheet {name!r} is read, not {others}: save another sheet as CSV to read it")
    start = next(place for place, row in enumerate(cells) if len(_filled(row)) > 1)
    header = [text_of(cell).strip() or f"column {place}" for place, cell in enumerate(cells[start], start=1)]
    if start:
        notes.append(f"{start} {'row' if start == 1 else 'rows'} before the header passed over")
    for row in cells[start + 1 :]:
        if _filled(row):
            yield {name: text_of(cell) for name, cell in zip(_different(header), row, strict=False)}


def _filled(row: Sequence[Any]) -> list[Any]:
    return [cell for cell in row if cell not in {"", None}]


def _different(names: Sequence[str]) -> list[str]:
    counts: dict[str, int] = {}
    found = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return found


_READERS: Final[dict[Format, Callable[[str, list[str]], _Rows]]] = {
    Format.JSON: _json,
    Format.SDF: _sdf,
    Format.SMI: _smi,
    Format.WORKBOOK: _workbook,
}
