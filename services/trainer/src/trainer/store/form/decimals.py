"""Decimals: float32 numbers as the float64 with the fewest digits that reads back the same.

Widened directly, 0.1 becomes 0.10000000149011612 in JSON; nine of these digits say nothing.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["shortest"]


def shortest(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Float64 of the shortest decimal of each number, in the same shape; finite numbers alone."""
    flat = pa.array(values.ravel(), pa.float32()).cast(pa.string()).cast(pa.float64())
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(values.shape) + 0.0  # no negative zero
