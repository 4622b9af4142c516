"""The points of every target: the nearest ones of a molecule, and their kernel with each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Points", "pack"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


class Points:
    """As the arrays of a model file hold them; those whose kernel with each other is kept, the first ones of each target."""

    def __init__(self, arrays: Mapping[str, Array], unit: float, nearest: int) -> None:
        self._of, self._unit, self._nearest = arrays, np.float32(unit), nearest
        self._starts_T = arrays["points.starts"][:-1].astype(np.int64)
        self._sizes_T = arrays["pairs.counts"].astype(np.int64)
        self._group_T = np.ceil(np.log2(np.maximum(self._sizes_T, 1))).astype(np.int64)
        self._lower_L = np.tril_indices(nearest)
        place_KK = np.zeros((nearest, nearest), dtype=np.int64)
        place_KK[self._lower_L] = np.arange(len(self._lower_L[0]))
        self._place_KK = np.maximum(place_KK, place_KK.T)

    def nearest(self, kernel_C: Singles, targets: Ints) -> Ints:
        """The places among the points of each target, rising, of those with the largest kernel; -1 where there are fewer."""
        near_MK = np.full((len(targets), self._nearest), -1, dtype=np.int64)
        sizes_M = self._sizes_T[targets]
        (few,) = np.nonzero(sizes_M <= self._nearest)
        places_K = np.arange(self._nearest)
        near_MK[few] = np.where(places_K < sizes_M[few, None], places_K, -1)
        for group in np.unique(self._group_T[targets][sizes_M > self._nearest]).tolist():  # of like sizes at once
            (rows,) = np.nonzero((self._group_T[targets] == group) & (sizes_M > self._nearest))
            places_N = np.arange(int(sizes_M[rows].max()))
            inside_GN = places_N < sizes_M[rows, None]
            points_GN = np.where(inside_GN, self._starts_T[targets[rows], None] + places_N, 0)
            kernel_GN = np.where(inside_GN, kernel_C[self._of["points.compound"][points_GN]], np.float32(-1.0))
            first_GK = np.argpartition(-kernel_GN, self._nearest - 1, axis=1)[:, : self._nearest]
            near_MK[rows] = np.sort(first_GK, axis=1)
        return near_MK

    def kernel(self, near_MK: Ints, targets: Ints) -> Singles:
        """Of these points with each other, without level and noise, M x K x K; 0 where there is none."""
        near = np.maximum(near_MK, 0)
        starts_M = np.where(self._sizes_T[targets] > 0, self._of["pairs.starts"][targets], 0).astype(np.int64)
        triangle_MK = starts_M[:, None] + near * (near + 1) // 2
        row_L, column_L = self._lower_L
        pairs_ML = self._of["pairs.kernel"][triangle_MK[:, row_L] + near[:, column_L]].astype(np.float32) * self._unit
        told_MK = near_MK >= 0
        pairs_ML *= told_MK[:, row_L] & told_MK[:, column_L]
        pairs_MKK: Singles = pairs_ML[:, self._place_KK]
        return pairs_MKK

    def among(self, near_N: Ints, target: int) -> npt.NDArray[np.float64]:
        """The same of any number of points of one target, N x N."""
        low_NN, high_NN = np.minimum(near_N[:, None], near_N), np.maximum(near_N[:, None], near_N)
        packed = int(self._of["pairs.starts"][target]) + high_NN * (high_NN + 1) // 2 + low_NN
        kernel_NN: npt.NDArray[np.float64] = self._of["pairs.kernel"][packed].astype(np.float64) * float(self._unit)
        return kernel_NN

    def compound(self, near_MK: Ints, targets: Ints) -> Array:
        """Those of the points; 0 where there is none."""
        told_MK = near_MK >= 0
        return self._of["points.compound"][np.where(told_MK, self._starts_T[targets, None] + near_MK, 0)] * told_MK


def pack(rows: Sequence[Array]) -> Array:
    """Lower triangles, the diagonal included, row after row, of several symmetric tables, one behind the other."""
    return np.concatenate([np.zeros(0, np.uint8), *(table[np.tril_indices(len(table))] for table in rows)])
