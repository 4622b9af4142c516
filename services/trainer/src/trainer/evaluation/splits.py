"""Splits: which cells a fit learns from, which it may choose by, and which judge it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Split", "given_split", "random_split", "scaffold_split"]

Ints = npt.NDArray[np.int64]

_SHARE: Final = 0.1


@dataclass(frozen=True)
class Split:
    """Positions of cells; every cell is in exactly one part, in ascending order."""

    train: Ints
    validation: Ints
    test: Ints


def random_split(cells: int, *, seed: int) -> Split:
    """80/10/10 % of the observed cells, drawn without regard to their compounds."""
    order = np.random.default_rng(seed).permutation(cells)
    held = int(cells * _SHARE)
    return Split(test=np.sort(order[:held]), validation=np.sort(order[held : 2 * held]), train=np.sort(order[2 * held :]))


def scaffold_split(scaffolds_C: list[str], compound: Ints, *, seed: int) -> Split:
    """80/10/10 % of the cells, whole groups of compounds with one Murcko scaffold at a time, in random order.

    A group goes to the test part while that part stays within a tenth of the cells, then to validation, then to train;
    acyclic compounds share the empty scaffold and so are one group.
    """
    names, group_C = np.unique(np.asarray(scaffolds_C, dtype=np.str_), return_inverse=True)
    group = group_C[compound]
    order = np.random.default_rng(seed).permutation(len(names))
    reached = np.cumsum(np.bincount(group, minlength=len(names))[order])
    part = np.empty(len(names), dtype=np.int64)
    part[order] = np.where(reached <= _SHARE * len(compound), 2, np.where(reached <= 2 * _SHARE * len(compound), 1, 0))
    return given_split(part[group])


def given_split(part: Ints) -> Split:
    """The split that came with the data (by time, say): 0 trains, 1 validates, 2 tests; `ValueError` for another number."""
    if len(part) and (part.min() < 0 or part.max() > 2):  # noqa: PLR2004 -- three parts
        raise ValueError("a given split marks each cell 0 (train), 1 (validation) or 2 (test)")
    train, validation, test = (np.flatnonzero(part == number) for number in range(3))
    return Split(train=train, validation=validation, test=test)
