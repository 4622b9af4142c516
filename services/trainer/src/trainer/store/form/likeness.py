"""Arrays of what fragments are compared by beyond their factors, from the tables `likeness`, `ranks` and `draws`."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.kinds import SimilarityKind

__all__ = ["draw_arrays", "likeness_arrays"]

Arrays = dict[str, npt.NDArray[Any]]


def likeness_arrays(likeness: pa.Table, ranks: pa.Table) -> Arrays:
    """By their names in `published.form.ARRAYS`."""
    arrays: Arrays = {}
    for name, column in (("environments", "environments"), ("coassay.targets", "targets")):
        arrays[name], offsets = _flat(likeness[column])
        arrays[f"{name.split('.')[0]}.offsets"] = offsets
    arrays["coassay"] = _flat(likeness["coassay"])[0].astype(np.float32)
    stated = {row["similarity"]: row for row in ranks.to_pylist()}
    for similarity, row in stated.items():
        for name in ("percents", "shares"):
            arrays[f"ranks.{similarity}.{name}"] = np.array(row[name], dtype=np.float64)
    if SimilarityKind.COMBINED.value in stated:
        weights = [stated[kind.value]["weight"] for kind in (SimilarityKind.FUNCTION, SimilarityKind.STRUCTURE)]
        arrays["exchanges.weights"] = np.array(weights, dtype=np.float64)
        arrays["exchanges.ease"] = likeness["ease"].to_numpy().astype(np.float32)
        arrays["exchanges.partners"], arrays["exchanges.offsets"] = _flat(likeness["exchanged"])
        arrays["exchanges.values"] = _flat(likeness["exchanges"])[0].astype(np.float32)
    return arrays


def draw_arrays(draws: pa.Table) -> Arrays:
    """The table `draws`, which holds as many of each fragment."""
    count = draws["draws"][0].as_py() if len(draws) else 1
    packed = b"".join(draws["directions"].to_pylist())
    return {"draws": np.frombuffer(packed, "<f2").reshape(len(draws), count, -1)} if packed else {}


def _flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """All lists end to end, and where each begins; a null is an empty one."""
    lists = column.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pc.list_flatten(lists).to_numpy(), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
