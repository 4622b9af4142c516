"""The predictor: from the fragments of compounds to their activity on targets, with intervals, as a network.

    sum_ct = mean + level_t + the contribution of each fragment of c

With a posterior every term is its average over the draws. What is not known of the sum is a normal distribution whose variance
is that of the draws, of what fragments leave of a compound, of fragments that no compound of the data contained, and, for
values, of the measurement.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from contracts.evidence import WIDTH
from contracts.predictions import Scale
from trainer.factorization.activity.posterior import Posterior
from trainer.similarity.factors import Factors

__all__ = ["Predicted", "Predictor"]

Array = npt.NDArray[np.float64]


class Predicted(NamedTuple):
    """The outputs of `contracts.predictions`, in this order; the bounds are None without a posterior."""

    predictions: Float[Tensor, "B M"]
    sums: Float[Tensor, "B M"]
    contributions: Float[Tensor, "N M"]
    levels: Float[Tensor, " M"]
    mean: Float[Tensor, " 1"]
    low: Float[Tensor, "B M"] | None
    high: Float[Tensor, "B M"] | None


class Predictor(nn.Module):
    """S draws of the fragments' and the targets' vectors, the variance they leave open, and the scale of what comes out."""

    fragments_FSK: Tensor
    """In half precision where they are draws."""
    targets_TSK: Tensor
    levels_TS: Tensor
    mean_1: Tensor
    variance_T: Tensor
    """Of a compound of known fragments, beyond that of the draws."""
    unseen_T: Tensor
    """What each unknown fragment adds to it."""
    reach_1: Tensor
    """Standard deviations from the mean to either bound."""

    def __init__(self, scale: Scale, **buffers: Tensor) -> None:
        super().__init__()
        self.scale = scale
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer.contiguous())

    @classmethod
    def from_factors(cls, factors: Factors) -> Self:
        """Of fragment x target sums: one draw, no level, nothing left open."""
        T = len(factors.targets_TK)
        return cls(
            Scale.SUM,
            fragments_FSK=_single(factors.fragments_FK)[:, None],
            targets_TSK=_single(factors.targets_TK)[:, None],
            levels_TS=torch.zeros(T, 1),
            mean_1=torch.zeros(1),
            variance_T=torch.zeros(T),
            unseen_T=torch.zeros(T),
            reach_1=torch.zeros(1),
        )

    @classmethod
    def from_posterior(cls, posterior: Posterior, *, positives: bool = False) -> Self:
        """Of the activity model; `positives` says that the data state only what acts."""
        draws = posterior.draws
        Q_STK = draws.Q_STK.astype(np.float64)
        levels_ST = Q_STK[:, :, -1].copy()
        Q_STK[:, :, -1] = 1.0  # what the bias of a compound is multiplied by
        variance_T = _variance_ST(Q_STK, draws.residual_SKK).mean(axis=0)
        scale = Scale.CHANCE if posterior.binary else Scale.SCORE if positives else Scale.VALUE
        if scale is Scale.VALUE:
            variance_T += (1.0 / draws.noise_ST).mean(axis=0)
        return cls(
            scale,
            fragments_FSK=torch.from_numpy(np.ascontiguousarray(np.moveaxis(draws.P_SFK, 0, 1))),
            targets_TSK=_single(np.moveaxis(Q_STK, 0, 1)),
            levels_TS=_single(levels_ST.T),
            mean_1=_single(np.array([posterior.centre])),
            variance_T=_single(variance_T),
            unseen_T=_single(_variance_ST(Q_STK, draws.fragments_SKK).mean(axis=0)),
            reach_1=_single(np.array([WIDTH])),
        )

    @torch.no_grad()
    def forward(
        self,
        fragments: Int[Tensor, " N"],
        compounds: Int[Tensor, " N"],
        unseen: Float[Tensor, " B"],
        targets: Int[Tensor, " M"],
    ) -> Predicted:
        """What `contracts.predictions` says of the graph."""
        P_NSK = self.fragments_FSK[fragments].float()
        Q_MSK, levels_MS = self.targets_TSK[targets], self.levels_TS[targets]
        contributions_NM = P_NSK.flatten(1) @ Q_MSK.flatten(1).T / P_NSK.shape[1]
        made_BSK = torch.zeros(len(unseen), *P_NSK.shape[1:]).index_add(0, compounds, P_NSK)
        drawn_SBM = made_BSK.transpose(0, 1) @ Q_MSK.permute(1, 2, 0) + levels_MS.T[:, None]
        expected_BM = drawn_SBM.mean(0)
        sums_BM = expected_BM + self.mean_1
        common = (contributions_NM, levels_MS.mean(1), self.mean_1)
        if self.scale is Scale.SUM:
            return Predicted(sums_BM, sums_BM, *common, None, None)
        variance_BM = (drawn_SBM - expected_BM).square().mean(0) + self.variance_T[targets]
        variance_BM = variance_BM + unseen[:, None] * self.unseen_T[targets]
        reach_BM = variance_BM.sqrt() * self.reach_1
        low_BM, high_BM = sums_BM - reach_BM, sums_BM + reach_BM
        if self.scale is not Scale.CHANCE:
            return Predicted(sums_BM, sums_BM, *common, low_BM, high_BM)
        chance_BM = _share(sums_BM / (variance_BM + 1.0).sqrt())
        return Predicted(chance_BM, sums_BM, *common, _share(low_BM), _share(high_BM))


def _share(z: Tensor) -> Tensor:
    """Of a standard normal distribution, below z."""
    return (torch.erf(z * 0.5**0.5) + 1.0) * 0.5


def _variance_ST(Q_STK: Array, root_SKK: Array) -> Array:
    """Of x . q for x ~ N(0, root root^T), by draw and target."""
    turned_STK = Q_STK @ root_SKK
    variance_ST: Array = np.einsum("stk,stk->st", turned_STK, turned_STK)
    return variance_ST


def _single(array: npt.NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).float()
