from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.factorization.activity.rows import Rows

CPU = torch.device("cpu")
RANKS = st.sampled_from([1, 2, 7, 8, 15, 16, 17, 19, 20, 31, 32, 33, 48, 65])
"""On both sides of each edge of the kernel: tiles of 4 columns, registers of 16 numbers."""


def made(row: np.ndarray, *, rows: int, columns: int, K: int, seed: int = 0) -> tuple[np.ndarray, dict[str, torch.Tensor]]:
    """Columns of the cells, some of them twice in a row, and what `solve` takes besides."""
    generator = np.random.default_rng(seed)
    numbers = {
        "others_OK": generator.standard_normal((columns, K)),
        "bias_O": generator.standard_normal(columns),
        "values_N": generator.standard_normal(len(row)),
        "weights_N": 0.5 + generator.random(len(row)),
        "precision_R": 0.5 + generator.random(rows),
        "precision_O": 0.5 + generator.random(columns),
        "mean_RK": generator.standard_normal((rows, K)),
        "scale_KK": 0.3 * np.tril(generator.standard_normal((K, K)), -1) / np.sqrt(K) + np.eye(K),
        "normals_RK": generator.standard_normal((rows, K)),
    }
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in numbers.items()}
    return generator.integers(0, columns, len(row)), tensors


def solved(row: np.ndarray, column: np.ndarray, numbers: dict[str, Any], **how: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws and means, from values and weights in the order of the cells."""
    rows = Rows(row, column, rows=len(numbers["mean_RK"]), device=CPU, **how)
    return rows.solve(**numbers | {name: rows.laid(numbers[name]) for name in ("values_N", "weights_N")})


def posterior(row: np.ndarray, column: np.ndarray, numbers: dict[str, torch.Tensor], r: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance by the textbook formula, in double precision."""
    array = {name: tensor.double().numpy() for name, tensor in numbers.items()}
    cells = row == r
    c = column[cells]
    F, y = array["others_OK"][c], array["values_N"][cells] - array["bias_O"][c]
    D = np.diag(array["weights_N"][cells] * array["precision_R"][r] * array["precision_O"][c])
    prior = np.linalg.inv(array["scale_KK"] @ array["scale_KK"].T)
    covariance = np.linalg.inv(prior + F.T @ D @ F)
    return covariance @ (prior @ array["mean_RK"][r] + F.T @ D @ y), covariance


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.sampled_from([0, 1, 2, 5, 16, 40, 130, 255, 256, 257, 600]), min_size=1, max_size=6),
    K=RANKS,
    columns=st.integers(1, 50),
    seed=st.integers(0, 9),
)
def test_machine_code_and_torch_agree_with_the_textbook(lengths: list[int], K: int, columns: int, seed: int) -> None:
    """Rows without a cell, with one, with fewer than factors and with more; the same column more than once."""
    row = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(lengths)), lengths))
    column, numbers = made(row, rows=len(lengths), columns=columns, K=K, seed=seed)
    drawn, mean = solved(row, column, numbers, compiled=True)
    drawn_by_torch, mean_by_torch = solved(row, column, numbers, compiled=False)
    for r in range(len(lengths)):
        expected, covariance = posterior(row, column, numbers, r)
        # Single precision, times what the system makes of an error.
        atol = 30 * np.finfo(np.float32).eps * np.linalg.cond(covariance) * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(mean[r].numpy(), expected, atol=atol)
        np.testing.assert_allclose(mean_by_torch[r].numpy(), expected, atol=atol)
        np.testing.assert_allclose(drawn[r].numpy(), drawn_by_torch[r].numpy(), atol=2 * atol)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_row_without_cells_is_its_prior(*, compiled: bool) -> None:
    row = np.repeat([0, 1, 3, 4], 4)
    column, numbers = made(row, rows=5, columns=10, K=3)
    numbers["normals_RK"][:] = 1.0
    drawn, mean = solved(row, column, numbers, compiled=compiled)
    torch.testing.assert_close(mean[2], numbers["mean_RK"][2])
    torch.testing.assert_close(drawn[2], numbers["mean_RK"][2] + numbers["scale_KK"].sum(1))


