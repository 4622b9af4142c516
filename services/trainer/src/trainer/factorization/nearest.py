"""The nearest rows of every row by cosine: exact, for any number of rows, by blocks of a matrix product.

Each block of float32 cosines is looked at once, while it is in the cache: the largest of each 64 columns is compared with
what the row's best so far leave to be exceeded, which a random order of the columns makes rare. Nothing else is sorted or
kept. Float32 is trusted no further than its error bound: the cosines of what it proposes are computed again in float64, and
a row in which it cannot tell enough candidates apart is compared with all of them.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.threads import one_thread

__all__ = ["TICKS", "cosine_ticks", "nearest"]

TICKS: Final = 1_000_000
"""Resolution of a cosine (1e-4 percent), far above rounding: two that are the same in it are equal, and ordered by id."""
_SPARE: Final = 4
"""Candidates looked at beyond the limit and a sixteenth of it, so that few rows have to be compared with all."""
_DEPTH: Final = 64
"""Columns of a group."""
_TILE: Final = {"cpu": (256, 2048), "cuda": (4096, 32768)}
"""Rows and columns of a block: 2 MiB of cosines stay in a core's cache; a GPU wants fewer, larger products."""
_WAITING: Final = 8
"""Pools that may wait to be merged."""
_PAIRS: Final = 2**17
"""Pairs of rows whose cosine is computed at a time in float64."""
_COSINES: Final = 2**25
"""Cosines held at a time for rows that are compared with all candidates."""
_IDS: Final = 2**32
"""More than there can be ids."""
_NOWHERE: Final = -(2**62)


