"""The file of the posterior draws."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from scores_api import layout
from scores_api.builder.damage import StoreDamaged

__all__ = ["write_draws"]


def write_draws(directory: Path, run: str, fragments: int, rows: pa.Table) -> None:
    """Write the draws of fragments 0 to `fragments` - 1; nothing where the run has none.

    Raises:
        StoreDamaged: fragments are missing, or their draws differ in number or length or hold what is no number.
    """
    if not len(rows):
        return
    counts = rows["draws"].unique().to_pylist()
    packed = rows["directions"].to_pylist()
    if not np.array_equal(rows["fragment"].to_numpy(), np.arange(fragments)) or len(counts) != 1 or counts[0] < 1:
        raise StoreDamaged(f"{run}: the table 'draws' does not hold as many draws of each of the {fragments} fragments")
    size = len(packed[0])
    if size % (2 * counts[0]) or any(len(row) != size for row in packed):
        raise StoreDamaged(f"{run}: the directions of the table 'draws' differ in length")
    directions_FSK = np.frombuffer(b"".join(packed), "<f2").reshape(fragments, counts[0], -1)
    if not np.isfinite(directions_FSK).all():
        raise StoreDamaged(f"{run}: the table 'draws' holds what is no number")
    np.save(directory / layout.DRAWS, directions_FSK)
