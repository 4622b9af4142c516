"""How alike a molecule is to every compound of a run: the MinMax similarity of counts, by an inverted index."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.fingerprints import KINDS, MOST_COUNTED, Fingerprint
from prediction.model_file import small

__all__ = ["FeatureIndex", "rows_with"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

_CROWDED: Final = 16
"""A level that more than one in so many compounds reach is kept as a bit a compound: smaller than their numbers in 16 bits."""
_WORD_BYTES: Final = 8


@dataclass(frozen=True, eq=False)
class FeatureIndex:
    """For each kind of fingerprint, which compounds reach each level: have a feature once, twice, ... `MOST_COUNTED` times.

    The smaller of two counts is the number of levels that both reach. Level l of feature v is v * `MOST_COUNTED` + l - 1.
    """

    codes: tuple[Array, ...]
    """V rising codes, uint64; one array a kind, as all that follow."""
    starts: tuple[Array, ...]
    """Places in the members, a level, and the end."""
    members: tuple[Array, ...]
    """Numbers of compounds, rising by level, in as few bytes as they need; none of a level that is crowded."""
    crowded: tuple[Array, ...]
    """Levels that have a bit for every compound, rising."""
    bits: tuple[Array, ...]
    """These bits, eight a byte, the least first."""
    sizes: tuple[Array, ...]
    """Sum of counts of each of the C compounds."""

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Self:
        """From the arrays of a model file."""
        names = ("codes", "starts", "members", "crowded", "bits", "sizes")
        return cls(*(tuple(arrays[f"{kind}.{name}"] for kind in KINDS) for name in names))

    @classmethod
    def arrays(cls, kind: str, codes_V: Array, counts_VC: Any, sizes_C: Array) -> dict[str, Array]:
        """The arrays of a kind for a model file; `counts_VC` is a CSR table of features by compounds with sorted columns."""
        features, compounds = counts_VC.shape
        feature_N = np.repeat(np.arange(features), np.diff(counts_VC.indptr))
        reached = [counts_VC.data >= level for level in range(1, MOST_COUNTED + 1)]
        levels = np.concatenate([feature_N[kept] * MOST_COUNTED + level for level, kept in enumerate(reached)])
        members = np.concatenate([counts_VC.indices[kept] for kept in reached])
        order = np.argsort(levels, kind="stable")
        levels, members = levels[order], members[order]
        count_L = np.bincount(levels, minlength=features * MOST_COUNTED)
        crowded = np.flatnonzero(count_L * _CROWDED > compounds)
        is_crowded = np.isin(levels, crowded)
        bits = np.zeros((len(crowded), compounds), dtype=np.uint8)
        bits[np.searchsorted(crowded, levels[is_crowded]), members[is_crowded]] = 1
        count_L[crowded] = 0
        return {
            f"{kind}.codes": codes_V.astype(np.uint64),
            f"{kind}.starts": np.concatenate([[0], np.cumsum(count_L)]).astype(np.uint32),
            f"{kind}.members": small(members[~is_crowded]),
            f"{kind}.crowded": crowded.astype(np.uint32),
            f"{kind}.bits": np.packbits(bits, axis=1, bitorder="little"),
            f"{kind}.sizes": small(sizes_C),
        }

    def similarities_C(self, molecule: Fingerprint) -> Floats:
        """0 to 1; the mean over the kinds. Molecules without any feature of a kind are equal in it."""
        alike_C = np.zeros(len(self.sizes[0]), dtype=np.float32)
        for kind, (codes_V, counts_V) in enumerate(zip(molecule.codes, molecule.counts, strict=True)):
            shared_C = self._shared_C(kind, codes_V, counts_V)
            either_C = np.float32(counts_V.sum()) + self.sizes[kind].astype(np.float32) - shared_C
            alike_C += np.divide(shared_C, either_C, out=np.ones_like(alike_C), where=either_C > 0)
        alike_C /= np.float32(len(KINDS))
        return alike_C

    def _shared_C(self, kind: int, codes_V: Array, counts_V: Array) -> Floats:
        """The sum over features of the smaller count."""
        compounds = len(self.sizes[kind])
        places_V, found_V = _places(self.codes[kind], codes_V)
        place_V, count_V = places_V[found_V], counts_V[found_V].astype(np.int64)
        levels_M = np.repeat(place_V * MOST_COUNTED, count_V) + _counted(count_V)
        starts, members = self.starts[kind], self.members[kind]
        ends = zip(starts[levels_M].tolist(), starts[levels_M + 1].tolist(), strict=True)
        parts = [members[start:stop] for start, stop in ends if start < stop]
        counted_C = np.bincount(np.concatenate([members[:0], *parts]), minlength=compounds)
        shared_C: Floats = counted_C.astype(np.float32)
        rows_M, crowded_M = _places(self.crowded[kind], levels_M)
        shared_C += rows_with(self.bits[kind], rows_M[crowded_M])[:compounds]
        return shared_C


def _places(known_V: Array, asked_M: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where each number stands among rising ones, and whether it is there."""
    if not len(known_V):
        return np.zeros(len(asked_M), dtype=np.int64), np.zeros(len(asked_M), dtype=np.bool_)
    places_M = np.minimum(np.searchsorted(known_V, asked_M), len(known_V) - 1)
    return places_M, known_V[places_M] == asked_M


def _counted(count_V: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, ... as often as each count says, one behind the other."""
    return np.arange(int(count_V.sum())) - np.repeat(np.cumsum(count_V) - count_V, count_V)


def rows_with(bits_LB: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """In how many of these rows each bit is set, the least of each byte first.

    64 bits at a time by full adders, which turn three rows into one of sums and one of carries (Wallace 1964).
    """
    words = -(-bits_LB.shape[1] // _WORD_BYTES)
    bytes_RB = np.zeros((len(rows), words * _WORD_BYTES), dtype=np.uint8)
    bytes_RB[:, : bits_LB.shape[1]] = bits_LB[rows]
    rows_RW, found_C, weight = bytes_RB.view(np.uint64), np.zeros(words * _WORD_BYTES * 8, dtype=np.uint16), 0
    while len(rows_RW):
        carried = [rows_RW[:0]]
        while len(rows_RW) > 1:
            third = max(len(rows_RW) // 3, 1)
            one, other, last = (rows_RW[part * third : (part + 1) * third] for part in range(3))
            last = last if len(last) else np.zeros_like(one)  # of two rows
            either = one ^ other
            carried.append((one & other) | (either & last))
            rows_RW = np.concatenate([either ^ last, rows_RW[3 * third :]])
        found_C += np.unpackbits(rows_RW[0].view(np.uint8), bitorder="little").astype(np.uint16) << np.uint16(weight)
        rows_RW, weight = np.concatenate(carried), weight + 1
    return found_C
