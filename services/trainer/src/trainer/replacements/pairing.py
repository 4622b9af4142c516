"""Pairing: compounds that have different fragments in the same surroundings, at the targets on which both were measured.

A linker has two ways to take another's place: it is paired as `chemistry.ends` says.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chemistry.ends import OTHER, alike, attachments, end_kinds

__all__ = ["EVENTS", "MOST_MEMBERS", "paired"]

Ints = npt.NDArray[np.int64]

EVENTS: Final = pa.schema(
    [
        pa.field("first", pa.string()),
        pa.field("second", pa.string()),  # the name that comes later
        pa.field("target", pa.int32()),
        pa.field("first_compound", pa.int32()),
        pa.field("second_compound", pa.int32()),
        pa.field("first_value", pa.float64()),
        pa.field("second_value", pa.float64()),
    ]
)
"""One replacement that was measured at one target."""
_EITHER: Final = -1
"""In place of `turned` where both ways are the same."""
MOST_MEMBERS: Final = 256
"""Compounds of equal surroundings measured on a target that are paired with each other; of more, those that come first."""


def paired(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of members with values (`context`, `target`, `fragment`, `compound`, `turned`, `value`), sorted by context and target.

    For `mapInArrow`: a context and target lie in one partition, but may begin in one batch and end in another.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        table = pa.Table.from_batches(waiting).combine_chunks()
        starts = _starts(table)
        last = int(starts[-1]) if len(starts) else 0
        if last:
            yield from _pairs(table.slice(0, last), starts)
            waiting = table.slice(last).combine_chunks().to_batches()
    if waiting:
        table = pa.Table.from_batches(waiting).combine_chunks()
        yield from _pairs(table, np.append(_starts(table), len(table)))


def _starts(table: pa.Table) -> Ints:
    """The rows at which another context or target begins."""
    context_N, target_N = table["context"].to_numpy(), table["target"].to_numpy()
    if not len(table):
        return np.zeros(0, dtype=np.int64)
    changed_N = (np.diff(context_N) != 0) | (np.diff(target_N) != 0)
    return np.concatenate([[0], np.flatnonzero(changed_N) + 1]).astype(np.int64)


def _pairs(table: pa.Table, starts: Ints) -> Iterator[pa.RecordBatch]:
    """The pairs of every group of rows between two starts."""
    encoded = table["fragment"].combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = np.argsort(np.argsort(np.array(names, dtype=np.bytes_)))  # names by their bytes, as ids of fragments are
    ends = [attachments(name) for name in names]
    kinds = {end: number for number, end in enumerate(sorted(set(ends)))}
    code_N = np.asarray(encoded.indices).astype(np.int64)
    rank_N, kind_N = order[code_N], np.array([kinds[end] for end in ends], dtype=np.int64)[code_N]
    compound_N = table["compound"].to_numpy()
    turned_N = table["turned"].cast(pa.int8()).fill_null(_EITHER).to_numpy()
    atoms = np.array([_ends(name) for name in names], dtype=np.int64).reshape(-1, 2)
    first, second = [], []
    for start, stop in pairwise(starts.tolist()):
        if stop - start < 2:  # noqa: PLR2004 -- a pair
            continue
        rows = np.arange(start, min(stop, start + MOST_MEMBERS))
        one, other = (rows[side] for side in np.triu_indices(len(rows), k=1))
        kept = (rank_N[one] != rank_N[other]) & (kind_N[one] == kind_N[other]) & (compound_N[one] != compound_N[other])
        one, other = one[kept], other[kept]
        fits = _fits(atoms[code_N[one]], atoms[code_N[other]], turned_N[one], turned_N[other])
        one, other = one[fits], other[fits]
        swapped = rank_N[one] > rank_N[other]
        first.append(np.where(swapped, other, one))
        second.append(np.where(swapped, one, other))
    if not first:
        return
    one, other = np.concatenate(first), np.concatenate(second)
    columns = [
        *(table["fragment"].take(pa.array(side)).combine_chunks() for side in (one, other)),
        table["target"].take(pa.array(one)).combine_chunks(),
        *(table["compound"].take(pa.array(side)).combine_chunks() for side in (one, other)),
        *(table["value"].take(pa.array(side)).combine_chunks() for side in (one, other)),
    ]
    yield from pa.Table.from_arrays(columns, schema=EVENTS).to_batches()


def _fits(one_N2: Ints, other_N2: Ints, turned_N: Ints, other_turned_N: Ints) -> npt.NDArray[np.bool_]:
    """Whether two linkers of equal surroundings are in them the way that suits their open ends; of other fragments, always."""
    straight_N = alike(one_N2, other_N2)
    crossed_N = alike(one_N2, other_N2[:, ::-1])
    free_N = (turned_N == _EITHER) | (other_turned_N == _EITHER)
    fits_N: npt.NDArray[np.bool_] = free_N | np.where(
        turned_N == other_turned_N, straight_N >= crossed_N, crossed_N >= straight_N
    )
    return fits_N


@lru_cache(maxsize=1 << 16)
def _ends(name: str) -> tuple[int, int]:
    """The kinds of atoms at the open ends of a linker; of other fragments nothing that is looked at."""
    kinds = end_kinds(name) if name.count("*") == 2 else ()  # noqa: PLR2004 -- both ends of a linker
    return (kinds[0], kinds[1]) if len(kinds) == 2 else (OTHER, OTHER)  # noqa: PLR2004
