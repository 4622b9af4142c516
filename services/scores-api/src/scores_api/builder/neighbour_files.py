"""Files of the neighbours: the rows of one ranking, and where each fragment's begin."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from contracts.kinds import SimilarityKind
from scores_api import layout
from scores_api.builder.damage import StoreDamaged
from scores_api.layout import NEIGHBOUR

__all__ = ["write_neighbours"]


def write_neighbours(directory: Path, run: str, ranking: SimilarityKind, fragments: int, rows: pa.Table) -> None:
    """Write the neighbours of one ranking, sorted by fragment and rank, for fragments 0 to `fragments` - 1.

    Raises:
        StoreDamaged: a row names a fragment that does not exist, a rank is missing, or a required percent is none.
    """
    packed = np.empty(len(rows), dtype=NEIGHBOUR)
    for name in NEIGHBOUR.names or ():
        packed[name] = rows[name].to_numpy()
    fragment, rank = rows["fragment"].to_numpy(), rows["rank"].to_numpy()
    offsets = np.searchsorted(fragment, np.arange(fragments + 1)).astype(np.int64)
    expected = np.arange(len(rows)) - np.repeat(offsets[:-1], np.diff(offsets)) + 1 if len(rows) == offsets[-1] else None
    if offsets[0] != 0 or expected is None or not np.array_equal(rank, expected):
        raise StoreDamaged(f"{run}: the {ranking} neighbours are not ranked from 1 for fragments 0 to {fragments - 1}")
    if len(rows) and not (packed["other"].min() >= 0 and packed["other"].max() < fragments):
        raise StoreDamaged(f"{run}: the {ranking} neighbours name fragments that do not exist")
    if not (np.isfinite(packed["function"]).all() and np.isfinite(packed["balanced"]).all()):
        raise StoreDamaged(f"{run}: the {ranking} neighbours hold percents that are no numbers")
    packed.tofile(directory / layout.neighbours_file(ranking))
    np.save(directory / layout.offsets_array(ranking), offsets)
