"""Files of what similarities beyond the factors are told by."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.kinds import SimilarityKind
from scores_api import layout
from scores_api.builder.damage import StoreDamaged

__all__ = ["write_likeness"]


def write_likeness(directory: Path, run: str, fragments: int, targets: int, rows: pa.Table, ranks: pa.Table) -> None:
    """Write the lists of fragments 0 to `fragments` - 1, and the ranks; nothing where the run publishes none.

    Raises:
        StoreDamaged: fragments are missing, lists are no lists of ids, or ranks do not rise.
    """
    if not len(rows):
        return
    if not np.array_equal(rows["fragment"].to_numpy(), np.arange(fragments)):
        raise StoreDamaged(f"{run}: the table 'likeness' does not hold each of the {fragments} fragments once")
    for name in ("environments", "targets"):
        numbers, offsets = _flat(rows[name])
        if len(numbers) and (numbers.min() < 0 or (name == "targets" and numbers.max() >= targets)):
            raise StoreDamaged(f"{run}: the column {name!r} of the table 'likeness' holds what is no id")
        np.save(directory / layout.list_array(name), numbers.astype(np.int32))
        np.save(directory / layout.list_offsets(name), offsets)
    values, ends = _flat(rows["coassay"])
    if not (np.array_equal(ends, _flat(rows["targets"])[1]) and np.isfinite(values).all()):
        raise StoreDamaged(f"{run}: the table 'likeness' does not hold one number for each target of a fragment")
    np.save(directory / layout.COASSAY, values.astype(np.float32))
    stated = {row.pop("similarity"): row for row in ranks.to_pylist()}
    if not all(_rises(one["percents"]) and _rises(one["shares"]) for one in stated.values()):
        raise StoreDamaged(f"{run}: the table 'ranks' does not rise")
    if SimilarityKind.COMBINED.value in stated:
        _write_exchanges(directory, run, rows, stated)
    (directory / layout.RANKS).write_text(json.dumps(stated), encoding="utf-8")


def _write_exchanges(directory: Path, run: str, rows: pa.Table, ranks: dict[str, dict[str, Any]]) -> None:
    """What pairs gain by swaps of their fragments."""
    partners, offsets = _flat(rows["exchanged"])
    values, ends = _flat(rows["exchanges"])
    ease_F = pc.fill_null(rows["ease"], np.nan).to_numpy()
    stated = [ranks.get(kind.value, {}).get("weight") for kind in (SimilarityKind.FUNCTION, SimilarityKind.STRUCTURE)]
    weights = np.array([np.nan if weight is None else weight for weight in stated])
    whole = np.array_equal(ends, offsets) and (not len(partners) or (partners.min() >= 0 and partners.max() < len(rows)))
    if not (whole and np.isfinite(ease_F).all() and np.isfinite(values).all() and np.isfinite(weights).all()):
        raise StoreDamaged(f"{run}: the tables 'likeness' and 'ranks' do not hold the exchanges that 'ranks' counts on")
    np.save(directory / layout.list_array("exchanged"), partners.astype(np.int32))
    np.save(directory / layout.list_offsets("exchanged"), offsets)
    np.save(directory / layout.EXCHANGES, values.astype(np.float32))
    np.save(directory / layout.EASE, ease_F.astype(np.float32))


def _flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.floating | np.integer], npt.NDArray[np.int64]]:
    """All lists end to end, and where each begins; a null is an empty one."""
    lists = column.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pc.list_flatten(lists).to_numpy(), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _rises(numbers: list[float]) -> bool:
    return len(numbers) > 1 and bool(np.isfinite(numbers).all()) and bool((np.diff(numbers) >= 0).all())
