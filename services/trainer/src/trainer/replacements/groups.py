"""Groups: the fragments that can take each other's place, as a run's file lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from chemistry.descriptors import described
from replacement.features import Descriptions

__all__ = ["Groups"]


@dataclass(frozen=True, eq=False)
class Groups:
    """G groups in order of their names' bytes."""

    names: Sequence[str]
    fragment_G: npt.NDArray[np.int32]
    """The run's id; -1 for a group that is no fragment of the run."""
    support_G: npt.NDArray[np.uint32]
    """Compounds that have it."""
    listed_G: npt.NDArray[np.bool_]
    """Whether there is enough evidence of it to be offered."""
    descriptions: Descriptions

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def described(
        cls,
        names: Sequence[str],
        fragment_G: npt.NDArray[np.int32],
        support_G: npt.NDArray[np.uint32],
        listed_G: npt.NDArray[np.bool_],
    ) -> Self:
        """Groups by their names; raises ValueError for one that RDKit does not read."""
        return cls(names, fragment_G, support_G, listed_G, Descriptions.of([described(name) for name in names]))
