"""Effects: what each fragment does to compounds beside the other fragments in them, held small unless many compounds say so.

A chain's own fragments predict best together, and one by one they are told apart badly: those of a series always come together,
and what its compounds share beyond their fragments is taken for noise. Rows that are compared are therefore shrunk harder than
prediction asks for (decision 0077).
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch

from trainer.factorization.activity.link import Link
from trainer.factorization.activity.posterior import Draws
from trainer.factorization.threads import one_thread

__all__ = ["Effects"]

Floats = npt.NDArray[np.float32]

_PRIOR: Final = 3.0
"""A fragment's prior counts for so many compounds in which it did nothing, times the root of the number of compounds: series
grow with a collection, so that its compounds tell less and less that others have not told."""


@dataclass(frozen=True, eq=False)
class Effects:
    """For each of S draws P Q^T, fragments x targets: by how much a fragment raises what a compound does at every target.

    Column K of P is the same effect at every target, and column K of Q is 1.
    """

    P_SFK: Floats
    mean_SFK: Floats
    """What each P was drawn around."""
    Q_STK: Floats

    @classmethod
    def of(
        cls, draws: Draws, membership_CF: scipy.sparse.csr_array, compounds: npt.NDArray[np.int64], *, seed: int = 0
    ) -> Self:
        """Ridge regression of the compounds' factors on their fragments, one for each draw of a chain.

        How uncertain it is comes from the residuals, each with a random sign and size of its own (wild bootstrap, Wu 1986): so
        compounds may vary as they do, and the result does not depend on the gauge of the draw.

        Args:
            draws: of a chain.
            membership_CF: how often compound c contains fragment f.
            compounds: those that were measured; the others teach nothing.
            seed: of the residuals' signs.
        """
        known_C = np.unique(compounds)
        known_CF = scipy.sparse.csr_array(membership_CF[known_C])
        found_S, mean_S = [], []
        with one_thread():
            precision = _PRIOR * float(np.sqrt(len(known_C)))
            link = Link(known_CF, device="cpu", precision=precision)
            for s in range(len(draws)):
                expected_CK, U_CK = (
                    torch.from_numpy(rows_CK[known_C].astype(np.float32)) for rows_CK in (draws.mean_SCK[s], draws.U_SCK[s])
                )
                precision_K = torch.full((U_CK.shape[1],), precision)
                mean_FK = link.solve(expected_CK, precision_K=precision_K, normals=None)
                left_CK = expected_CK - link.compounds(mean_FK)
                generator = np.random.default_rng([seed, s])
                sizes_C, sizes_F = (
                    torch.from_numpy(generator.standard_normal((length, 1), dtype=np.float32)) for length in known_CF.shape
                )
                drawn_F = torch.from_numpy(generator.integers(0, len(known_C), known_CF.shape[1]))
                normals = torch.zeros_like(U_CK), sizes_F * left_CK[drawn_F]
                found_FK = link.solve(U_CK + sizes_C * left_CK, precision_K=precision_K, normals=normals)
                mean_S.append(mean_FK.numpy())
                found_S.append(found_FK.numpy())
        Q_STK = draws.Q_STK.astype(np.float32)
        Q_STK[:, :, -1] = 1.0
        return cls(P_SFK=np.stack(found_S), mean_SFK=np.stack(mean_S), Q_STK=Q_STK)
