"""Merging: the measurements of one compound at one target as one value, and one bound from either side."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.tables.cells import Relation
from trainer.tables.endpoints import AVERAGED
from trainer.tables.series import Series, unit_of

__all__ = ["Merged", "MixedEndpoints", "Tie", "merge"]

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]
_SYMBOLS: Final = {Relation.EXACT: "=", Relation.ABOUT: "~", Relation.BELOW: "<", Relation.ABOVE: ">"}
_SPREAD: Final = 1.0
"""Range of the measurements of a cell, in logarithmic units, above which they are called spread."""


class MixedEndpoints(Exception):
    """Measurements of different endpoints would be averaged."""

    def __init__(self, target: str, endpoints: dict[str, int]) -> None:
        super().__init__(target, endpoints)
        self.target = target
        self.endpoints = endpoints
        """Endpoint -> its measurements, in all targets."""


@dataclass(frozen=True)
class Tie:
    """A measurement that as many others of its cell contradict as agree with it."""

    file: int
    row: int
    target: str
    value: float


@dataclass(frozen=True)
class Merged:
    """The cells of the data."""

    kind: ActivityKind
    targets: pa.Table
    cells: pa.Table
    bounds: pa.Table
    ties: list[Tie]
    counts: dict[str, int] = field(default_factory=dict)


def merge(measured: pa.Array, compound: _Ints, file: _Ints, kind: ActivityKind | None, *, endpoint_in_target: bool) -> Merged:
    """Merge measurements, which are structs as `records.CELL` in the order of files and rows.

    The value of a cell is the mean of its measurements, of a binary one the majority; the tightest bound of either side stays.
    Without a `kind`, cells of 0 and 1 are binary, all others real.

    Raises:
        MixedEndpoints: IC50 and Ki of one compound at one target, say, or EC50 and Ki at one target.
    """
    values = np.asarray(measured.field("value"))
    relations = np.asarray(pc.fill_null(measured.field("relation"), int(Relation.EXACT))).astype(np.int8)
    names, titles, units, target = _targets(measured.field("target"), compound, endpoint_in_target=endpoint_in_target)
    exact = np.isin(relations, (Relation.EXACT, Relation.ABOUT))
    kind = kind or _kind(values[exact])
    keys = compound * max(1, len(names)) + target
    places, means, weights, ranges, about = _means(keys[exact], values[exact], relations[exact])
    counts = {
        "conflicts": int(((means > 0) & (means < 1)).sum()) if kind is ActivityKind.BINARY else 0,
        "spread_cells": int((ranges > _SPREAD).sum()) if kind is ActivityKind.REAL else 0,
        "merged_cells": int((weights > 1).sum()),
    }
    ties: list[Tie] = []
    keep = np.ones(len(places), np.bool_)
    if kind is ActivityKind.BINARY:
        keep = means != 0.5  # noqa: PLR2004 - as many agree as do not
        tied = np.flatnonzero(exact & np.isin(keys, places[~keep]))
        rows = np.asarray(pc.fill_null(measured.field("row"), 0))
        ties = [Tie(int(file[one]), int(rows[one]), names[target[one]], float(values[one])) for one in tied]
        means = np.round(means)
    symbols = np.where(about, _SYMBOLS[Relation.ABOUT], _SYMBOLS[Relation.EXACT])
    cells = _cells(places[keep], means[keep], weights[keep], symbols[keep], len(names))
    bounds = pa.concat_tables(
        [
            _bounds(keys, values, relations, Relation.BELOW, len(names)),
            _bounds(keys, values, relations, Relation.ABOVE, len(names)),
        ]
    ).sort_by([(name, "ascending") for name in TABLES["activity"].sort])
    counts |= {
        "measurements": len(values),
        "bounds": len(bounds),
        "bounds_measured": int((~exact).sum()),
        "approximate": int((relations == Relation.ABOUT).sum()),
        "ties": int((~keep).sum()),
    }
    stated = np.bincount(cells["target"].to_numpy(), minlength=len(names))
    columns = {
        "id": np.arange(len(names), dtype=np.int32),
        "name": pa.array(names, pa.string()),
        "cells": stated.astype(np.int64),
        "title": pa.array([titles.get(name) for name in names], pa.string()),
        "unit": pa.array([units[name] if kind is ActivityKind.REAL else None for name in names], pa.string()),
    }
    return Merged(kind, pa.table(columns, schema=TABLES["targets"].schema), cells, bounds, ties, counts)


def _targets(
    texts: pa.Array, compound: _Ints, *, endpoint_in_target: bool
) -> tuple[list[str], dict[str, str], dict[str, str | None], _Ints]:
    """Names of targets in the order of their bytes, their titles and units, and the target of each measurement."""
    encoded = texts.dictionary_encode()
    series = [Series.read(text) for text in encoded.dictionary.to_pylist()]
    organisms: dict[str, set[str]] = defaultdict(set)
    for one in series:
        organisms[one.target].add(one.organism)
    named = []
    titles: dict[str, str] = {}
    told: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        name = f"{one.target} ({one.organism})" if len(organisms[one.target]) > 1 and one.organism else one.target
        if endpoint_in_target and one.endpoint:
            name += f" {one.endpoint}"
        named.append(name)
        if one.title and one.title != one.target:
            titles.setdefault(name, one.title)
        told[name].append(one)
    names = sorted(set(named), key=lambda name: name.encode("utf-8", "surrogateescape"))
    place = {name: index for index, name in enumerate(names)}
    codes = np.asarray(encoded.indices).astype(np.int64)
    target = np.array([place[name] for name in named], np.int64)[codes] if len(codes) else np.empty(0, np.int64)
    kinds = list(dict.fromkeys(one.endpoint for one in series))
    endpoint = np.array([kinds.index(one.endpoint) for one in series], np.int64)[codes] if len(codes) else np.empty(0, np.int64)
    if len(kinds) > 1:
        _refuse_mixtures(names, kinds, target, endpoint, compound)
    return names, titles, {name: unit_of(parts) for name, parts in told.items()}, target


def _refuse_mixtures(names: list[str], kinds: list[str], target: _Ints, endpoint: _Ints, compound: _Ints) -> None:
    """Raise where a target has endpoints that say different things, or one compound has two at it."""
    pairs = np.unique(np.stack([target, endpoint]), axis=1)
    at, times = np.unique(pairs[0], return_counts=True)
    mixed = at[times > 1]
    if not len(mixed):
        return
    counts = {kinds[code]: int(number) for code, number in zip(*np.unique(endpoint, return_counts=True), strict=True)}
    for one in mixed:
        if not {kinds[code] for code in pairs[1][pairs[0] == one]} <= AVERAGED | {""}:
            raise MixedEndpoints(names[one], counts)
    among = np.isin(target, mixed) & (endpoint != (kinds.index("") if "" in kinds else -1))
    cells = np.unique(np.stack([compound[among], target[among], endpoint[among]]), axis=1)
    _, firsts, times = np.unique(cells[:2], axis=1, return_index=True, return_counts=True)
    if (times > 1).any():
        raise MixedEndpoints(names[cells[1][firsts[np.flatnonzero(times > 1)[0]]]], counts)


def _means(
    keys: _Ints, values: _Floats, relations: npt.NDArray[np.int8]
) -> tuple[_Ints, _Floats, _Ints, _Floats, npt.NDArray[np.bool_]]:
    """Of each cell: its key, mean, number and range of measurements, and whether all of them are guesses."""
    order = np.argsort(keys, kind="stable")
    places, starts, weights = np.unique(keys[order], return_index=True, return_counts=True)
    if not len(starts):
        return places, np.empty(0), weights, np.empty(0), np.empty(0, np.bool_)
    sorted_values = values[order]
    means = np.add.reduceat(sorted_values, starts) / weights
    ranges = np.maximum.reduceat(sorted_values, starts) - np.minimum.reduceat(sorted_values, starts)
    about = np.minimum.reduceat(relations[order] == Relation.ABOUT, starts)
    return places, means, weights, ranges, about


def _bounds(keys: _Ints, values: _Floats, relations: npt.NDArray[np.int8], relation: Relation, targets: int) -> pa.Table:
    """The tightest bound of each cell: what lies below is below the least, what lies above is above the greatest."""
    among = relations == relation
    order = np.argsort(keys[among], kind="stable")
    places, starts, weights = np.unique(keys[among][order], return_index=True, return_counts=True)
    tightest = np.minimum if relation is Relation.BELOW else np.maximum
    found = tightest.reduceat(values[among][order], starts) if len(starts) else np.empty(0)
    return _cells(places, found, weights, np.full(len(places), _SYMBOLS[relation]), targets)


def _cells(places: _Ints, values: _Floats, weights: _Ints, symbols: npt.NDArray[np.str_], targets: int) -> pa.Table:
    compound, target = np.divmod(places, max(1, targets))
    columns = {
        "compound": compound.astype(np.int32),
        "target": target.astype(np.int32),
        "value": values,
        "weight": weights.astype(np.float32),
        "relation": pa.array(symbols, pa.string()),
    }
    return pa.table(columns, schema=TABLES["activity"].schema)


def _kind(values: _Floats) -> ActivityKind:
    return ActivityKind.BINARY if np.all((values == 0) | (values == 1)) else ActivityKind.REAL
