"""statistics: what the Delta log says of a file is true of its rows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from trainer.store.statistics import statistics


def stats_of(directory: Path, columns: dict[str, Any], **options: Any) -> dict[str, Any]:
    pq.write_table(pa.table(columns), directory / "a.parquet", **options)
    stats: dict[str, Any] = json.loads(statistics(directory / "a.parquet"))
    return stats


@given(values=st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=50))
def test_bounds_and_missing_values_are_those_of_all_row_groups(tmp_path_factory: Any, values: list[int | None]) -> None:
    stats = stats_of(tmp_path_factory.mktemp("stats"), {"id": pa.array(values, pa.int32())}, row_group_size=7)
    known = [value for value in values if value is not None]
    assert stats["numRecords"] == len(values)
    assert stats["nullCount"] == {"id": values.count(None)}
    groups = [values[start : start + 7] for start in range(0, len(values), 7)]
    if all(any(value is not None for value in group) for group in groups):
        assert (stats["minValues"], stats["maxValues"]) == ({"id": min(known)}, {"id": max(known)})
    else:  # a row group without values has no bounds, so nothing is claimed
        assert stats["minValues"] == {}


def test_what_delta_cannot_hold_is_left_out(tmp_path: Path) -> None:
    at = datetime(2026, 11, 23, 22, 30, 0, 5, tzinfo=UTC)
    stats = stats_of(
        tmp_path,
        {
            "short": ["b", "a"],
            "long": ["C" * 65, "a"],
            "infinite": [float("inf"), 0.0],
            "bytes": [b"a", b"b"],
            "nested": [[1], [2]],
            "yes": [True, False],
            "at": [at, at],
        },
    )
    assert stats["minValues"] == {"short": "a", "yes": False, "at": "2026-11-23T22:30:00.000005Z"}
    assert stats["maxValues"] == {"short": "b", "yes": True, "at": "2026-11-23T22:30:00.000005Z"}


def test_a_file_without_rows_claims_nothing(tmp_path: Path) -> None:
    stats = stats_of(tmp_path, {"id": pa.array([], pa.int32())})
    assert (stats["numRecords"], stats["minValues"], stats["maxValues"]) == (0, {}, {})
