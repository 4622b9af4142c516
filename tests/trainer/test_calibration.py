"""Intervals of compounds on new scaffolds are as wide as measurements that were kept from a fit ask for."""

import numpy as np
import pytest
import scipy.sparse
from tests.support.posteriors import drawn

from trainer.calibration import widening
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior

COMPOUNDS, TARGETS, FRAGMENTS = 1200, 6, 9


def made(noise: float) -> tuple[Cells, scipy.sparse.csr_array, Posterior]:
    """Measurements of what a posterior predicts, `noise` times as far from it as the posterior says."""
    generator = np.random.default_rng(0)
    draws = drawn(30, fragments=FRAGMENTS, targets=TARGETS)
    posterior = Posterior(draws=draws, centre=6.0, binary=False, structure=None)
    membership = scipy.sparse.csr_array((generator.random((COMPOUNDS, FRAGMENTS)) < 0.3) * 1.0)
    compound, target = np.divmod(np.arange(COMPOUNDS * TARGETS), TARGETS)
    P_SFK, Q_STK = draws.P_SFK.astype(np.float64), draws.Q_STK.astype(np.float64)
    levels_ST = Q_STK[:, :, -1].copy()
    Q_STK[:, :, -1] = 1.0
    expected_SCT = (membership.toarray() @ P_SFK) @ np.swapaxes(Q_STK, 1, 2) + levels_ST[:, None]
    turned_STK = Q_STK @ draws.residual_SKK
    variance_T = (np.einsum("stk,stk->st", turned_STK, turned_STK) + 1 / draws.noise_ST).mean(axis=0)
    deviation_CT = np.sqrt(variance_T + expected_SCT.var(axis=0))
    values_CT = 6.0 + expected_SCT.mean(axis=0) + noise * deviation_CT * generator.standard_normal((COMPOUNDS, TARGETS))
    cells = Cells.of(compound, target, values_CT.ravel(), compounds=COMPOUNDS, targets=TARGETS)
    return cells, membership, posterior


@pytest.mark.parametrize("noise", [0.8, 1.0, 1.6])
def test_the_factor_is_that_by_which_measurements_lie_further_than_was_said(noise: float) -> None:
    cells, membership, posterior = made(noise)
    asked: list[Cells] = []

    def fit(known: Cells) -> Posterior:
        asked.append(known)
        return posterior

    scaffolds = [f"scaffold {compound % 60}" for compound in range(COMPOUNDS)]
    assert widening(cells, membership, scaffolds, fit) == pytest.approx(noise, rel=0.1)
    (known,) = asked
    left_out = set(np.unique(cells.compound).tolist()) - set(np.unique(known.compound).tolist())
    assert len(cells) - len(known) >= 0.08 * len(cells)
    assert {scaffolds[compound] for compound in left_out}.isdisjoint({scaffolds[c] for c in np.unique(known.compound).tolist()})


def test_without_enough_scaffolds_nothing_is_widened_and_nothing_fitted() -> None:
    cells, membership, _ = made(1.0)

    def fit(known: Cells) -> Posterior:
        raise AssertionError(f"{len(known)} cells were fitted")

    assert widening(cells, membership, [""] * COMPOUNDS, fit) == 1.0
