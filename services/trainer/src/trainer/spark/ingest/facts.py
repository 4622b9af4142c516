"""Facts: from records of molecules to an Activity, with duplicates merged, ids assigned and evidence counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.evidence import MODELLED_SUPPORT, SHOWN_SCAFFOLDS, SHOWN_SUPPORT
from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.tables.merging import Tie, merge

__all__ = ["Facts", "facts_of"]

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """The tables of an Activity that come from molecules."""

    kind: ActivityKind
    fragments: pa.Table
    compounds: pa.Table
    targets: pa.Table
    membership: pa.Table
    cells: pa.Table
    bounds: pa.Table
    ties: list[Tie]
    counts: dict[str, int]
    """What was merged, as `merging.merge` counts it."""
    found: int
    """Fragments, also those of too few compounds to be modelled."""


def facts_of(molecules: pa.Table, kind: ActivityKind | None, *, endpoint_in_target: bool = False) -> Facts:
    """Merge `molecules` (columns as `records.MOLECULES`) by parent and assign ids in order of names.

    Raises:
        MixedEndpoints: As `merging.merge`.
    """
    ordered = molecules.sort_by([("parent", "ascending"), ("file", "ascending"), ("first", "ascending")]).combine_chunks()
    compound_of, firsts = _groups(ordered["parent"])
    compounds, scaffold_of = _compounds(ordered, compound_of, firsts)
    fragments, membership, found = _fragments(ordered["fragments"].take(pa.array(firsts)), scaffold_of)
    lists = ordered["cells"].combine_chunks()
    record = np.asarray(pc.list_parent_indices(lists)).astype(np.int64)
    files = np.asarray(ordered["file"]).astype(np.int64)
    merged = merge(pc.list_flatten(lists), compound_of[record], files[record], kind, endpoint_in_target=endpoint_in_target)
    return Facts(
        kind=merged.kind,
        fragments=fragments,
        compounds=compounds,
        targets=merged.targets,
        membership=membership,
        cells=merged.cells,
        bounds=merged.bounds,
        ties=merged.ties,
        counts=merged.counts,
        found=found,
    )


def _groups(keys: pa.ChunkedArray) -> tuple[_Ints, _Ints]:
    """For sorted keys: the group of each row, and the first row of each group."""
    codes = np.asarray(keys.combine_chunks().dictionary_encode().indices)
    changes = np.flatnonzero(np.diff(codes, prepend=-1))
    return np.repeat(np.arange(len(changes)), np.diff(changes, append=len(codes))), changes


def _compounds(ordered: pa.Table, compound_of: _Ints, firsts: _Ints) -> tuple[pa.Table, _Ints]:
    """One compound a parent, and a number for the scaffold of each."""
    first = ordered.take(pa.array(firsts))
    named = pc.if_else(pc.greater(pc.fill_null(pc.utf8_length(first["compound"]), 0), 0), first["compound"], first["parent"])
    rows = np.bincount(compound_of, weights=np.asarray(pc.list_value_length(ordered["rows"])), minlength=len(firsts))
    columns = {
        "id": np.arange(len(firsts), dtype=np.int32),
        "name": named,
        "smiles": first["parent"],
        "scaffold": first["scaffold"],
        "rows": rows.astype(np.int32),
    }
    scaffold_of = np.asarray(first["scaffold"].combine_chunks().dictionary_encode().indices).astype(np.int64)
    return pa.table(columns, schema=TABLES["compounds"].schema), scaffold_of


def _fragments(lists: pa.ChunkedArray, scaffold_of: _Ints) -> tuple[pa.Table, pa.Table, int]:
    """Fragments with enough compounds, their memberships, and how many were found in all."""
    lists = lists.combine_chunks()
    compound = np.asarray(pc.list_parent_indices(lists)).astype(np.int64)
    names, fragment = _encoded(pc.list_flatten(lists))
    support = np.bincount(fragment, minlength=len(names))
    pairs = np.unique(fragment * (scaffold_of.max(initial=0) + 1) + scaffold_of[compound])
    scaffolds = np.bincount(pairs // (scaffold_of.max(initial=0) + 1), minlength=len(names))
    modelled = support >= MODELLED_SUPPORT
    ids = np.cumsum(modelled) - 1
    kept = modelled[fragment]
    names, support, scaffolds = names.filter(pa.array(modelled)), support[modelled], scaffolds[modelled]
    fragments = pa.table(
        {
            "id": np.arange(len(names), dtype=np.int32),
            "name": names,
            "smiles": names,
            "support": support.astype(np.int32),
            "scaffolds": scaffolds.astype(np.int32),
            "shown": (support >= SHOWN_SUPPORT) & (scaffolds >= SHOWN_SCAFFOLDS),
        },
        schema=TABLES["fragments"].schema,
    )
    membership = _table(
        "membership", ids[fragment[kept]].astype(np.int32), compound[kept].astype(np.int32), np.ones(kept.sum(), np.float32)
    )
    return fragments, membership, len(modelled)


def _encoded(texts: pa.Array) -> tuple[pa.Array, _Ints]:
    """The distinct texts, sorted by their bytes, and the place of each text among them."""
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    place = np.empty(len(order), np.int64)
    place[np.asarray(order)] = np.arange(len(order))
    return encoded.dictionary.take(order), place[np.asarray(encoded.indices)]


def _table(name: str, *columns: Sequence[object] | npt.NDArray[np.generic] | pa.Array) -> pa.Table:
    schema = TABLES[name].schema
    return pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema)
