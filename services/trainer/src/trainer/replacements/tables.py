"""Tables: what a run learned of replacements, as rows of the store."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS, NEIGHBOURS
from contracts.kinds import SimilarityKind
from contracts.tables import TABLES
from replacement.evidence import Expected, basis
from replacement.replacements import Replacements
from trainer.replacements.events import Events
from trainer.replacements.ranking import changes

__all__ = ["neighbour_rows", "replacement_rows", "score_rows", "swap_rows"]

Ints = npt.NDArray[np.int64]


def neighbour_rows(stated: Replacements, shown_F: npt.NDArray[np.bool_]) -> pa.Table:
    """The table `neighbours` by function: for every shown fragment the comparable shown ones with the least expected change."""
    fragments, ranks, groups, others = [], [], [], []
    shown_G = (stated.fragment_G >= 0) & shown_F[np.maximum(stated.fragment_G, 0)]
    for group in np.flatnonzero(shown_G).tolist():
        near = stated.nearest(group)
        near = near[shown_G[near]][:NEIGHBOURS]
        fragments.append(np.full(len(near), stated.fragment_G[group], dtype=np.int32))
        ranks.append(np.arange(1, len(near) + 1, dtype=np.int32))
        groups.append(np.full(len(near), group, dtype=np.int64))
        others.append(near)
    first_N, second_N = (np.concatenate([np.zeros(0, dtype=np.int64), *parts]) for parts in (groups, others))
    found = stated.expected(first_N, second_N)
    columns = {
        "ranking": pa.repeat(SimilarityKind.FUNCTION.value, len(first_N)),
        "fragment": np.concatenate([np.zeros(0, dtype=np.int32), *fragments]),
        "rank": np.concatenate([np.zeros(0, dtype=np.int32), *ranks]),
        "other": stated.fragment_G[second_N],
        "function": found.percent_N.astype(np.float32),
        "low": stated.percent(found.high_N).astype(np.float32),
        "high": stated.percent(found.low_N).astype(np.float32),
        "change": found.change_N.astype(np.float32),
        "change_low": found.low_N.astype(np.float32),
        "change_high": found.high_N.astype(np.float32),
        "swaps": found.measurements_N.astype(np.int32),
    }
    schema = TABLES["neighbours"].schema
    rows = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(first_N), field.type)
        for field in schema
    ]
    return pa.table(rows, schema=schema).sort_by([("fragment", "ascending"), ("rank", "ascending")])


def score_rows(stated: Replacements, shown_F: npt.NDArray[np.bool_]) -> pa.Table | None:
    """The table `scores`: how often activity is kept, of every two of at most 2,000 shown fragments, as far as open ends tell.

    None where more are shown.
    """
    groups = np.flatnonzero((stated.fragment_G >= 0) & shown_F[np.maximum(stated.fragment_G, 0)])
    groups = groups[np.argsort(stated.fragment_G[groups], kind="stable")]
    if len(groups) > MATRIX_FRAGMENTS:
        return None
    percent_MM = stated.percent(changes(stated, groups))
    np.fill_diagonal(percent_MM, 100.0)
    rows = {"fragment": stated.fragment_G[groups], "percents": list(percent_MM.astype(np.float32))}
    return pa.table(rows, schema=TABLES["scores"].schema)


def replacement_rows(stated: Replacements, events: Events) -> pa.Table:
    """The table `replacements`: all pairs of groups that were measured, and for offered ones those expected to change least."""
    pairs = events.on(stated.reading.one_T).pairs()
    near = [stated.nearest(group)[:NEIGHBOURS] for group in range(len(stated))]
    here = np.repeat(np.arange(len(stated)), [len(each) for each in near])
    there = np.concatenate([np.zeros(0, dtype=np.int64), *near])
    keys = [np.minimum(here, there) * len(stated) + np.maximum(here, there), pairs.first_P * len(stated) + pairs.second_P]
    key_N = np.unique(np.concatenate(keys))
    first_N, second_N = key_N // max(len(stated), 1), key_N % max(len(stated), 1)
    found: Expected = stated.expected(first_N, second_N)
    place_N = np.searchsorted(key_N, keys[1])
    mean_N, shift_N = np.full(len(key_N), np.nan), np.full(len(key_N), np.nan)
    mean_N[place_N], shift_N[place_N] = pairs.change_P, pairs.shift_P
    names = np.array(stated.names, dtype=object)
    columns = {
        "first": pa.array(names[first_N], pa.string()),
        "second": pa.array(names[second_N], pa.string()),
        "measurements": found.measurements_N.astype(np.int32),
        "mean_change": pa.array(mean_N, pa.float64(), from_pandas=True),
        "mean_difference": pa.array(shift_N, pa.float64(), from_pandas=True),
        "expected": found.change_N,
        "low": found.low_N,
        "high": found.high_N,
        "percent": found.percent_N,
        "basis": pa.array([basis(count).value for count in found.measurements_N.tolist()], pa.string()),
    }
    return pa.table(columns, schema=TABLES["replacements"].schema)


def swap_rows(stated: Replacements, events: Events) -> pa.Table:
    """The table `swaps`: every measured replacement."""
    names = np.array(stated.names, dtype=object)
    columns = {
        "first": pa.array(names[events.first_N], pa.string()),
        "second": pa.array(names[events.second_N], pa.string()),
        "target": events.target_N.astype(np.int32),
        "first_compound": events.first_compound_N.astype(np.int32),
        "second_compound": events.second_compound_N.astype(np.int32),
        "difference": events.difference_N,
    }
    return pa.table(columns, schema=TABLES["swaps"].schema)
