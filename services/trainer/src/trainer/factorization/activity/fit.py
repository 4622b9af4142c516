"""The `activity` fit: cells and what compounds are made of in, a posterior out."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import scipy.sparse
import torch

from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.posterior import Draws, Posterior
from trainer.factorization.activity.ranking import Ranking
from trainer.factorization.activity.sampler import Offset, Sampler, State
from trainer.factorization.threads import one_thread

__all__ = ["Options", "fit_activity"]


@dataclass(frozen=True)
class Options:
    """How a fit is made. Nothing here is tuned on cells that judge it."""

    rank: int = 32
    """Latent factors; those the data do not ask for are shrunk by their learned precisions, so that more do no harm."""
    burn: int = 40
    """Sweeps before the first draw is kept."""
    draws: int = 48
    thin: int = 1
    """Sweeps from a kept draw to the next."""
    seed: int = 0


def fit_activity(
    cells: Cells,
    membership_CF: scipy.sparse.csr_array | Link,
    *,
    binary: bool,
    background: Background | None = None,
    structure_CD: scipy.sparse.csr_array | None = None,
    options: Options | None = None,
    device: str = "cpu",
    on_sweep: Callable[[int, float], None] | None = None,
) -> Posterior:
    """The posterior of the activity model.

    Args:
        cells: what was measured; for binary data values above 0 are active.
        membership_CF: how often compound c contains fragment f. Compounds without fragments and without cells are welcome.
            The `Link` of an earlier fit on the same device does as well, and spares its seconds.
        binary: probit link in place of the identity.
        background: what unstated cells say, for data that state only what acts; their values are all taken as 1.
        structure_CD: unit rows of whole molecules for the hidden block of positives; None leaves it out.
        options: defaults where None.
        device: of torch.
        on_sweep: called after every sweep with its number from 1 and the mean squared error of the training cells (of their
            chances, for binary data).

    Raises `ValueError` when there is no cell at all, and for structure without a background.
    """
    options = options or Options()
    if not len(cells):
        raise ValueError("no cell was measured, so there is nothing to learn from")
    ranking, offset = None, Offset.none(len(cells))
    if structure_CD is not None:
        if background is None:
            raise ValueError("structure ranks what acts alone")
        ranking = Ranking.fit(structure_CD, cells)
        every_CT = ranking.train_CT
        offset = Offset(every_CT[cells.compound, cells.target].astype(np.float64), every_CT)
    sweeps = options.burn + options.draws * options.thin
    kept = []
    with one_thread() as threads:
        place = torch.device(device)
        sampler = Sampler(
            cells,
            membership_CF if isinstance(membership_CF, Link) else Link(membership_CF, device=place),
            rank=options.rank,
            binary=binary,
            offset=offset,
            seed=options.seed,
            device=place,
            threads=threads,
            background=background,
        )
        for number, state in enumerate(islice(sampler.sweeps(sampler.start()), sweeps), start=1):
            if on_sweep is not None:
                on_sweep(number, sampler.loss(state))
            if number > options.burn and (number - options.burn) % options.thin == 0:
                kept.append(_halved(state))
    return Posterior(draws=_stacked(kept), centre=sampler.centre, binary=binary, ranking=ranking)


def _halved(state: State) -> State:
    return State(
        U_CK=state.U_CK.half().cpu(),
        mean_CK=state.mean_CK.half().cpu(),
        Q_TK=state.Q_TK.half().cpu(),
        P_FK=state.P_FK.half().cpu(),
        residual_KK=state.residual_KK,
        targets=state.targets,
        noise_T=state.noise_T,
        fragments_KK=state.fragments_KK,
        slope=state.slope,
    )


def _stacked(kept: list[State]) -> Draws:
    return Draws(
        U_SCK=np.stack([state.U_CK.numpy() for state in kept]),
        mean_SCK=np.stack([state.mean_CK.numpy() for state in kept]),
        P_SFK=np.stack([state.P_FK.numpy() for state in kept]),
        Q_STK=np.stack([state.Q_TK.numpy() for state in kept]),
        residual_SKK=np.stack([state.residual_KK for state in kept]),
        fragments_SKK=np.stack([state.fragments_KK for state in kept]),
        noise_ST=np.stack([state.noise_T for state in kept]),
        slope_S=np.array([state.slope for state in kept]),
    )
