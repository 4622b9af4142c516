"""The compounds a model learned from: their names and structures, found by structure, and what was measured on them."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from prediction.model_file import small

__all__ = ["Compounds"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Compounds:
    """C compounds as the arrays of a model file hold them."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._of = arrays

    def __len__(self) -> int:
        return len(self._of["compounds.name.ends"])

    def name(self, compound: int) -> str:
        """What the data call it."""
        return self._text("name", compound)

    def smiles(self, compound: int) -> str:
        """Its parent's SMILES; empty where the data state no structure."""
        return self._text("smiles", compound)

    def find(self, smiles: str) -> int | None:
        """The compound whose parent has this SMILES, written as `chemistry` writes it."""
        wanted = _digest(smiles)
        digests = self._of["compounds.digests"]
        place = int(np.searchsorted(digests, np.uint64(wanted)))  # of another type, all digests would be converted
        while place < len(digests) and digests[place] == wanted:
            compound = int(self._of["compounds.by_digest"][place])
            if self.smiles(compound) == smiles:
                return compound
            place += 1
        return None

    def measured(self, compound: int) -> tuple[Ints, Floats]:
        """The targets it was measured on, rising, and the values."""
        part = slice(int(self._of["cells.starts"][compound]), int(self._of["cells.starts"][compound + 1]))
        return self._of["cells.target"][part].astype(np.int64), self._of["cells.value"][part].astype(np.float64)

    def residuals(self, compound: int) -> tuple[Ints, Floats]:
        """The targets it was measured on, rising, and what is left of each value beyond what structure says, in spreads."""
        part = slice(int(self._of["cells.starts"][compound]), int(self._of["cells.starts"][compound + 1]))
        return self._of["cells.target"][part].astype(np.int64), self._of["cells.residual"][part].astype(np.float64)

    def value(self, compound: int, target: int) -> float | None:
        """What was measured of it on a target; None where nothing was."""
        start, stop = (int(end) for end in self._of["cells.starts"][compound : compound + 2])
        place = start + int(np.searchsorted(self._of["cells.target"][start:stop], target))
        return float(self._of["cells.value"][place]) if place < stop and self._of["cells.target"][place] == target else None

    @staticmethod
    def arrays(names: Sequence[str], smiles: Sequence[str | None], cells: tuple[Ints, Ints, Floats]) -> dict[str, Array]:
        """The arrays for a model file; `cells` are compound, target and value, sorted by compound, then target."""
        compound_N, target_N, value_N = cells
        known = [(_digest(text), number) for number, text in enumerate(smiles) if text]
        known.sort()
        return {
            **_packed("compounds.name", names),
            **_packed("compounds.smiles", [text or "" for text in smiles]),
            "compounds.digests": np.array([digest for digest, _ in known], dtype=np.uint64),
            "compounds.by_digest": small(np.array([number for _, number in known], dtype=np.uint32)),
            "cells.starts": np.searchsorted(compound_N, np.arange(len(names) + 1)).astype(np.uint32),
            "cells.target": small(target_N),
            "cells.value": value_N.astype(np.float64),
        }

    def _text(self, column: str, compound: int) -> str:
        ends = self._of[f"compounds.{column}.ends"]
        start = int(ends[compound - 1]) if compound else 0
        return self._of[f"compounds.{column}.text"][start : int(ends[compound])].tobytes().decode()


def _packed(name: str, texts: Sequence[str]) -> dict[str, Array]:
    encoded = [text.encode() for text in texts]
    return {
        f"{name}.text": np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}.ends": np.cumsum([len(text) for text in encoded]).astype(np.uint32),
    }


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
