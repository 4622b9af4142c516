"""A source file: how it is written and which columns it has."""

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Dialect", "Format", "SourceFile"]


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"
    JSON = "json"
    """An array of objects, or an object of columns."""
    SDF = "sdf"
    SMI = "smi"
    WORKBOOK = "xlsx"
    DATABASE = "database"
    """What a query gives."""


@dataclass(frozen=True)
class Dialect:
    """How a text table is written, as far as its beginning tells."""

    delimiter: str
    encoding: str = "utf-8"
    """Of the file; told from its byte-order mark."""
    head_bytes: int = 0
    """Of its text as UTF-8, up to the first data row: comments, a line `sep=`, the header and rows that describe columns."""
    head_characters: int = 0
    """The same in characters."""
    unquoted: int | None = None
    """Place of a column whose InChIs stand unquoted although commas delimit; None where there is none."""
    units: tuple[tuple[str, str], ...] = ()
    """Units that rows below the header state, as (column, unit)."""
    notes: tuple[str, ...] = ()
    """What stood there, in words for the owner of the file."""


@dataclass(frozen=True)
class SourceFile:
    """One file, as far as its beginning tells."""

    path: str
    name: str
    """What offences call it: its name, or its path where names repeat."""
    format: Format
    columns: tuple[str, ...]
    """In order, all different. Of JSON Lines and SDF, the fields of the first objects: later ones may have more."""
    dialect: Dialect = field(default_factory=lambda: Dialect(""))
    numeric: frozenset[str] = frozenset()
    """Columns that hold numbers by their type."""
    truths: frozenset[str] = frozenset()
    """Columns that hold true and false by their type."""

    @property
    def delimiter(self) -> str:
        """Of CSV files."""
        return self.dialect.delimiter
