"""The neighbourhood map: fragments in a plane, those that act alike beside each other (t-SNE, van der Maaten, Hinton 2008)."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MAPPED", "neighbourhoods"]

MAPPED: Final = 10_000
"""Fragments that are mapped: more take longer to map than to learn from."""
_AXES: Final = 2
_PERPLEXITY: Final = 30.0
_LEAST: Final = 5
"""Fragments from which a map tells more than two columns do."""
_SAME: Final = 1e-6
"""Of a column's largest number: numbers that lie no farther apart are one number to t-SNE, which calculates with 32 bits."""


def neighbourhoods(vectors_FK: npt.NDArray[np.floating], *, seed: int) -> npt.NDArray[np.float32] | None:
    """Positions of shape (F, 2), in units of the longest distance from their middle; distance far apart means little.

    Rows that are near each other by their Euclidean distance come to lie together. The same rows and seed give the same map.
    None where all rows are the same: there is nothing to map.
    """
    count, width = vectors_FK.shape
    whole_FK = vectors_FK.astype(np.float64)
    differ_K = np.ptp(whole_FK, axis=0) > _SAME * np.abs(whole_FK).max(axis=0) if count else np.zeros(width, dtype=np.bool_)
    if not differ_K.any():
        return None
    vectors_FK = np.where(differ_K, whole_FK - whole_FK.mean(axis=0), 0.0)
    vectors_FK = (vectors_FK / np.abs(vectors_FK).max()).astype(
        np.float32
    )  # whatever their unit: squares of them are 32 bits, too
    if count < _LEAST:
        placed_FD: npt.NDArray[np.float32] = np.zeros((count, _AXES), dtype=np.float32)
        placed_FD[:, : min(width, _AXES)] = vectors_FK[:, :_AXES]
    else:
        from sklearn.manifold import TSNE  # noqa: PLC0415 - takes seconds to load

        perplexity = min(_PERPLEXITY, (count - 1) / 3)
        start = "pca" if width >= _AXES else "random"
        placed_FD = TSNE(_AXES, perplexity=perplexity, init=start, random_state=seed, n_jobs=1).fit_transform(vectors_FK)
    centred_FD = placed_FD - placed_FD.mean(axis=0, keepdims=True)
    reach = float(np.linalg.norm(centred_FD, axis=1).max()) or 1.0
    map_FD: npt.NDArray[np.float32] = (centred_FD / reach).astype(np.float32)
    return map_FD