def test_rows_of_a_side_without_any_cell_are_their_priors() -> None:
    row = np.zeros(0, dtype=np.int64)
    column, numbers = made(row, rows=3, columns=4, K=5)
    _, mean = solved(row, column, numbers)
    torch.testing.assert_close(mean, numbers["mean_RK"])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("cells", [2, 12])
def test_draws_have_the_textbook_covariance_with_fewer_cells_than_factors_and_with_more(cells: int, *, compiled: bool) -> None:
    copies = 6000  # of one row, each with its own random numbers
    row = np.repeat(np.arange(copies), cells)
    _, numbers = made(row, rows=copies, columns=cells, K=4)
    column = np.tile(np.arange(cells), copies)
    numbers["mean_RK"][:] = numbers["mean_RK"][0].clone()
    numbers["precision_R"][:] = 1.0
    for name in ("values_N", "weights_N"):
        numbers[name] = numbers[name][:cells].repeat(copies)
    mean, covariance = posterior(row, column, numbers, 0)
    drawn, _ = solved(row, column, numbers, compiled=compiled)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((drawn.double().numpy().mean(0) - mean) / scale, 0.0, atol=0.06)
    np.testing.assert_allclose((np.cov(drawn.double().numpy().T) - covariance) / np.outer(scale, scale), 0.0, atol=0.08)


def test_without_normals_the_draw_is_the_mean() -> None:
    row = np.repeat(np.arange(4), 5)
    column, numbers = made(row, rows=4, columns=6, K=17)
    _, mean = solved(row, column, numbers)
    drawn, same = solved(row, column, numbers | {"normals_RK": None})
    assert torch.equal(drawn, same)
    assert torch.equal(mean, same)


def test_the_order_of_the_cells_is_of_no_account() -> None:
    row = np.sort(np.random.default_rng(0).integers(0, 30, 180))
    column, numbers = made(row, rows=30, columns=20, K=4)
    order = np.random.default_rng(1).permutation(len(row))
    shuffled = numbers | {name: numbers[name][torch.from_numpy(order)] for name in ("values_N", "weights_N")}
    _, mean = solved(row, column, numbers)
    _, again = solved(row[order], column[order], shuffled)
    torch.testing.assert_close(mean, again, atol=1e-5, rtol=1e-4)


def test_the_mean_of_a_row_of_a_hundred_thousand_cells_is_exact_to_a_hundredth_of_its_deviation() -> None:
    row = np.zeros(100_000, dtype=np.int64)
    column, numbers = made(row, rows=1, columns=500, K=33)
    _, mean = solved(row, column, numbers)
    F = numbers["others_OK"].double().numpy()[column]
    array = {name: tensor.double().numpy() for name, tensor in numbers.items()}
    weights_N = array["weights_N"] * array["precision_R"][0] * array["precision_O"][column]
    prior_KK = np.linalg.inv(array["scale_KK"] @ array["scale_KK"].T)
    right_K = prior_KK @ array["mean_RK"][0] + F.T @ (weights_N * (array["values_N"] - array["bias_O"][column]))
    covariance_KK = np.linalg.inv(prior_KK + F.T @ (F * weights_N[:, None]))
    errors_K = (mean[0].numpy() - covariance_KK @ right_K) / np.sqrt(np.diag(covariance_KK))
    np.testing.assert_allclose(errors_K, 0.0, atol=0.01)


def test_draws_are_the_same_bits_for_any_number_of_threads() -> None:
    row = np.random.default_rng(0).integers(0, 200, 5_000)
    column, numbers = made(row, rows=200, columns=60, K=33)
    one, two, five = (solved(row, column, numbers, threads=threads) for threads in (1, 2, 5))
    for drawn, mean in (two, five):
        assert torch.equal(drawn, one[0])
        assert torch.equal(mean, one[1])
