import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.factorization.counts.network import FactorNetwork
from trainer.similarity.factors import Factors


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_the_loss_is_the_mean_squared_error_over_all_cells(seed: int, fragments: int, targets: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    factors = Factors.from_product(rng.normal(size=(fragments, rank)), rng.normal(size=(targets, rank)))
    table_FT = rng.normal(size=(fragments, targets))
    network = FactorNetwork.from_factors(factors, dtype=torch.float64)
    expected = np.mean((factors.profiles_FT - table_FT) ** 2)
    assert network.loss(torch.from_numpy(table_FT)).item() == pytest.approx(expected, rel=1e-12)


def test_balance_changes_the_gauge_but_no_output() -> None:
    torch.manual_seed(0)
    network = FactorNetwork(8, 6, 3, dtype=torch.float64)
    ids_N = torch.arange(8)
    before_NT = network(ids_N)[0].detach().clone()
    network.balance()
    torch.testing.assert_close(network(ids_N)[0], before_NT, rtol=0, atol=1e-12)
    P_FK, Q_TK = network.fragments.weight.detach(), network.targets.weight.detach()
    torch.testing.assert_close(P_FK.T @ P_FK, Q_TK.T @ Q_TK, rtol=0, atol=1e-12)
    factors = network.to_factors()
    torch.testing.assert_close((P_FK.T @ P_FK).diagonal().numpy(), factors.singular_K, rtol=0, atol=1e-12)


def test_factors_become_a_network_and_come_back() -> None:
    rng = np.random.default_rng(0)
    factors = Factors.from_product(rng.normal(size=(8, 3)), rng.normal(size=(6, 3)))
    again = FactorNetwork.from_factors(factors, dtype=torch.float64).to_factors()
    np.testing.assert_allclose(again.fragments_FK, factors.fragments_FK, atol=1e-12)
    np.testing.assert_allclose(again.targets_TK, factors.targets_TK, atol=1e-12)
