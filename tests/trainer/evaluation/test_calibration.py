"""Intervals of compounds on new scaffolds are as wide as measurements that were kept from a fit ask for."""

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from tests.support.posteriors import drawn

from trainer.evaluation.calibration import widening
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior

COMPOUNDS, TARGETS, FRAGMENTS = 1200, 6, 9
Floats = npt.NDArray[np.float64]
Made = tuple[Cells, scipy.sparse.csr_array, Posterior]


def a_posterior(*, binary: bool) -> Posterior:
    draws = drawn(30, fragments=FRAGMENTS, targets=TARGETS)
    return Posterior(draws=draws, centre=-0.5 if binary else 6.0, binary=binary, structure=None)


def foretold(posterior: Posterior, membership: scipy.sparse.csr_array) -> tuple[Floats, Floats]:
    """What the posterior says of every compound on every target, and the standard deviation of it."""
    draws = posterior.draws
    P_SFK, Q_STK = draws.P_SFK.astype(np.float64), draws.Q_STK.astype(np.float64)
    levels_ST = Q_STK[:, :, -1].copy()
    Q_STK[:, :, -1] = 1.0
    expected_SCT = (membership.toarray() @ P_SFK) @ np.swapaxes(Q_STK, 1, 2) + levels_ST[:, None]
    turned_STK = Q_STK @ draws.residual_SKK
    noise_ST = 0.0 if posterior.binary else 1 / draws.noise_ST
    variance_T = (np.einsum("stk,stk->st", turned_STK, turned_STK) + noise_ST).mean(axis=0)
    return posterior.centre + expected_SCT.mean(axis=0), np.sqrt(variance_T + expected_SCT.var(axis=0))


def made(noise: float, *, binary: bool = False, compounds: int = COMPOUNDS) -> Made:
    """Measurements, or calls, of what a posterior predicts, `noise` times as far from it as the posterior says."""
    generator = np.random.default_rng(0)
    posterior = a_posterior(binary=binary)
    membership = scipy.sparse.csr_array((generator.random((compounds, FRAGMENTS)) < 0.3) * 1.0)
    expected_CT, deviation_CT = foretold(posterior, membership)
    values_CT: Floats = expected_CT + noise * deviation_CT * generator.standard_normal((compounds, TARGETS))
    if binary:
        values_CT = (values_CT + generator.standard_normal((compounds, TARGETS)) > 0).astype(np.float64)
    compound, target = np.divmod(np.arange(compounds * TARGETS), TARGETS)
    return Cells.of(compound, target, values_CT.ravel(), compounds=compounds, targets=TARGETS), membership, posterior


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


@pytest.mark.parametrize("noise", [0.5, 1.0, 1.6])
def test_the_factor_of_calls_is_that_by_which_chances_lie_further_than_was_said(noise: float) -> None:
    cells, membership, posterior = made(noise, binary=True, compounds=20 * COMPOUNDS)
    scaffolds = [f"scaffold {compound % 60}" for compound in range(20 * COMPOUNDS)]
    found = widening(cells, membership, scaffolds, lambda _: posterior, binary=True)
    assert found == pytest.approx(noise, abs=0.1)


def test_fewer_calls_than_tell_a_factor_widen_nothing() -> None:
    cells, membership, posterior = made(1.6, binary=True)
    scaffolds = [f"scaffold {compound % 60}" for compound in range(COMPOUNDS)]
    assert widening(cells, membership, scaffolds, lambda _: posterior, binary=True) == 1.0


def test_without_enough_scaffolds_nothing_is_widened_and_nothing_fitted() -> None:
    cells, membership, _ = made(1.0)

    def fit(known: Cells) -> Posterior:
        raise AssertionError(f"{len(known)} cells were fitted")

    assert widening(cells, membership, [""] * COMPOUNDS, fit) == 1.0
