"""Tables: what callers hand in, as a file; what services answer, as a table of the library that the caller works with."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import narwhals as nw

__all__ = ["Table", "TableKind", "file_of", "is_file", "named_column", "table_of"]

TableKind = Literal["pandas", "polars", "pyarrow"]
Table = Any
"""A table of the library that the client was told: pandas unless `tables="polars"` or `tables="pyarrow"`."""
_NAME: Final = "table.csv"


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], kind: TableKind) -> Table:
    """`rows` as a table with exactly these columns; what a row lacks is missing there."""
    listed = list(rows)
    return nw.from_dict({name: [row.get(name) for row in listed] for name in columns}, backend=kind).to_native()


def file_of(data: Any) -> tuple[str, bytes]:
    """The name and the bytes of what is uploaded: a file as it is, a table as CSV.

    Raises:
        TypeError: it is neither a path nor a table of a library that narwhals knows.
        OSError: the file cannot be read.
    """
    if isinstance(data, str | Path):
        return Path(data).name, Path(data).read_bytes()
    try:
        table = nw.from_native(data, eager_only=True)
    except TypeError:
        raise TypeError(f"expected a path, or a table of pandas, polars or pyarrow, not {type(data).__name__}") from None
    text = table.write_csv()
    return _NAME, text.encode()


def is_file(name: str) -> bool:
    """Whether this machine has such a file."""
    return Path(name).is_file()


def named_column(data: Any, name: str) -> list[Any]:
    """A column of a table as a list; the list itself where `data` is one already.

    Raises:
        KeyError: the table has no such column.
    """
    if isinstance(data, str):
        return [data]
    try:
        given: Any = nw.from_native(data, eager_only=True, allow_series=True)
    except TypeError:
        return list(data)
    if isinstance(given, nw.Series):
        return list(given.to_list())
    if name not in given.columns:
        raise KeyError(f"the table has no column {name!r}: it has {', '.join(map(repr, given.columns))}")
    return list(given[name].to_list())
