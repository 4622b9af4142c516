"""Delta statistics of a Parquet file, from its footer: how many rows it holds, and least, greatest and missing values."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

__all__ = ["statistics"]

_TEXT_CHARACTERS: Final = 64
_NESTED: Final = "."


def statistics(file: Path) -> str:
    """The JSON of an add-action's `stats`; columns that are nested or have no bounds in the footer are left out."""
    footer = pq.read_metadata(file)
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    missing: dict[str, int] = {}
    for index in range(footer.num_columns):
        chunks = [footer.row_group(group).column(index) for group in range(footer.num_row_groups)]
        bounds = [chunk.statistics for chunk in chunks]
        if not chunks or _NESTED in chunks[0].path_in_schema or not all(bounds):
            continue
        name = chunks[0].path_in_schema
        if all(bound.has_null_count for bound in bounds):
            missing[name] = sum(bound.null_count for bound in bounds)
        ranges = [(_value(bound.min), _value(bound.max)) for bound in bounds if bound.has_min_max]
        if len(ranges) == len(bounds) and all(low is not None and high is not None for low, high in ranges):
            least[name] = min(low for low, _ in ranges)
            greatest[name] = max(high for _, high in ranges)
    return json.dumps({"numRecords": footer.num_rows, "minValues": least, "maxValues": greatest, "nullCount": missing})


def _value(bound: Any) -> Any:
    """A bound as Delta writes it, or None for one it cannot hold: long text, NaN, bytes."""
    if isinstance(bound, datetime):
        return bound.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(bound, str):
        return bound if len(bound) <= _TEXT_CHARACTERS else None
    if isinstance(bound, float):
        return bound if math.isfinite(bound) else None
    return bound if isinstance(bound, bool | int) else None
