"""The network of a factor run: an embedding a side, and their product."""

from typing import Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from trainer.similarity.factors import Factors

__all__ = ["FactorNetwork"]


class FactorNetwork(nn.Module):
    """Maps fragment ids to predicted target profiles: rows of P Q^T, with P and Q as embeddings.

    Its loss is the mean squared error over all fragments and targets. What `fit_counts` minimises exactly, any torch
    optimiser can go on minimising from here.
    """

    def __init__(self, fragments: int, targets: int, rank: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.fragments = nn.Embedding(fragments, rank, dtype=dtype)
        self.targets = nn.Embedding(targets, rank, dtype=dtype)

    @classmethod
    def from_factors(cls, factors: Factors, *, dtype: torch.dtype = torch.float32) -> Self:
        """The network whose embeddings are the canonical factors."""
        network = cls(len(factors.fragments_FK), len(factors.targets_TK), factors.rank, dtype=dtype)
        with torch.no_grad():
            network.fragments.weight.copy_(torch.from_numpy(factors.fragments_FK))
            network.targets.weight.copy_(torch.from_numpy(factors.targets_TK))
        return network

    def to_factors(self) -> Factors:
        """The canonical factors of the network as it stands, whatever gauge its training left it in."""
        P_FK, Q_TK = (side.weight.detach().cpu().double().numpy() for side in (self.fragments, self.targets))
        return Factors.from_product(P_FK, Q_TK)

    @torch.no_grad()
    def balance(self) -> None:
        """Changes the gauge so that each side carries half of every singular value; the product stays as it is."""
        left_FR, P_RK = torch.linalg.qr(self.fragments.weight)
        right_TR, Q_RK = torch.linalg.qr(self.targets.weight)
        U_RR, S_R, Vt_RR = torch.linalg.svd(P_RK @ Q_RK.T)
        self.fragments.weight.copy_(left_FR @ (U_RR * S_R.sqrt()))
        self.targets.weight.copy_(right_TR @ (Vt_RR.T * S_R.sqrt()))

    def forward(self, fragments: Int[Tensor, " N"]) -> tuple[Float[Tensor, "N T"], Float[Tensor, "N K"]]:
        """`profiles`, the predicted value of each fragment on each target, and `vectors`, the fragments' own rows."""
        vectors_NK = self.fragments(fragments)
        return vectors_NK @ self.targets.weight.T, vectors_NK

    def loss(self, counts_FT: Float[Tensor, "F T"]) -> Float[Tensor, ""]:
        """Mean squared error over every cell of a dense table: for small data and for other optimisers."""
        profiles_FT, _ = self(torch.arange(len(counts_FT), device=counts_FT.device))
        return nn.functional.mse_loss(profiles_FT, counts_FT)
