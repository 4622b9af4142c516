"""Documents: bodies that are served as they are, as JSON, CSV and Arrow streams."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic_core import to_json

from published import form
from servicekit.spreadsheet import harmless
from trainer.store.form.decimals import shortest

__all__ = ["write_curve", "write_factors", "write_map", "write_rejects", "write_scores", "write_trajectory"]

_MAP_DIGITS: Final = 4
_BATCH_ROWS: Final = 16_384
_STREAM: Final = pa.schema(
    [
        pa.field("id", pa.int32(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("vector", pa.list_(pa.float32()), nullable=False),
        pa.field("balanced", pa.list_(pa.float32()), nullable=False),
    ]
)
"""What `Accept: application/vnd.apache.arrow.stream` gets; its metadata states `run` and `side`."""


def write_scores(directory: Path, names: Sequence[str], scores: pa.Table) -> None:
    """Write `{"names": [...], "scores": [[...]]}` of a table: symmetric, two decimals, exactly 100.0 on the diagonal."""
    shown = scores["fragment"].to_pylist()
    percent_FF = _matrix(scores["percents"]).astype(np.float64).reshape(len(shown), len(shown))
    percent_FF = np.clip(np.round(percent_FF, 2), -100.0, 100.0) + 0.0
    percent_FF = np.triu(percent_FF, 1) + np.triu(percent_FF, 1).T
    np.fill_diagonal(percent_FF, 100.0)
    with (directory / form.SCORES).open("w", encoding="utf-8") as file:
        file.write(f'{{"names":{_compact([names[place] for place in shown])},"scores":[')
        file.writelines(("," if place else "") + _compact(row.tolist()) for place, row in enumerate(percent_FF))
        file.write("]}")


def write_curve(directory: Path, run: str, curve: Sequence[dict[str, Any]]) -> None:
    """Write the training curve: points of `step` and `loss`."""
    steps, losses = [int(point["step"]) for point in curve], [float(point["loss"]) for point in curve]
    (directory / form.CURVE).write_bytes(to_json({"run": run, "steps": steps, "losses": losses}))


def write_trajectory(directory: Path, run: str, names: Sequence[str], trajectory: pa.Table) -> None:
    """Write the recorded positions of the recorded fragments, step by step, as the table `trajectory` has them."""
    steps, fragments = np.unique(trajectory["step"].to_numpy()), np.unique(trajectory["fragment"].to_numpy())
    vectors_ND = _matrix(trajectory["vector"])
    positions_SFD = shortest(vectors_ND).reshape(len(steps), len(fragments), vectors_ND.shape[1])
    document = {
        "run": run,
        "fragments": [names[place] for place in fragments.tolist()],
        "steps": steps.tolist(),
        "positions": positions_SFD.tolist(),
    }
    (directory / form.TRAJECTORY).write_bytes(to_json(document))


def write_map(directory: Path, run: str, names: Sequence[str], positions_FD: npt.NDArray[np.float32]) -> None:
    """Write where fragments lie on the neighbourhood map, in the order of their names."""
    positions = np.round(positions_FD.astype(np.float64), _MAP_DIGITS) + 0.0
    document = {"run": run, "fragments": list(names), "positions": positions.tolist()}
    (directory / form.MAP).write_bytes(to_json(document))


def write_rejects(directory: Path, rejects: pa.Table) -> npt.NDArray[np.int64]:
    """Write the table `rejects` in the order of files and rows; where each object begins, and where the last ends."""
    rows = rejects.sort_by([("file", "ascending"), ("row", "ascending")]).to_pylist()
    lines = [json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") for row in rows]
    (directory / form.REJECT_LINES).write_bytes(b"".join(lines))
    with (directory / form.REJECT_TABLE).open("w", encoding="utf-8", newline="", errors="replace") as file:
        writer = csv.DictWriter(file, rejects.schema.names)
        writer.writeheader()
        writer.writerows({name: harmless(cell) for name, cell in row.items()} for row in rows)
    return np.cumsum([0, *map(len, lines)], dtype=np.int64)


def write_factors(
    directory: Path, run: str, side: form.Side, names: Sequence[str], rows: pa.Table
) -> dict[str, npt.NDArray[np.float64]]:
    """Write a side of the table `factors`, which holds each id once and in order, as a stream; its matrix by gauge."""
    columns = {"id": rows["id"], "name": pa.array(names, pa.string()), "vector": rows["vector"], "balanced": rows["balanced"]}
    stream = pa.table(columns, schema=_STREAM.with_metadata({"run": run, "side": side}))
    with pa.OSFile(str(directory / form.factors_stream(side)), "wb") as file, pa.ipc.new_stream(file, stream.schema) as writer:
        writer.write_table(stream, max_chunksize=_BATCH_ROWS)
    return {f"{side}.{gauge}": shortest(_matrix(rows[gauge])) for gauge in form.GAUGES}


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    """Lists of equal length as rows."""
    lists = column.combine_chunks()
    width = len(lists[0]) if len(lists) else 0
    return np.asarray(lists.flatten().to_numpy(zero_copy_only=False)).reshape(len(lists), width)


def _compact(value: list[str] | list[float]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
