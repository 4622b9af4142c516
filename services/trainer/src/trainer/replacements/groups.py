"""Groups: the fragments that can take each other's place, as a run's file lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chemistry.ends import attachments
from contracts.evidence import SHOWN_SUPPORT
from replacement.features import Descriptions

__all__ = ["Groups", "Named"]


@dataclass(frozen=True, eq=False)
class Named:
    """G groups in order of their names' bytes, before they are described."""

    names: Sequence[str]
    fragment_G: npt.NDArray[np.int32]
    """The run's id; -1 for a group that is no fragment of the run."""
    support_G: npt.NDArray[np.uint32]
    """Compounds that have it."""
    listed_G: npt.NDArray[np.bool_]
    """Whether there is enough evidence of it to be offered."""

    @classmethod
    def of(cls, fragments: pa.Table, replaced: Sequence[str], support: Mapping[str, int]) -> Self:
        """The fragments of a run that have open ends, and those that were seen to be replaced.

        Args:
            fragments: the run's, as `contracts.tables` declares them.
            replaced: names that occur in measured replacements.
            support: in how many compounds each fragment of single cuts and leaves is.
        """
        rows = zip(*(fragments[column].to_pylist() for column in ("smiles", "id", "support", "shown")), strict=True)
        known = {smiles: (id_, count, shown) for smiles, id_, count, shown in rows if smiles and attachments(smiles)[0]}
        names = sorted({*known, *replaced}, key=str.encode)
        found = [known.get(name, (-1, support.get(name, 0), support.get(name, 0) >= SHOWN_SUPPORT)) for name in names]
        return cls(
            names,
            np.array([each[0] for each in found], dtype=np.int32),
            np.array([each[1] for each in found], dtype=np.uint32),
            np.array([each[2] for each in found], dtype=np.bool_),
        )


@dataclass(frozen=True, eq=False)
class Groups(Named):
    """The same, described."""

    descriptions: Descriptions

    def __len__(self) -> int:
        return len(self.names)
