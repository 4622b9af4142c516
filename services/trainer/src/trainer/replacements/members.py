"""Members: in which surroundings every compound has which fragment, so that those with equal surroundings can be paired.

Surroundings are the rest of a molecule after a single cut, where a hydrogen is a fragment too, both ends of it around a linker
after a double cut, and the other BRICS leaves of a molecule. They are known by a digest of 64 bits: among 10^8 of them two are
taken for one with a chance of 0.0003.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

import pyarrow as pa

from chemistry.cuts import HYDROGEN, double_cuts, opened, single_cuts
from chemistry.graph import Graph
from chemistry.leaves import leaf_list

__all__ = ["MEMBERS", "digest", "members"]

MEMBERS: Final = pa.schema(
    [
        pa.field("context", pa.int64()),
        pa.field("fragment", pa.string()),
        pa.field("compound", pa.int32()),  # null for a hydrogen
        pa.field("whole", pa.int64()),  # of a hydrogen: the digest of the compound's SMILES, if there is one
        pa.field("turned", pa.bool_()),  # of a linker: whether its first open end is at the second of both ends; null: either
    ]
)
"""One row for each compound and surroundings."""
_BATCH: Final = 512


def digest(text: str) -> int:
    """The first 64 bits of its BLAKE2b digest, signed."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def members(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of compounds (columns `compound` and `smiles`, parents as `chemistry` writes them) in batches, for `mapInArrow`."""
    for batch in batches:
        rows: set[tuple[int, str, int | None, int | None, bool | None]] = set()
        for compound, smiles in zip(batch["compound"].to_pylist(), batch["smiles"].to_pylist(), strict=True):
            graph = Graph.read(smiles)
            bonds = opened(graph)
            for cut in single_cuts(graph, bonds):
                context = digest(cut.rest)
                rows.add((context, cut.group, compound, None, None))
                rows.add((context, HYDROGEN, None, digest(cut.parent), None))
            for linker in double_cuts(graph, bonds):
                rows.add((digest(".".join(linker.ends)), linker.name, compound, None, linker.turned))
            bag = sorted(leaf_list(graph))
            for place, leaf in enumerate(bag if len(bag) > 1 else []):
                rows.add((digest(".".join(["leaves", *bag[:place], *bag[place + 1 :]])), leaf, compound, None, None))
        columns = zip(*sorted(rows, key=str), strict=True) if rows else [[]] * len(MEMBERS)
        yield pa.RecordBatch.from_arrays(
            [pa.array(column, field.type) for column, field in zip(columns, MEMBERS, strict=True)], schema=MEMBERS
        )
