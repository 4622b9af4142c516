"""A sweep leaves the posterior as it is (Gandy and Scott 2020, "Unit testing for MCMC and other Monte Carlo methods").

A state drawn from the prior is a draw of the posterior given values drawn from that state. After some sweeps with those
values it still is one, so over many repetitions its distribution is still that of the prior.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
import torch
from scipy.stats import ks_2samp

from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.priors import draw_covariance, draw_row_prior
from trainer.factorization.activity.sampler import Offset, Sampler, State

MEMBERSHIP = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 0, 2], [1, 1, 1], [0, 0, 0]], dtype=np.float64)
MEASURED = np.array([[1, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]], dtype=bool)
RANK = 2
REPETITIONS = 300
SWEEPS = 8


def drawn(generator: np.random.Generator) -> State:
    """A state of the prior."""
    (C, F), T, K = MEMBERSHIP.shape, MEASURED.shape[1], RANK + 1
    residual_KK, fragments_KK = (draw_covariance(np.zeros((0, K)), generator) for _ in range(2))
    targets = draw_row_prior(np.zeros((0, K)), generator)
    P_FK = generator.standard_normal((F, K)) @ fragments_KK.T
    mean_CK = MEMBERSHIP @ P_FK
    common = 1.0 / generator.gamma(1.0)
    rows = {
        "P_FK": P_FK,
        "mean_CK": mean_CK,
        "U_CK": mean_CK + generator.standard_normal((C, K)) @ residual_KK.T,
        "Q_TK": targets.mean_K + generator.standard_normal((T, K)) @ targets.scale_KK.T,
    }
    return State(
        **{name: torch.from_numpy(array).float() for name, array in rows.items()},
        residual_KK=residual_KK,
        fragments_KK=fragments_KK,
        targets=targets,
        noise_T=generator.gamma(10.0, 0.1, size=(T,)) * common,
        slope=1.0,
    )


def statistics(state: State) -> list[float]:
    """Numbers that any wrong conditional moves; none depends on signs."""
    said_CK = torch.from_numpy(MEMBERSHIP).float() @ state.P_FK
    hosted = [state.residual_KK, state.fragments_KK, state.targets.scale_KK]
    tensors = [state.P_FK, state.Q_TK, state.U_CK - said_CK, state.U_CK[:, -1]]
    squares = [float(np.sum(np.square(array))) for array in [*hosted, *(tensor.numpy() for tensor in tensors)]]
    return [*np.log(squares), float(np.log(state.noise_T).mean()), float(torch.tanh(state.Q_TK[0, -1]))]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A matrix of six rows is no work for two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("binary", [False, True])
def test_sweeps_leave_the_posterior_as_it_is(*, binary: bool) -> None:
    generator = np.random.default_rng(0)
    compound, target = np.nonzero(MEASURED)
    cells = Cells.of(compound, target, np.zeros(len(compound)), compounds=len(MEMBERSHIP), targets=MEASURED.shape[1])
    sampler = Sampler(
        cells,
        Link(scipy.sparse.csr_array(MEMBERSHIP), device=torch.device("cpu")),
        rank=RANK,
        binary=binary,
        offset=Offset.none(len(cells)),
        seed=0,
        device=torch.device("cpu"),
    )
    sampler.centre = 0.0
    before, after = [], []
    for repetition in range(REPETITIONS):
        state = drawn(generator)
        if binary:
            state = replace(state, noise_T=np.ones_like(state.noise_T))
        before.append(statistics(drawn(generator)))
        noise_N = generator.standard_normal(len(cells)) / np.sqrt(state.noise_T[cells.target])
        value_N = sampler.expected_N(state) + noise_N
        sampler.cells = replace(cells, value=np.where(value_N > 0, 1.0, 0.0) if binary else value_N)
        chain = sampler.sweeps(state, first=1000 * repetition)
        for _ in range(SWEEPS):
            state = next(chain)
        after.append(statistics(state))
    columns = list(zip(np.transpose(before), np.transpose(after), strict=True))
    chances = [ks_2samp(*pair).pvalue for number, pair in enumerate(columns) if not (binary and number == 7)]
    assert min(chances) > 1e-3, chances
