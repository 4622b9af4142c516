"""The fragments of a run: by name, by id, and by what a user remembers of them."""

import difflib
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice
from typing import Final

import numpy as np
import numpy.typing as npt

from scores_api.failures import FragmentsUnknown

__all__ = ["Fragments"]

_BY_ID: Final = "id:"
_END: Final = "\uffff"
"""Ends each entry of the search text; a noncharacter, so no query that holds it can match."""
_NEAR: Final = 5
_NEAR_POOL: Final = 120
_NEAR_LENGTH: Final = 200
"""Longer unknown names get no suggestions: comparing them costs more than it helps."""


@dataclass(frozen=True)
class Fragments:
    """Columns of the run's fragments; the id of a fragment is its number in them."""

    run: str
    names: Sequence[str]
    smiles: Sequence[str | None]
    support: Sequence[int]
    scaffolds: Sequence[int | None]
    shown: Sequence[bool]
    heavy_atoms: Sequence[int | None]
    rings: Sequence[int | None]
    charge: Sequence[int | None]
    logp: Sequence[float | None]
    numbers: Mapping[str, npt.NDArray[np.float64]] = field(init=False, repr=False)
    """What fragments are selected and sorted by; NaN, which meets no condition and is last, where there is none."""
    _ids: dict[str, int] = field(init=False, repr=False)
    _text: str = field(init=False, repr=False)
    _ends: Sequence[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index names and build the search text."""
        entries = [
            _folded(name if smiles is None or smiles == name else f"{name}{_END}{smiles}") + _END
            for name, smiles in zip(self.names, self.smiles, strict=True)
        ]
        columns = ("support", "heavy_atoms", "rings", "charge", "logp")
        object.__setattr__(self, "numbers", {name: np.array(getattr(self, name), dtype=np.float64) for name in columns})
        object.__setattr__(self, "_ids", {name: id_ for id_, name in enumerate(self.names)})
        object.__setattr__(self, "_text", "".join(entries))
        object.__setattr__(self, "_ends", list(accumulate(len(entry) for entry in entries)))

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: str) -> int:
        """The id of a fragment by exact name, else by `id:<number>`.

        Raises:
            FragmentsUnknown: there is none; the failure carries names that look alike.
        """
        return self.find_all([name])[0]

    def find_all(self, names: Sequence[str]) -> list[int]:
        """The ids of several fragments, in the order of `names`.

        Raises:
            FragmentsUnknown: some do not exist; the failure carries all of these.
        """
        ids = [self.id_of(name) for name in names]
        missing = [name for name, id_ in zip(names, ids, strict=True) if id_ is None]
        if missing:
            raise FragmentsUnknown(self.run, missing, self.near(missing[0]))
        return [id_ for id_ in ids if id_ is not None]

    def id_of(self, name: str) -> int | None:
        """The id of a fragment as `find` knows it; None where there is none."""
        id_ = self._ids.get(name)
        if id_ is None and name.startswith(_BY_ID):
            digits = name.removeprefix(_BY_ID)
            if digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits) < len(self.names):  # noqa: PLR2004 - int32
                id_ = int(digits)
        return id_

    def with_structures(self, smiles: Sequence[str]) -> list[int]:
        """Ids, ascending, of the fragments of any of these SMILES; a name is one where the data state no structure."""
        named = [id_ for each in smiles if (id_ := self._ids.get(each)) is not None and self.smiles[id_] in (None, each)]
        return sorted({*named, *(id_ for each in smiles for id_ in self._otherwise_named.get(each, ()))})

    def search(self, query: str, *, after: int, shown_only: bool) -> Iterator[int]:
        """Ids above `after` whose name or SMILES contains `query`, case ignored, in ascending order; all for an empty query."""
        ids = self._matches(_folded(query), after + 1) if query else iter(range(after + 1, len(self.names)))
        return (id_ for id_ in ids if self.shown[id_]) if shown_only else ids

    def _matches(self, needle: str, first: int) -> Iterator[int]:
        if _END in needle or first > len(self.names):
            return
        position = self._ends[first - 1] if first else 0
        while (hit := self._text.find(needle, position)) >= 0:
            id_ = bisect_right(self._ends, hit)
            yield id_
            position = self._ends[id_]

    @cached_property
    def _otherwise_named(self) -> dict[str, list[int]]:
        """Ids by SMILES of the fragments whose names are not their SMILES."""
        ids: dict[str, list[int]] = {}
        for id_, (name, smiles) in enumerate(zip(self.names, self.smiles, strict=True)):
            if smiles is not None and smiles != name:
                ids.setdefault(smiles, []).append(id_)
        return ids

    @cached_property
    def _sorted(self) -> list[int]:
        """Ids in the order of their folded names."""
        return sorted(range(len(self.names)), key=lambda id_: _folded(self.names[id_]))

    def near(self, name: str) -> list[str]:
        """Up to five names that look like an unknown one, the most alike first."""
        if not name or len(name) > _NEAR_LENGTH:
            return []
        folded = _folded(name)
        pool = dict.fromkeys(islice(self._matches(folded, 0), _NEAR_POOL))
        if len(self.names) <= _NEAR_POOL:
            pool |= dict.fromkeys(range(len(self.names)))
        else:
            rank = bisect_left(self._sorted, folded, key=lambda id_: _folded(self.names[id_]))
            pool |= dict.fromkeys(self._sorted[max(0, rank - _NEAR_POOL // 2) : rank + _NEAR_POOL // 2])
        by_fold: dict[str, str] = {}
        for id_ in pool:
            if len(self.names[id_]) <= 2 * _NEAR_LENGTH:
                by_fold.setdefault(_folded(self.names[id_]), self.names[id_])
        return [by_fold[match] for match in difflib.get_close_matches(folded, by_fold, n=_NEAR, cutoff=0.5)]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
