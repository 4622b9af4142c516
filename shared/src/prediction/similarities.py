"""How alike a molecule is to every compound of a run: the MinMax similarity of counts, by an inverted index."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.fingerprints import KINDS, Fingerprint

__all__ = ["FeatureIndex"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

_COUNT_BITS: Final = 2
"""Of a posting; the other bits are the compound's number."""


@dataclass(frozen=True, eq=False)
class FeatureIndex:
    """For each kind of fingerprint, which compounds have each feature and how often."""

    codes: tuple[Array, ...]
    """V rising codes, uint64; one array a kind, as all that follow."""
    starts: tuple[Array, ...]
    """V + 1 places in the postings."""
    postings: tuple[Array, ...]
    """compound << 2 | count - 1, by feature, then compound; uint32."""
    sizes: tuple[Array, ...]
    """Sum of counts of each of the C compounds."""

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Self:
        """From the arrays of a model file."""
        parts = ([arrays[f"{kind}.{part}"] for kind in KINDS] for part in ("codes", "starts", "postings", "sizes"))
        codes, starts, postings, sizes = map(tuple, parts)
        return cls(codes, starts, postings, sizes)

    @classmethod
    def arrays(cls, kind: str, codes_V: Array, counts_VC: Any, sizes_C: Array) -> dict[str, Array]:
        """The arrays of a kind for a model file; `counts_VC` is a CSR table of features by compounds with sorted columns."""
        return {
            f"{kind}.codes": codes_V.astype(np.uint64),
            f"{kind}.starts": counts_VC.indptr.astype(np.uint32),
            f"{kind}.postings": counts_VC.indices.astype(np.uint32) << _COUNT_BITS | (counts_VC.data.astype(np.uint32) - 1),
            f"{kind}.sizes": sizes_C.astype(np.uint16).astype(np.uint32),
        }

    def similarities_C(self, molecule: Fingerprint) -> Floats:
        """0 to 1; the mean over the kinds. Molecules without any feature of a kind are equal in it."""
        compounds = len(self.sizes[0])
        alike_C = np.zeros(compounds, dtype=np.float32)
        for kind, (codes_V, counts_V) in enumerate(zip(molecule.codes, molecule.counts, strict=True)):
            shared_C = self._shared_C(kind, codes_V, counts_V, compounds)
            either_C = np.float32(counts_V.sum()) + self.sizes[kind].astype(np.float32) - shared_C
            alike_C += np.divide(shared_C, either_C, out=np.ones_like(alike_C), where=either_C > 0)
        alike_C /= np.float32(len(KINDS))
        return alike_C

    def _shared_C(self, kind: int, codes_V: Array, counts_V: Array, compounds: int) -> Floats:
        """The sum over features of the smaller count."""
        known_V = self.codes[kind]
        places_V = np.minimum(np.searchsorted(known_V, codes_V), max(len(known_V) - 1, 0))
        found_V = known_V[places_V] == codes_V if len(known_V) else np.zeros(len(codes_V), dtype=np.bool_)
        places_V, counts_V = places_V[found_V], counts_V[found_V]
        starts, postings = self.starts[kind], self.postings[kind]
        shared_C = np.zeros(compounds, dtype=np.float32)
        their_K = np.arange(1, 2**_COUNT_BITS + 1, dtype=np.float32)
        for count in np.unique(counts_V).tolist():
            parts = [postings[starts[place] : starts[place + 1]] for place in places_V[counts_V == count].tolist()]
            # Postings are counted as they are, compound and count in one: a fifth of the time that adding weights takes.
            features_CK = np.bincount(np.concatenate(parts), minlength=compounds * len(their_K)).reshape(compounds, -1)
            shared_C += features_CK.astype(np.float32) @ np.minimum(their_K, np.float32(count))
        return shared_C
