"""Arrays of what fragments are compared by beyond their factors, from the table `likeness`."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["likeness_arrays"]

Arrays = dict[str, npt.NDArray[Any]]


def likeness_arrays(likeness: pa.Table) -> Arrays:
    """By their names in `published.form.ARRAYS`."""
    arrays: Arrays = {}
    for name, column in (("environments", "environments"), ("coassay.targets", "targets")):
        arrays[name], offsets = _flat(likeness[column])
        arrays[f"{name.split('.')[0]}.offsets"] = offsets
    arrays["coassay"] = _flat(likeness["coassay"])[0].astype(np.float32)
    return arrays


def _flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """All lists end to end, and where each begins; a null is an empty one."""
    lists = column.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pc.list_flatten(lists).to_numpy(), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
