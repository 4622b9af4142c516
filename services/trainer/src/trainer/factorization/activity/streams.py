"""Streams: random numbers named by what they are for, so that no schedule of threads or devices can change them."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Purpose", "Streams"]


class Purpose(IntEnum):
    """What a stream of random numbers is for."""

    COMPOUNDS = 0
    TARGETS = 1
    LINK = 2
    PRECISIONS = 3
    LATENT = 4
    START = 5


@dataclass(frozen=True)
class Streams:
    """Counter-based streams (Philox 4x64, Salmon et al. 2011) of one seed: one for each purpose and sweep."""

    seed: int

    def generator(self, purpose: Purpose, sweep: int) -> np.random.Generator:
        """The stream of a purpose in a sweep, from its beginning."""
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, int(purpose), sweep]))

    def normals(self, purpose: Purpose, sweep: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Standard normal numbers."""
        return self.generator(purpose, sweep).standard_normal(shape, dtype=np.float32)
