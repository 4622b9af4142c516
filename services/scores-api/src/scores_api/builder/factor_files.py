"""Files of the factors: arrays for single vectors and pages, one Arrow stream a side for all."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scores_api import layout
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.decimals import shortest

__all__ = ["write_factors"]

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


def write_factors(directory: Path, run: str, side: layout.Side, names: list[str], rows: pa.Table) -> None:
    """Write the factors of `side`: `rows` must be one for each of `names`, in the order of ids.

    Raises:
        StoreDamaged: rows are missing or too many, or differ in length, or hold what is no number.
    """
    if not np.array_equal(rows["id"].to_numpy(), np.arange(len(names))):
        raise StoreDamaged(f"{run}: the table 'factors' does not hold each of the {len(names)} {side} once")
    for gauge in layout.GAUGES:
        matrix = shortest(_matrix(rows[gauge], f"{run}: the column {gauge!r} of the {side}"))
        np.save(directory / layout.vectors_array(side, gauge), matrix)
    columns = {"id": rows["id"], "name": pa.array(names, pa.string()), "vector": rows["vector"], "balanced": rows["balanced"]}
    stream = pa.table(columns, schema=_STREAM.with_metadata({"run": run, "side": side}))
    path = str(directory / layout.factors_stream(side))
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, stream.schema) as writer:
        writer.write_table(stream, max_chunksize=_BATCH_ROWS)


def _matrix(column: pa.ChunkedArray, what: str) -> npt.NDArray[np.float32]:
    lists = column.combine_chunks()
    lengths = pc.list_value_length(lists).unique().to_pylist()
    values = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    if len(lengths) > 1 or not np.isfinite(values).all():
        raise StoreDamaged(f"{what} are no matrix of finite numbers")
    return np.asarray(values).reshape(len(lists), *lengths or [0])
