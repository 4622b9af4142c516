"""Fragment x target tables of known spectrum."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["planted", "rank_k"]

Array = npt.NDArray[np.float64]


def planted(seed: int, fragments: int, targets: int, singular: Sequence[float]) -> Array:
    """A dense table with these singular values and random singular vectors."""
    rng = np.random.default_rng(seed)
    left_FR = np.linalg.qr(rng.normal(size=(fragments, len(singular))))[0]
    right_TR = np.linalg.qr(rng.normal(size=(targets, len(singular))))[0]
    table_FT: Array = left_FR * np.array(singular) @ right_TR.T
    return table_FT


def rank_k(table_FT: Array, rank: int) -> Array:
    """The best product of `rank` columns a side, by LAPACK's SVD."""
    U_FR, S_R, Vt_RT = np.linalg.svd(table_FT, full_matrices=False)
    best_FT: Array = U_FR[:, :rank] * S_R[:rank] @ Vt_RT[:rank]
    return best_FT
