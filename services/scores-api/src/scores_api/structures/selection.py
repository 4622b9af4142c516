"""A selection: the fragments that a reader wants to see, and in which order."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scores_api.fragments import Fragments
from scores_api.structures.finder import Finder, Properties

__all__ = ["Charge", "Selection", "Sort"]


class Sort(StrEnum):
    """What a list of fragments follows; equals by their ids."""

    ID = "id"
    NAME = "name"
    SUPPORT = "support"
    """Those in most compounds first."""
    SIZE = "size"
    """Those with fewest heavy atoms first."""
    LOGP = "logp"
    """The most polar first: Wildman and Crippen's logP."""


class Charge(StrEnum):
    """The formal charge of a fragment."""

    NEUTRAL = "neutral"
    POSITIVE = "positive"
    NEGATIVE = "negative"


@dataclass(frozen=True)
class Selection:
    """Conditions that a fragment meets all; None leaves one out."""

    query: str
    shown: bool
    structure: str | None
    spelled: str | None
    min_support: int
    max_atoms: int | None
    rings: bool | None
    charge: Charge | None
    sort: Sort

    @property
    def mark(self) -> str:
        """What tells this list from others, in cursors."""
        return f"selected fragments {hashlib.blake2b(repr(self).encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"

    @property
    def is_plain(self) -> bool:
        """Whether this is the list of all or of those that a text finds, in the order of ids."""
        return self == Selection(self.query, self.shown, None, None, 0, None, None, None, Sort.ID)

    @property
    def looks_at_structures(self) -> bool:
        """Whether it needs to know what structures are like."""
        return any(each is not None for each in (self.max_atoms, self.rings, self.charge)) or self.sort in {
            Sort.SIZE,
            Sort.LOGP,
        }

    async def of(self, fragments: Fragments, finder: Finder) -> list[int]:
        """Ids of the fragments that meet all conditions, in the order that is asked for.

        Raises:
            StructureUnreadable: the structure is neither SMILES nor SMARTS, or what is spelled is no SMILES.
            MoleculesFailed: the process that reads structures died or did not answer.
        """
        ids = np.fromiter(fragments.search(self.query, after=-1, shown_only=self.shown), dtype=np.int64)
        if self.structure is not None:
            ids = np.intersect1d(ids, await finder.containing(fragments, self.structure), assume_unique=True)
        if self.spelled is not None:
            ids = np.intersect1d(ids, await finder.spelled(fragments, self.spelled), assume_unique=True)
        if self.min_support:
            ids = ids[np.asarray(fragments.support)[ids] >= self.min_support]
        properties = await finder.properties(fragments) if self.looks_at_structures else None
        if properties is not None:
            ids = self._like(ids, properties)
        kept: list[int] = self._ordered(ids, fragments, properties).tolist()
        return kept

    def _like(self, ids: npt.NDArray[np.int64], properties: Properties) -> npt.NDArray[np.int64]:
        if self.max_atoms is not None:
            ids = ids[properties.atoms_F[ids] <= self.max_atoms]
        if self.rings is not None:
            ids = ids[properties.rings_F[ids] > 0 if self.rings else properties.rings_F[ids] == 0]
        match self.charge:
            case Charge.NEUTRAL:
                ids = ids[properties.charge_F[ids] == 0]
            case Charge.POSITIVE:
                ids = ids[properties.charge_F[ids] > 0]
            case Charge.NEGATIVE:
                ids = ids[properties.charge_F[ids] < 0]
            case None:
                pass
        return ids

    def _ordered(
        self, ids: npt.NDArray[np.int64], fragments: Fragments, properties: Properties | None
    ) -> npt.NDArray[np.int64]:
        match self.sort:
            case Sort.ID:
                return ids
            case Sort.NAME:
                return np.array(sorted(ids.tolist(), key=lambda id_: fragments.names[id_]), dtype=np.int64)
            case Sort.SUPPORT:
                keys = -np.asarray(fragments.support)[ids]
            case Sort.SIZE | Sort.LOGP:
                assert properties is not None  # noqa: S101 - asked for above
                keys = (properties.atoms_F if self.sort is Sort.SIZE else properties.logp_F)[ids]  # NaN is last
        return ids[np.argsort(keys, kind="stable")]
