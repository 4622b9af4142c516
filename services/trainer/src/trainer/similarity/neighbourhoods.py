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


def neighbourhoods(vectors_FK: npt.NDArray[np.floating], *, seed: int) -> npt.NDArray[np.float32]:
    """Positions of shape (F, 2), in units of the longest distance from their middle; distance far apart means little.

    Rows that are near each other by their Euclidean distance come to lie together. The same rows and seed give the same map.
    """
    count, width = vectors_FK.shape
    if count < _LEAST or not np.ptp(vectors_FK, axis=0).any():  # t-SNE needs some that differ
        placed_FD = np.zeros((count, _AXES))
        placed_FD[:, : min(width, _AXES)] = vectors_FK[:, :_AXES]
    else:
        from sklearn.manifold import TSNE  # noqa: PLC0415 - takes seconds to load

        perplexity = min(_PERPLEXITY, (count - 1) / 3)
        start = "pca" if width >= _AXES else "random"
        learner = TSNE(_AXES, perplexity=perplexity, init=start, random_state=seed, n_jobs=1)
        placed_FD = learner.fit_transform(np.asarray(vectors_FK, dtype=np.float32))
    centred_FD = placed_FD - placed_FD.mean(axis=0, keepdims=True) if count else placed_FD
    reach = float(np.linalg.norm(centred_FD, axis=1).max(initial=0.0)) or 1.0
    return (centred_FD / reach).astype(np.float32)