def cosine_ticks(unit_FK: Tensor, left_N: Tensor, right_NP: Tensor) -> Tensor:
    """Cosines of the rows `left_N` with the rows `right_NP` in whole millionths, from -1,000,000 to 1,000,000.

    Rows of `unit_FK` have length 1 or 0.
    """
    rows = max(_PAIRS // max(right_NP.shape[1], 1), 1)
    parts = [
        torch.bmm(unit_FK[right_BP], unit_FK[left_B][:, :, None])[:, :, 0]
        for left_B, right_BP in zip(torch.split(left_N, rows), torch.split(right_NP, rows), strict=True)
    ]
    return (torch.cat(parts) * TICKS).round().clamp(-TICKS, TICKS).long()


def nearest(unit_FK: Tensor, shown_F: npt.NDArray[np.bool_], *, limit: int) -> Tensor:
    """Ids of the up to `limit` shown rows nearest to each row, itself excluded: F x `limit`, filled up with -1.

    Rows of `unit_FK` (float64) have length 1 or 0. Nearer comes first; the lower id where cosines are the same in millionths.
    """
    found_FL = torch.full((len(unit_FK), limit), -1, dtype=torch.int64, device=unit_FK.device)
    candidates_C = _useful(unit_FK, shown_F, limit)
    if not len(candidates_C):
        return found_FL
    search = _Search(unit_FK, candidates_C, limit)

    def fill(ids_N: Tensor) -> None:
        found_NL = search.block(ids_N)
        found_FL[ids_N, : found_NL.shape[1]] = found_NL

    blocks = torch.split(torch.arange(len(unit_FK), device=unit_FK.device), search.rows)
    workers = torch.get_num_threads() if unit_FK.device.type == "cpu" else 1
    with one_thread(), ThreadPoolExecutor(workers) as pool:  # a thread a block: small products are not worth sharing
        list(pool.map(fill, blocks))
    return found_FL


def _useful(unit_FK: Tensor, shown_F: npt.NDArray[np.bool_], limit: int) -> Tensor:
    """Shown ids, rising, less those with more than `limit` equal rows before them: they can be in no list."""
    shown_C = np.flatnonzero(shown_F)
    _, equal_C = np.unique(unit_FK.cpu().numpy()[shown_C], axis=0, return_inverse=True)
    order_C = np.argsort(equal_C, kind="stable")
    places_C = np.arange(len(order_C))
    starts_C = np.maximum.accumulate(np.where(np.diff(equal_C[order_C], prepend=-1) != 0, places_C, 0))
    useful_C = np.sort(order_C[places_C - starts_C <= limit])
    return torch.from_numpy(shown_C[useful_C]).to(unit_FK.device)


class _Search:
    """The candidates of a search, in tiles, and what its blocks share."""

    def __init__(self, unit_FK: Tensor, candidates_C: Tensor, limit: int) -> None:
        C, K = len(candidates_C), unit_FK.shape[1]
        # In random order, a bound that holds for the first tiles is nearly as good for the others.
        self._candidates_C = candidates_C[torch.randperm(C, generator=torch.Generator().manual_seed(0)).to(unit_FK.device)]
        self._unit_FK, self._single_FK = unit_FK, unit_FK.float()
        self._limit = limit
        self._pool = min(limit + limit // 16 + _SPARE, C)
        self._slack = 2 * (K + 3) * 2.0**-24 + 1 / TICKS  # the error bound of float32, twice, and a millionth
        self.rows, columns = _TILE[unit_FK.device.type]
        self._columns = -(-min(max(columns, self._pool), C) // _DEPTH) * _DEPTH
        padding = (0, 0, 0, -C % self._columns)
        self._padded_CK = torch.nn.functional.pad(self._single_FK[self._candidates_C], padding)
        self._padded_C = torch.nn.functional.pad(self._candidates_C, padding[2:])

    def block(self, ids_N: Tensor) -> Tensor:
        """Ids of the nearest candidates of these rows, -1 where there are fewer."""
        C = len(self._candidates_C)
        if self._pool == C:
            return self._ranked(ids_N, self._candidates_C.expand(len(ids_N), C))
        pool = self._proposed(ids_N)
        found_NL = self._ranked(ids_N, pool.others_NP)
        least_N = pool.cosines_NP[:, self._limit - 1] - self._slack
        crowded_N = pool.cosines_NP[:, -1] >= least_N
        for places_M in torch.split(crowded_N.nonzero().flatten(), max(_COSINES // C, 1)):
            cosines_MC = self._single_FK[ids_N[places_M]] @ self._padded_CK[:C].T
            for place, cosines_C in zip(places_M, cosines_MC, strict=True):
                near_P = self._candidates_C[cosines_C >= least_N[place]]
                found_NL[place] = self._ranked(ids_N[place, None], near_P[None])[0]
        return found_NL

    def _proposed(self, ids_N: Tensor) -> "_Pool":
        """The candidates with the largest float32 cosines, `self._pool` of them for each row."""
        tiles = self._tiles(self._single_FK[ids_N])
        pool = _Pool(ids_N, self._pool, *next(tiles))
        for seen, (cosines_NC, others_C) in enumerate(tiles, start=2):
            pool.look(cosines_NC, others_C)
            if seen.bit_count() == 1 or pool.waiting > _WAITING * pool.cosines_NP.numel():
                pool.merge()
        pool.merge()
        return pool

    def _tiles(self, queries_NK: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Cosines with all candidates, a tile at a time in the same memory, and the ids of its columns."""
        cosines_NC = queries_NK.new_empty((len(queries_NK), self._columns))
        for first in range(0, len(self._padded_C), self._columns):
            columns = slice(first, first + self._columns)
            torch.mm(queries_NK, self._padded_CK[columns].T, out=cosines_NC)
            cosines_NC[:, len(self._candidates_C) - first :] = -torch.inf  # the padding of the last tile
            yield cosines_NC, self._padded_C[columns]

    def _ranked(self, ids_N: Tensor, others_NP: Tensor) -> Tensor:
        """The nearest of these ids, by cosine in float64 and then by id, the rows themselves left out."""
        keys_NP = cosine_ticks(self._unit_FK, ids_N, others_NP) * _IDS + (_IDS - 1 - others_NP)
        keys_NP[others_NP == ids_N[:, None]] = _NOWHERE
        keys_NL = keys_NP.sort(dim=1, descending=True).values[:, : self._limit]
        return torch.where(keys_NL > _NOWHERE, _IDS - 1 - keys_NL % _IDS, -1)


class _Pool:
    """The best candidates that a block of rows has seen so far, with their float32 cosines, falling."""

    def __init__(self, ids_N: Tensor, size: int, cosines_NC: Tensor, others_C: Tensor) -> None:
        """Begins with a tile of at least `size` columns."""
        self._ids_N = ids_N
        self.cosines_NP, places_NP = cosines_NC.masked_fill(others_C == ids_N[:, None], -torch.inf).topk(size, dim=1)
        self.others_NP = others_C[places_NP]
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        self.waiting = 0
        """Candidates that exceed the pool's least but are not in it yet."""

    def look(self, cosines_NC: Tensor, others_C: Tensor) -> None:
        """Takes from a tile what exceeds the least of the pool; what does not is seen by its group's largest alone."""
        least_N = self.cosines_NP[:, -1]
        groups_NGD = cosines_NC.view(len(cosines_NC), -1, _DEPTH)
        rows_M, groups_M = (groups_NGD.amax(dim=2) > least_N[:, None]).nonzero(as_tuple=True)
        members_MD = groups_NGD.flatten(0, 1).index_select(0, rows_M * groups_NGD.shape[1] + groups_M)
        places_H, depths_H = (members_MD > least_N[rows_M, None]).nonzero(as_tuple=True)
        rows_H = rows_M[places_H]
        others_H = others_C[groups_M[places_H] * _DEPTH + depths_H]
        fresh_H = others_H != self._ids_N[rows_H]
        self._waiting.append((rows_H[fresh_H], members_MD[places_H, depths_H][fresh_H], others_H[fresh_H]))
        self.waiting += len(rows_H)

    def merge(self) -> None:
        """Brings what waits into the pool."""
        if not self.waiting:
            return
        rows_H, cosines_H, others_H = (torch.cat(parts) for parts in zip(*self._waiting, strict=True))
        rows_H, order_H = rows_H.sort(stable=True)
        counts_N = rows_H.bincount(minlength=len(self._ids_N))
        P = self.cosines_NP.shape[1]
        places_H = P + torch.arange(len(rows_H), device=rows_H.device) - (counts_N.cumsum(0) - counts_N)[rows_H]
        cosines_NW = torch.nn.functional.pad(self.cosines_NP, (0, int(counts_N.max())), value=-torch.inf)
        others_NW = torch.nn.functional.pad(self.others_NP, (0, int(counts_N.max())))
        cosines_NW[rows_H, places_H] = cosines_H[order_H]
        others_NW[rows_H, places_H] = others_H[order_H]
        self.cosines_NP, places_NP = cosines_NW.topk(P, dim=1)
        self.others_NP = others_NW.gather(1, places_NP)
        self._waiting, self.waiting = [], 0
