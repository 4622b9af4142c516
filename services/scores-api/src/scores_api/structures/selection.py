"""A selection: the fragments that a reader wants to see, and in which order."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scores_api.fragments import Fragments
from scores_api.structures.finder import Finder

__all__ = ["Charge", "Selection", "Sort"]

Ids = npt.NDArray[np.int64]


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
            ids = ids[fragments.numbers["support"][ids] >= self.min_support]
        ids = self._like(ids, fragments)
        kept: list[int] = self._ordered(ids, fragments).tolist()
        return kept

    def _like(self, ids: Ids, fragments: Fragments) -> Ids:
        if self.max_atoms is not None:
            ids = ids[fragments.numbers["heavy_atoms"][ids] <= self.max_atoms]
        if self.rings is not None:
            rings_N = fragments.numbers["rings"][ids]
            ids = ids[rings_N > 0 if self.rings else rings_N == 0]
        if self.charge is not None:
            sign_N = np.sign(fragments.numbers["charge"][ids])
            ids = ids[sign_N == {Charge.NEUTRAL: 0, Charge.POSITIVE: 1, Charge.NEGATIVE: -1}[self.charge]]
        return ids

    def _ordered(self, ids: Ids, fragments: Fragments) -> Ids:
        match self.sort:
            case Sort.ID:
                return ids
            case Sort.NAME:
                return np.array(sorted(ids.tolist(), key=lambda id_: fragments.names[id_]), dtype=np.int64)
            case Sort.SUPPORT:
                keys = -fragments.numbers["support"][ids]
            case Sort.SIZE:
                keys = fragments.numbers["heavy_atoms"][ids]
            case Sort.LOGP:
                keys = fragments.numbers["logp"][ids]
        return ids[np.argsort(keys, kind="stable")]
