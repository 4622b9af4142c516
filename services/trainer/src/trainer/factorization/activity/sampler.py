"""Sampler: one Gibbs chain of the activity model (Salakhutdinov and Mnih 2008; Simm et al. 2017).

    y_ct = centre + offset_ct + b_t + e_c + u_c . q_t + noise_ct
    (u_c, e_c) ~ N(A_c P, S),   p_f ~ N(0, V),   (q_t, b_t) ~ N(m, W)

Rows carry their bias as a last column: U is C x (K+1) with e, Q is T x (K+1) with b, P is F x (K+1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import ndtr
from torch import Tensor

from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.latent import draw_latent, prevalence
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.priors import RowPrior, draw_covariance, draw_noise, draw_row_prior, draw_scale
from trainer.factorization.activity.products import Products
from trainer.factorization.activity.rows import Rows
from trainer.factorization.activity.streams import Purpose, Streams

__all__ = ["Offset", "Sampler", "State"]

Array = npt.NDArray[np.float64]

_START_SCALE: Final = 0.3
"""Standard deviation of the first random factors, in units of the values' own."""
_FRAGMENT_SCALE: Final = 0.1
"""The same of fragments, of which a compound has about ten."""


@dataclass(frozen=True, eq=False)
class Offset:
    """What is expected of every cell before the model looks."""

    mean_N: Array
    every_CT: npt.NDArray[np.float32] | None = None
    """The expectation of every cell, for chains in which unstated ones count too."""

    @classmethod
    def none(cls, cells: int) -> "Offset":
        """Nothing is known."""
        return cls(mean_N=np.zeros(cells))


@dataclass(frozen=True, eq=False)
class State:
    """Where the chain stands. Rows are on the device, priors on the host."""

    U_CK: Tensor
    """Columns 0..K-1 factors, column K the compound's bias e."""
    mean_CK: Tensor
    """What U was drawn around: its mean given all else. Averages of it settle sooner than averages of draws."""
    Q_TK: Tensor
    """Columns 0..K-1 factors, column K the target's bias b."""
    P_FK: Tensor
    residual_KK: Array
    """Lower Cholesky factor of S, the covariance of what fragments do not say of a compound."""
    targets: RowPrior
    noise_T: Array
    """Precision of a target's measurements."""
    fragments_KK: Array
    """Lower Cholesky factor of V, the covariance of fragments' rows."""
    slope: float
    """By how much the offset counts."""


class _Laid(NamedTuple):
    """A number of each cell, twice."""

    by_compound: Tensor
    by_target: Tensor


