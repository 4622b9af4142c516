"""Dialects: how a text table is delimited, where its header stands and what stands around it, found from its beginning."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from trainer.tables import vocabulary
from trainer.tables.source import Dialect

__all__ = ["dialect_of", "unique"]

_DELIMITERS: Final = (",", "\t", ";", "|")
_SEPARATOR_LINE: Final = re.compile(r"\s*\"?sep=(\\t|.)\"?\s*", re.IGNORECASE)
_RESULT_ROWS: Final = "RESULT_"
"""How the rows begin that describe the columns of a PubChem BioAssay."""
_SAMPLED: Final = 100
_MARK: Final = "\ufeff"
_Rows = list[tuple[list[str], int]]
"""Fields of a row, and where it ends in the text."""


def dialect_of(text: str, encoding: str, *, whole: bool, tabs: bool = False) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect of a text that begins so, and the names of its columns, all different.

    Args:
        text: The beginning, not blank, a byte-order mark among it.
        encoding: Of the file.
        whole: There is nothing behind `text`.
        tabs: The file's name says that tabs delimit it.
    """
    start, delimiter, notes = _opening(text)
    if delimiter is None:
        delimiter = "\t" if tabs else _delimiter(_lines(text[start:], whole=whole))
    rows = list(_rows(text, start, delimiter))
    header, extra = _header(rows)
    if extra:
        notes.append(f"{extra} {'line' if extra == 1 else 'lines'} before the header passed over")
    names, end = rows[header] if rows else ([], start)
    names = [name.strip().removeprefix("#").lstrip() if place == 0 else name.strip() for place, name in enumerate(names)]
    body = [fields for fields, _ in rows[header + 1 :] if any(fields)]
    if body and all(len(fields) == len(names) + 1 for fields in body) and len(body) > 1:
        names = ["", *names]  # R names the rows, and not their column
    units: dict[str, str] = {}
    columns = unique(names)
    if names and vocabulary.normal(names[0]) == "pubchemresulttag":
        described = [(fields, stop) for fields, stop in rows[header + 1 :] if fields and fields[0].startswith(_RESULT_ROWS)]
        for fields, stop in described:
            end = stop
            if fields[0] == "RESULT_UNIT":
                units = {name: unit for name, unit in zip(columns, fields, strict=False) if unit and name != columns[0]}
        if described:
            notes.append(f"{len(described)} RESULT_* rows describe the columns")
    head = len(text[:end].encode("utf-8", "surrogateescape"))
    unquoted = _unquoted(columns, body) if delimiter == "," else None
    if unquoted is not None:
        notes.append(f"InChIs in {columns[unquoted]} stand unquoted: the commas within them are not taken for delimiters")
    return Dialect(delimiter, encoding, head, end, unquoted, tuple(units.items()), tuple(notes)), columns


def _unquoted(columns: Sequence[str], body: Sequence[Sequence[str]]) -> int | None:
    """The column of InChIs that commas have torn apart: rows are too long, and that column begins one."""
    place = next((at for at, name in enumerate(columns) if vocabulary.normal(name) in vocabulary.INCHI), None)
    if place is None:
        return None
    torn = [row for row in body if len(row) > len(columns) and row[place].startswith("InChI=")]
    return place if torn else None


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names that are all different: a column without one is called by its place, later ones of the same name are numbered."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        wanted = name or f"column {place}"
        repeat = 1
        while (wanted if repeat == 1 else f"{wanted} ({repeat})") in found:
            repeat += 1
        found.append(wanted if repeat == 1 else f"{wanted} ({repeat})")
    return tuple(found)


def _opening(text: str) -> tuple[int, str | None, list[str]]:
    """Where the table begins behind a mark, blank lines, a line `sep=` and comments; the delimiter that is told there."""
    start = len(text) - len(text.removeprefix(_MARK))
    delimiter, comments = None, 0
    while start < len(text):
        end = _line_end(text, start)
        line = text[start:end].strip()
        following = text[end : _line_end(text, end)]
        if match := _SEPARATOR_LINE.fullmatch(line):
            delimiter = "\t" if match[1] == "\\t" else match[1]
        elif line.lstrip('"').startswith("#") and not _is_header(line, following):
            comments += 1
        elif line:
            break
        start = end
    notes = [] if not comments else [f"{comments} comment {'line' if comments == 1 else 'lines'} passed over"]
    return start, delimiter, notes


def _is_header(line: str, following: str) -> bool:
    """Whether a line that begins with # is the header: it names a column of molecules, and the next line does not."""

    def named(text: str) -> bool:
        fields = re.split(r"[,;\t|]", text.lstrip('#" '))
        return any(vocabulary.normal(field) in {*vocabulary.SMILES[:12], *vocabulary.INCHI} for field in fields)

    return named(line) and not named(following)


def _line_end(text: str, start: int) -> int:
    ends = [end for mark in "\r\n" if (end := text.find(mark, start)) >= 0]
    if not ends:
        return len(text)
    end = min(ends) + 1
    return end + 1 if text[end - 1 : end + 1] == "\r\n" else end


def _lines(text: str, *, whole: bool) -> list[str]:
    lines = [line for line in re.split(r"\r\n|\n|\r", text)[: _SAMPLED + 1] if line.strip()]
    return lines if whole or len(lines) < 2 else lines[:-1]  # noqa: PLR2004 - the last may be cut off


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that divides most lines into as many fields as the first, and into most of them."""

    def score(delimiter: str) -> tuple[float, int, int]:
        counts = [len(fields) for fields in _fields("\n".join(lines), delimiter) if fields]
        if not counts or counts[0] < 2:  # noqa: PLR2004 - one field is not divided
            usual = Counter(counts).most_common(1)[0][0] if counts else 1
            agreeing = sum(count == usual for count in counts) / max(1, len(counts))
            return (agreeing / 2 if usual > 1 else 0.0, usual, 0)
        return (sum(count == counts[0] for count in counts) / len(counts), counts[0], -_DELIMITERS.index(delimiter))

    return max(_DELIMITERS, key=score)


def _fields(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return []


def _rows(text: str, start: int, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """The first rows that are not blank, each with its end in the text."""
    place = start

    def fed() -> Iterator[str]:
        nonlocal place
        while place < len(text):
            end = _line_end(text, place)
            line, place = text[place:end], end
            yield line

    reader = csv.reader(fed(), delimiter=delimiter)
    found = 0
    try:
        for fields in reader:
            if fields:
                yield fields, place
                found += 1
            if found > _SAMPLED:
                return
    except csv.Error:
        return


def _header(rows: _Rows) -> tuple[int, int]:
    """The place of the header among the rows, and how many lines stand before it: titles, of one field."""
    counts = Counter(len(fields) for fields, _ in rows[1:])
    if not rows or not counts:
        return 0, 0
    usual, times = counts.most_common(1)[0]
    if usual > 1 and times > 1:
        first = next((place for place, (fields, _) in enumerate(rows) if len([f for f in fields if f]) > 1), 0)
        return first, first
    return 0, 0
