"""The nearest rows of every row by cosine: exact, for any number of rows, by tiles of a matrix product.

Each tile of float32 cosines is looked at once, while it is in the cache, for its rows and, turned, for its columns: the
largest of each 64 is compared with what the best so far leave to be exceeded, which a random order of the rows makes rare.
Nothing else is sorted or kept. Float32 is trusted no further than its error bound: the cosines of what it proposes are
computed again in float64, and a row in which it cannot tell enough candidates apart is compared with all of them.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.threads import one_thread
from trainer.similarity.cosines import TICKS

__all__ = ["cosine_ticks", "nearest"]

_SPARE: Final = 4
"""Candidates looked at beyond the limit and a sixteenth of it, so that few rows have to be compared with all."""
_GROUP: Final = 64
"""Columns of a tile that are first looked at by their largest alone."""
_SIDE: Final = {"cpu": 1024, "cuda": 8192}
"""Rows and columns of a tile: 4 MiB of cosines stay in a CPU's cache; a GPU wants fewer, larger products."""
_WAITING: Final = 8
"""Pools' worth of candidates that may wait to be merged into a pool."""
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

    def fill(pool: "_Pool") -> None:
        found_NL = search.ranked(pool)
        found_FL[pool.ids_N, : found_NL.shape[1]] = found_NL

    other_N = np.setdiff1d(np.arange(len(unit_FK)), candidates_C.cpu().numpy())
    other_blocks = torch.split(torch.from_numpy(other_N).to(unit_FK.device), search.side) if len(other_N) else ()
    workers = torch.get_num_threads() if unit_FK.device.type == "cpu" else 1
    with one_thread(), ThreadPoolExecutor(workers) as executor:  # a thread a tile: small products are not worth sharing
        list(executor.map(fill, search.among_candidates(executor)))
        list(executor.map(lambda ids_N: fill(search.among_others(ids_N)), other_blocks))
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
    """The candidates of a search, in panels, and what is known of each float32 cosine."""

    def __init__(self, unit_FK: Tensor, candidates_C: Tensor, limit: int) -> None:
        C, K = len(candidates_C), unit_FK.shape[1]
        # In random order, a bound that holds for the first panels is nearly as good for the others.
        self._candidates_C = candidates_C[torch.randperm(C, generator=torch.Generator().manual_seed(0)).to(unit_FK.device)]
        self._unit_FK, self._single_FK = unit_FK, unit_FK.float()
        self._limit = limit
        self._pool = min(limit + limit // 16 + _SPARE, C)
        self._slack = 2 * (K + 3) * 2.0**-24 + 1 / TICKS  # the error bound of float32, twice, and a millionth
        self.side = -(-max(_SIDE[unit_FK.device.type], self._pool + 1) // _GROUP) * _GROUP
        self._panels = [(ids_N, self._single_FK[ids_N]) for ids_N in torch.split(self._candidates_C, self.side)]

    def among_candidates(self, executor: ThreadPoolExecutor) -> "list[_Pool]":
        """The best candidates of the candidates: each tile on or above the diagonal serves its rows and its columns."""
        pools = [_Pool(ids_N, self._pool) for ids_N, _ in self._panels]

        def serve(row: int, column: int) -> None:
            (ids_N, rows_NK), (others_M, columns_MK) = self._panels[row], self._panels[column]
            cosines_NM = rows_NK @ columns_MK.T
            pools[row].look(cosines_NM, others_M)
            if row != column:
                pools[column].look(cosines_NM.T, ids_N)

        for row in range(len(pools)):
            serve(row, row)
            list(executor.map(partial(serve, row), range(row + 1, len(pools))))
        return pools

    def among_others(self, ids_N: Tensor) -> "_Pool":
        """The best candidates of rows that are no candidates themselves."""
        pool = _Pool(ids_N, self._pool)
        for others_M, columns_MK in self._panels:
            pool.look(self._single_FK[ids_N] @ columns_MK.T, others_M)
        return pool

    def ranked(self, pool: "_Pool") -> Tensor:
        """Ids of the nearest candidates of the pool's rows, -1 where there are fewer."""
        pool.merge()
        found_NL = self._nearest(pool.ids_N, pool.others_NP)
        if self._pool == len(self._candidates_C):
            return found_NL
        least_N = pool.cosines_NP[:, self._limit - 1] - self._slack
        crowded_N = (pool.cosines_NP[:, -1] >= least_N).nonzero().flatten()
        for places_M in torch.split(crowded_N, max(_COSINES // len(self._candidates_C), 1)):
            rows_MK = self._single_FK[pool.ids_N[places_M]]
            cosines_MC = torch.cat([rows_MK @ columns_NK.T for _, columns_NK in self._panels], dim=1)
            for place, cosines_C in zip(places_M, cosines_MC, strict=True):
                near_P = self._candidates_C[cosines_C >= least_N[place]]
                found_NL[place] = self._nearest(pool.ids_N[place, None], near_P[None])[0]
        return found_NL

    def _nearest(self, ids_N: Tensor, others_NP: Tensor) -> Tensor:
        """The nearest of these ids, by cosine in float64 and then by id, the rows themselves left out."""
        keys_NP = cosine_ticks(self._unit_FK, ids_N, others_NP) * _IDS + (_IDS - 1 - others_NP)
        keys_NP[others_NP == ids_N[:, None]] = _NOWHERE
        keys_NL = keys_NP.sort(dim=1, descending=True).values[:, : self._limit]
        return torch.where(keys_NL > _NOWHERE, _IDS - 1 - keys_NL % _IDS, -1)


class _Pool:
    """The best candidates that a panel of rows has seen so far, with their float32 cosines, falling.

    Its first tile has at least as many columns as the pool has places. After that threads may look at once.
    """

    def __init__(self, ids_N: Tensor, size: int) -> None:
        self.ids_N = ids_N
        self._size = size
        self.cosines_NP = self.others_NP = torch.empty((len(ids_N), 0), device=ids_N.device)
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        self._waited = 0
        self._looks = 0
        self._lock = Lock()

    def look(self, cosines_NM: Tensor, others_M: Tensor) -> None:
        """Takes from a tile, or a turned one, what exceeds the least of the pool."""
        if not self._looks:  # of a pool's looks, the first is nobody else's
            self._begin(cosines_NM, others_M)
        else:
            rows_H, places_H, cosines_H = _above(cosines_NM, self.cosines_NP[:, -1])
            others_H = others_M[places_H]
            fresh_H = others_H != self.ids_N[rows_H]
            with self._lock:
                self._waiting.append((rows_H[fresh_H], cosines_H[fresh_H], others_H[fresh_H]))
                self._waited += len(rows_H)
        with self._lock:
            self._looks += 1
            if self._looks.bit_count() == 1 or self._waited > _WAITING * self.cosines_NP.numel():
                self.merge()

    def merge(self) -> None:
        """Brings what waits into the pool."""
        if not self._waited:
            return
        rows_H, cosines_H, others_H = (torch.cat(parts) for parts in zip(*self._waiting, strict=True))
        rows_H, order_H = rows_H.sort(stable=True)
        counts_N = rows_H.bincount(minlength=len(self.ids_N))
        P, more = self.cosines_NP.shape[1], int(counts_N.max())
        places_H = P + torch.arange(len(rows_H), device=rows_H.device) - (counts_N.cumsum(0) - counts_N)[rows_H]
        cosines_NW = torch.nn.functional.pad(self.cosines_NP, (0, more), value=-torch.inf)
        others_NW = torch.nn.functional.pad(self.others_NP, (0, more))
        cosines_NW[rows_H, places_H] = cosines_H[order_H]
        others_NW[rows_H, places_H] = others_H[order_H]
        self.cosines_NP, places_NP = cosines_NW.topk(P, dim=1)
        self.others_NP = others_NW.gather(1, places_NP)
        self._waiting, self._waited = [], 0

    def _begin(self, cosines_NM: Tensor, others_M: Tensor) -> None:
        """Takes the best of the first tile; the row itself counts for nothing."""
        cosines_NM = cosines_NM.masked_fill(others_M == self.ids_N[:, None], -torch.inf)
        self.cosines_NP, places_NP = cosines_NM.topk(self._size, dim=1)
        self.others_NP = others_M[places_NP]


def _above(cosines_NM: Tensor, least_N: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, columns and values of the cosines above the rows' least; most groups of columns are dismissed by their largest."""
    if lacking := -cosines_NM.shape[1] % _GROUP:
        cosines_NM = torch.nn.functional.pad(cosines_NM, (0, lacking), value=-torch.inf)
    groups_NGD = cosines_NM.view(len(cosines_NM), -1, _GROUP)
    if cosines_NM.is_contiguous():
        largest_NG = groups_NGD.amax(dim=2)
    else:  # a turned tile: along its memory, or it takes ten times as long
        largest_NG = cosines_NM.T.view(-1, _GROUP, len(cosines_NM)).amax(dim=1).T
    rows_S, groups_S = (largest_NG > least_N[:, None]).nonzero(as_tuple=True)
    members_SD = groups_NGD[rows_S, groups_S]
    places_H, members_H = (members_SD > least_N[rows_S, None]).nonzero(as_tuple=True)
    return rows_S[places_H], groups_S[places_H] * _GROUP + members_H, members_SD[places_H, members_H]