class Sampler:
    """Data of a chain on its device; `sweeps` runs it."""

    def __init__(
        self,
        cells: Cells,
        link: Link,
        *,
        rank: int,
        binary: bool,
        offset: Offset,
        seed: int,
        device: torch.device,
        threads: int = 1,
        background: Background | None = None,
    ) -> None:
        self.cells, self.rank, self.binary, self.offset, self.background = cells, rank, binary, offset, background
        self.centre = 0.0 if background is not None else _centre(cells, binary=binary)
        self._device = device
        self._streams = Streams(seed)
        self._link = link
        by_compound = Rows(cells.compound, cells.target, rows=cells.compounds, device=device, threads=threads)
        by_target = Rows(cells.target, cells.compound, rows=cells.targets, device=device, threads=threads)
        self._by_compound, self._by_target = by_compound, by_target
        self._cells_of_compounds, self._cells_of_targets = (
            Products(rows, compiled=device.type == "cpu") for rows in (by_compound, by_target)
        )
        self._every_CT = None if offset.every_CT is None else torch.from_numpy(offset.every_CT).to(device)
        self._offset, self._weights = self._laid(offset.mean_N), self._laid(np.ones(len(cells)))
        self._counts_T = np.diff(by_target.starts_R)

    def start(self) -> State:
        """Random targets, compounds about which nothing is known yet."""
        C, T, F, K = self.cells.compounds, self.cells.targets, self._link.shape[1], self.rank
        spread = 1.0 if self.binary or self.background is not None else float(np.std(self.cells.value)) or 1.0
        Q_TK = self._streams.normals(Purpose.START, 0, (T, K + 1)) * _START_SCALE
        Q_TK[:, K] = 0.0
        return State(
            U_CK=torch.zeros((C, K + 1), device=self._device),
            mean_CK=torch.zeros((C, K + 1), device=self._device),
            Q_TK=torch.from_numpy(Q_TK).to(self._device),
            P_FK=torch.zeros((F, K + 1), device=self._device),
            residual_KK=_START_SCALE * spread * np.eye(K + 1),
            targets=RowPrior(mean_K=np.zeros(K + 1), scale_KK=_START_SCALE * spread * np.eye(K + 1)),
            noise_T=np.full(T, self._first_noise(spread)),
            fragments_KK=_FRAGMENT_SCALE * spread * np.eye(K + 1),
            slope=1.0,
        )

    def _first_noise(self, spread: float) -> float:
        if self.background is not None:
            return self.background.precision
        return 1.0 if self.binary else 2.0 / spread**2

    def sweeps(self, state: State, *, first: int = 0) -> Iterator[State]:
        """The chain from `state` on, without end; `first` numbers the next sweep and so names its random numbers."""
        sweep = first
        if self.background is not None:
            known = self._laid(np.full(len(self.cells), self.background.value))
        elif not self.binary:
            known = self._laid(self.cells.value - self.centre)
        while True:
            if self.binary and self.background is None:
                latent = self._streams.generator(Purpose.LATENT, sweep)
                known = self._laid(draw_latent(self.expected_N(state), self.cells.value > 0, latent) - self.centre)
            state = self._sweep(state, known, sweep)
            yield state
            sweep += 1

    def expected_N(self, state: State) -> Array:
        """What the model expects of its cells, latent for binary data, offset included."""
        expected_N = state.slope * self.offset.mean_N
        expected_N += self._cells_of_compounds.expected_N(state.U_CK, state.Q_TK).cpu().numpy()
        expected_N += self.centre
        return expected_N

    def loss(self, state: State) -> float:
        """Mean squared error of the cells, of their chances where they are binary."""
        error_N = self.expected_N(state)
        if self.binary:
            ndtr(error_N, out=error_N)
            error_N -= self.cells.value > 0
        else:
            error_N -= self.cells.value
        return float(np.mean(np.square(error_N, out=error_N)))

    def _sweep(self, state: State, known: _Laid, sweep: int) -> State:
        generator = self._streams.generator(Purpose.PRECISIONS, sweep)
        if bool(state.U_CK.any()):  # a chain that begins knows nothing of compounds
            state = self._draw_link(state, sweep, generator)
            if self.background is None:  # else most of what a scale is asked by is not in the cells
                state = self._draw_scales(state, known, generator)
        rest = _Laid(*(torch.sub(*pair_2N, alpha=state.slope) for pair_2N in zip(known, self._offset, strict=True)))
        state = self._draw_compounds(self._draw_targets(state, rest, sweep), rest, sweep)
        return replace(state, targets=draw_row_prior(_host(state.Q_TK), generator))

    def _draw_compounds(self, state: State, rest: _Laid, sweep: int) -> State:
        prior = self._prior(state.Q_TK, self._link.compounds(state.P_FK), state.residual_KK, self._every_CT)
        U_CK, mean_CK = self._by_compound.solve(
            _with_ones(state.Q_TK),
            state.Q_TK[:, -1],
            rest.by_compound,
            weights_N=self._weights.by_compound,
            precision_R=torch.ones_like(state.U_CK[:, 0]),
            precision_O=self._tensor(state.noise_T),
            mean_RK=prior[0],
            scale_KK=prior[1],
            normals_RK=self._tensor(self._streams.normals(Purpose.COMPOUNDS, sweep, tuple(state.U_CK.shape))),
        )
        return replace(state, U_CK=U_CK, mean_CK=mean_CK)

    def _draw_targets(self, state: State, rest: _Laid, sweep: int) -> State:
        mean_TK = self._tensor(state.targets.mean_K).expand(state.Q_TK.shape).contiguous()
        every_TC = None if self._every_CT is None else self._every_CT.T
        prior = self._prior(state.U_CK, mean_TK, state.targets.scale_KK, every_TC)
        Q_TK, _ = self._by_target.solve(
            _with_ones(state.U_CK),
            state.U_CK[:, -1],
            rest.by_target,
            weights_N=self._weights.by_target,
            precision_R=self._tensor(state.noise_T),
            precision_O=torch.ones_like(state.U_CK[:, 0]),
            mean_RK=prior[0],
            scale_KK=prior[1],
            normals_RK=self._tensor(self._streams.normals(Purpose.TARGETS, sweep, tuple(state.Q_TK.shape))),
        )
        return replace(state, Q_TK=Q_TK)

    def _prior(self, others_OK: Tensor, mean_RK: Tensor, scale_KK: Array, every_RO: Tensor | None) -> tuple[Tensor, Tensor]:
        """Of the rows of one side, with what the unstated cells say where they say something."""
        if self.background is None:
            return mean_RK, self._tensor(scale_KK)
        ones_OK = _with_ones(others_OK)
        expected_RK = 0.0 if every_RO is None else _host(every_RO @ ones_OK)
        found_RK, found_KK = self.background.prior(
            _host(ones_OK), _host(others_OK[:, -1]), _host(mean_RK), scale_KK, expected_RK
        )
        return self._tensor(found_RK), self._tensor(found_KK)

    def _draw_scales(self, state: State, known: _Laid, generator: np.random.Generator) -> State:
        """Stretches what fragments say, what they leave (factors and bias apart) and the offset, each to what the cells ask.

        What is left of the cells then says how noisy their targets are.
        """
        said_CK = self._link.compounds(state.P_FK)
        left_CK = state.U_CK - said_CK
        moments_T55 = self._cells_of_targets.moments_R55(
            state.Q_TK,
            said_CK,
            left_CK,
            offset_N=state.slope * self._offset.by_target,
            values_N=known.by_target,
            weights_N=self._weights.by_target,
        )
        moments_55 = np.einsum("t,tij->ij", state.noise_T, moments_T55)
        priors = (
            (state.fragments_KK, slice(None)),
            (state.residual_KK, slice(self.rank)),
            (state.residual_KK, slice(self.rank, None)),
            (None, slice(None)),
        )
        scales = []
        for part, (prior_KK, columns) in enumerate(priors):
            information, product = moments_55[part, part], moments_55[part, -1] + moments_55[part, part]
            scale = draw_scale(information, product, generator, prior_KK=prior_KK, columns=columns)
            moments_55[:, -1] += (1.0 - scale) * moments_55[:, part]
            scales.append(scale)
        said, factors, bias, slope = scales
        noise_T = state.noise_T
        if not self.binary:
            left_5 = np.append(1.0 - np.array(scales), 1.0)
            squares_T = np.einsum("tij,i,j->t", moments_T55, left_5, left_5)
            noise_T = draw_noise(np.maximum(squares_T, 0.0), self._counts_T, noise_T, generator)
        stretch_K = np.append(np.full(self.rank, factors), bias)
        return replace(
            state,
            U_CK=said * said_CK + left_CK * self._tensor(stretch_K),
            P_FK=said * state.P_FK,
            fragments_KK=said * state.fragments_KK,
            residual_KK=stretch_K[:, None] * state.residual_KK,
            slope=slope * state.slope,
            noise_T=noise_T,
        )

    def _draw_link(self, state: State, sweep: int, generator: np.random.Generator) -> State:
        """S, then the fragments, then V."""
        left_CK = state.U_CK - self._link.compounds(state.P_FK)
        residual_KK = draw_covariance(_host(left_CK), generator)
        # In these coordinates S is the identity and V diagonal, so that columns are independent of each other.
        whiten_KK = np.linalg.inv(residual_KK)
        fragments_KK = whiten_KK @ state.fragments_KK
        axes_KK, deviation_K, _ = np.linalg.svd(fragments_KK)
        forth_KK, back_KK = whiten_KK.T @ axes_KK, axes_KK.T @ residual_KK.T
        normals_C = self._streams.normals(Purpose.LINK, 2 * sweep, tuple(state.U_CK.shape))
        normals_F = self._streams.normals(Purpose.LINK, 2 * sweep + 1, tuple(state.P_FK.shape))
        whitened_FK = self._link.solve(
            state.U_CK @ self._tensor(forth_KK),
            precision_K=self._tensor(deviation_K**-2),
            normals=(self._tensor(normals_C), self._tensor(normals_F)),
        )
        P_FK = whitened_FK @ self._tensor(back_KK)
        fragments_KK = draw_covariance(_host(P_FK), generator)
        return replace(state, P_FK=P_FK, residual_KK=residual_KK, fragments_KK=fragments_KK)

    def _laid(self, cells_N: Array) -> _Laid:
        numbers_N = self._tensor(cells_N)
        return _Laid(self._by_compound.laid(numbers_N), self._by_target.laid(numbers_N))

    def _tensor(self, array: npt.NDArray[np.floating]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self._device)


def _centre(cells: Cells, *, binary: bool) -> float:
    if binary:
        return prevalence(cells.value > 0)
    return float(cells.value.mean()) if len(cells) else 0.0


def _with_ones(rows_RK: Tensor) -> Tensor:
    """The rows with 1 in the place of their bias: what the other side's bias is multiplied by."""
    rows_RK = rows_RK.clone()
    rows_RK[:, -1] = 1.0
    return rows_RK


def _host(tensor: Tensor) -> Array:
    array: Array = tensor.double().cpu().numpy()
    return array
