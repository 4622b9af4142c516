"""The trajectory of a fit: how the fragments moved, for the playable view."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["COLUMNS", "Recorder", "Trajectory"]

COLUMNS: Final = 3
"""Columns of a position: what can be drawn."""
_LIMIT_BYTES: Final = 2**29
"""Memory for the positions of a fit that is still running; beyond it fewer are taken."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Positions of all fragments at some steps of a fit, from the random start to the optimum: at most 60."""

    steps_S: npt.NDArray[np.int64]
    """Steps of the curve, rising: the first is 0 and the last is the curve's last."""
    positions_SFD: npt.NDArray[np.float32]
    """Balanced factors; each step's are turned as a whole to lie as near to the final ones as they can.

    A turn changes no cosine. The last are the final factors themselves. The first 3 columns, or all if there are fewer.
    """


class Recorder:
    """Takes positions while a fit runs, and turns them towards the final ones when those are known."""

    def __init__(self, *, fragments: int, rank: int, expected: int) -> None:
        """`expected` is the number of positions that will be offered."""
        self._stride = -(-fragments * rank * 4 * expected // _LIMIT_BYTES) or 1
        self._offered = 0
        self._taken: list[tuple[int, npt.NDArray[np.float32]]] = []

    def offer(self, step: int, balanced_FK: npt.NDArray[np.float64]) -> None:
        """Takes the positions of a step, or every n-th of them where all would need too much memory."""
        if self._offered % self._stride == 0:
            self._taken.append((step, balanced_FK.astype(np.float32)))
        self._offered += 1

    def finish(self, step: int, balanced_FK: npt.NDArray[np.float64]) -> Trajectory:
        """The trajectory that ends with these positions at `step`; columns beyond those offered must be zero."""
        final_FK = balanced_FK.astype(np.float32)
        earlier = [(taken, _turned(taken_FK, final_FK)) for taken, taken_FK in self._taken if taken < step]
        steps_S = np.array([*(taken for taken, _ in earlier), step], dtype=np.int64)
        return Trajectory(steps_S=steps_S, positions_SFD=np.stack([*(turned for _, turned in earlier), final_FK[:, :COLUMNS]]))


def _turned(positions_FK: npt.NDArray[np.float32], final_FK: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The positions, rotated or mirrored to the least squared distance from the final ones (Procrustes), as they are drawn."""
    K = positions_FK.shape[1]
    taken_FK, ended_FK = torch.from_numpy(positions_FK).double(), torch.from_numpy(final_FK[:, :K]).double()
    X_KK, _, Y_KK = torch.linalg.svd(taken_FK.T @ ended_FK)
    turned_FD = np.zeros((len(final_FK), min(COLUMNS, final_FK.shape[1])), dtype=np.float32)
    turned_FD[:, :K] = (taken_FK @ (X_KK @ Y_KK)[:, :COLUMNS]).numpy()
    return turned_FD
