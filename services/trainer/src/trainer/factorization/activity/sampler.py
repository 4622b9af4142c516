"""Sampler: one Gibbs chain of the activity model (Salakhutdinov and Mnih 2008; Simm et al. 2017).

    y_ct = centre + offset_ct + b_t + e_c + u_c . q_t + noise_ct
    (u_c, e_c) ~ N(A_c P, S),   p_f ~ N(0, V),   (q_t, b_t) ~ N(m, W)

Rows carry their bias as a last column: U is C x (K+1) with e, Q is T x (K+1) with b, P is F x (K+1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

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
    """What is known of every cell before the model looks: an expectation, and how much its noise exceeds the model's."""

    mean_N: Array
    inflation_N: Array
    """Noise variance over the noise variance of the cell's target; at least 1."""
    every_CT: npt.NDArray[np.float32] | None = None
    """The expectation of every cell, for chains in which unstated ones count too."""

    @classmethod
    def none(cls, cells: int) -> "Offset":
        """Nothing is known."""
        return cls(mean_N=np.zeros(cells), inflation_N=np.ones(cells))


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
        self._by_compound = Rows(cells.compound, cells.target, rows=cells.compounds, device=device, threads=threads)
        self._by_target = Rows(cells.target, cells.compound, rows=cells.targets, device=device, threads=threads)
        self._every_CT = None if offset.every_CT is None else torch.from_numpy(offset.every_CT).to(device)
        self._compound_N = torch.from_numpy(cells.compound).to(device)
        self._target_N = torch.from_numpy(cells.target).to(device)

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
        while True:
            state = self._sweep(state, sweep)
            yield state
            sweep += 1

    def expected_N(self, state: State) -> Array:
        """What the model expects of its cells, latent for binary data, offset included."""
        return self.centre + state.slope * self.offset.mean_N + _host(self._parts(state).sum(0))

    def loss(self, state: State) -> float:
        """Mean squared error of the cells, of their chances where they are binary."""
        expected_N = self.expected_N(state)
        stated_N = (self.cells.value > 0).astype(np.float64) if self.binary else self.cells.value
        return float(np.mean(np.square((ndtr(expected_N) if self.binary else expected_N) - stated_N)))

    def _parts(self, state: State) -> Tensor:
        """3 x N: what factors, the compound's bias and the target's bias add to every cell."""
        U_NK, Q_NK = state.U_CK[self._compound_N], state.Q_TK[self._target_N]
        return torch.stack([(U_NK[:, :-1] * Q_NK[:, :-1]).sum(1), U_NK[:, -1], Q_NK[:, -1]])

    def _sweep(self, state: State, sweep: int) -> State:
        value_N = self.cells.value
        if self.background is not None:
            value_N = np.full(len(value_N), self.background.value)
        elif self.binary:
            latent = self._streams.generator(Purpose.LATENT, sweep)
            value_N = draw_latent(self.expected_N(state), self.cells.value > 0, latent)
        value_N = value_N - self.centre
        precision_N = state.noise_T[self.cells.target] / self.offset.inflation_N
        generator = self._streams.generator(Purpose.PRECISIONS, sweep)
        if bool(state.U_CK.any()):  # a chain that begins knows nothing of compounds
            state = self._draw_link(state, sweep, generator)
            if self.background is None:  # else most of what a scale is asked by is not in the cells
                state = self._draw_scales(state, value_N, precision_N, generator)
        rest_N = value_N - state.slope * self.offset.mean_N
        state = self._draw_targets(state, rest_N, precision_N, sweep)
        state = self._draw_compounds(state, rest_N, precision_N, sweep)
        residual_N = value_N - state.slope * self.offset.mean_N - _host(self._parts(state).sum(0))
        noise_T = state.noise_T
        if not self.binary and self.background is None:
            residual_N /= np.sqrt(self.offset.inflation_N)
            noise_T = draw_noise(residual_N, self.cells.target, state.noise_T, generator)
        return replace(state, noise_T=noise_T, targets=draw_row_prior(_host(state.Q_TK), generator))

    def _draw_compounds(self, state: State, rest_N: Array, precision_N: Array, sweep: int) -> State:
        prior = self._prior(state.Q_TK, self._link.compounds(state.P_FK), state.residual_KK, self._every_CT)
        U_CK, mean_CK = self._by_compound.solve(
            _with_ones(state.Q_TK),
            self._tensor(rest_N) - state.Q_TK[self._target_N, -1],
            self._tensor(precision_N),
            mean_RK=prior[0],
            scale_KK=prior[1],
            normals=self._normals(Purpose.COMPOUNDS, sweep, state.U_CK.shape),
        )
        return replace(state, U_CK=U_CK, mean_CK=mean_CK)

    def _draw_targets(self, state: State, rest_N: Array, precision_N: Array, sweep: int) -> State:
        mean_TK = self._tensor(state.targets.mean_K).expand(state.Q_TK.shape).contiguous()
        every_TC = None if self._every_CT is None else self._every_CT.T
        prior = self._prior(state.U_CK, mean_TK, state.targets.scale_KK, every_TC)
        Q_TK, _ = self._by_target.solve(
            _with_ones(state.U_CK),
            self._tensor(rest_N) - state.U_CK[self._compound_N, -1],
            self._tensor(precision_N),
            mean_RK=prior[0],
            scale_KK=prior[1],
            normals=self._normals(Purpose.TARGETS, sweep, state.Q_TK.shape),
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

    def _draw_scales(self, state: State, value_N: Array, precision_N: Array, generator: np.random.Generator) -> State:
        """Stretches what fragments say, what they leave (factors and bias apart) and the offset, each to what the cells ask."""
        said_CK = self._link.compounds(state.P_FK)
        left_CK = state.U_CK - said_CK
        q_NK, c_N = _with_ones(state.Q_TK)[self._target_N], self._compound_N
        parts = [
            _host((q_NK * said_CK[c_N]).sum(1)),
            _host((q_NK[:, :-1] * left_CK[c_N, :-1]).sum(1)),
            _host(left_CK[c_N, -1]),
            state.slope * self.offset.mean_N,
        ]
        rest_N = value_N - _host(state.Q_TK[self._target_N, -1]) - sum(parts)
        priors = (
            (state.fragments_KK, slice(None)),
            (state.residual_KK, slice(self.rank)),
            (state.residual_KK, slice(self.rank, None)),
            (None, slice(None)),
        )
        scales = []
        for part_N, (prior_KK, columns) in zip(parts, priors, strict=True):
            scale = draw_scale(part_N, rest_N + part_N, precision_N, generator, prior_KK=prior_KK, columns=columns)
            rest_N = rest_N + (1.0 - scale) * part_N
            scales.append(scale)
        said, factors, bias, slope = scales
        stretch_K = np.append(np.full(self.rank, factors), bias)
        return replace(
            state,
            U_CK=said * said_CK + left_CK * self._tensor(stretch_K),
            P_FK=said * state.P_FK,
            fragments_KK=said * state.fragments_KK,
            residual_KK=stretch_K[:, None] * state.residual_KK,
            slope=slope * state.slope,
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

    def _normals(self, purpose: Purpose, sweep: int, shape: torch.Size) -> tuple[Tensor, Tensor]:
        cells = self._streams.normals(Purpose.CELLS, 2 * sweep + (purpose is Purpose.TARGETS), (len(self.cells),))
        return self._tensor(self._streams.normals(purpose, sweep, tuple(shape))), self._tensor(cells)

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
