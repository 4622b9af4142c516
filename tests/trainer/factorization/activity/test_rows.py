import numpy as np
import pytest
import torch

from trainer.factorization.activity.rows import Rows

CPU = torch.device("cpu")


def made(rows: int, columns: int, K: int, share: float) -> tuple[np.ndarray, np.ndarray, dict[str, torch.Tensor]]:
    generator = np.random.default_rng(0)
    row, column = np.nonzero(generator.random((rows, columns)) < share)
    numbers = {
        "others_OK": generator.standard_normal((columns, K)),
        "values_N": generator.standard_normal(len(row)),
        "precision_N": 0.5 + generator.random(len(row)),
        "mean_RK": generator.standard_normal((rows, K)),
        "scale_KK": np.tril(generator.standard_normal((K, K))) + 2 * np.eye(K),
    }
    return row, column, {name: torch.from_numpy(array.astype(np.float32)) for name, array in numbers.items()}


def posterior(row: np.ndarray, column: np.ndarray, given: dict[str, torch.Tensor], r: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance by the textbook formula."""
    array = {name: tensor.double().numpy() for name, tensor in given.items()}
    cells = row == r
    F, D, y = array["others_OK"][column[cells]], np.diag(array["precision_N"][cells]), array["values_N"][cells]
    prior = np.linalg.inv(array["scale_KK"] @ array["scale_KK"].T)
    covariance = np.linalg.inv(prior + F.T @ D @ F)
    return covariance @ (prior @ array["mean_RK"][r] + F.T @ D @ y), covariance


def zeros(given: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros_like(given["mean_RK"]), torch.zeros_like(given["values_N"])


def test_every_row_has_the_textbook_mean_in_the_dual_and_in_the_primal() -> None:
    row, column, given = made(60, 40, 8, 0.2)  # rows of 2 to 14 cells: both sides of K = 8
    lengths = np.bincount(row, minlength=60)
    assert lengths.min() < 8 < lengths.max()
    drawn, mean = Rows(row, column, rows=60, device=CPU).solve(**given, normals=zeros(given))
    for r in range(60):
        np.testing.assert_allclose(mean[r].numpy(), posterior(row, column, given, r)[0], atol=2e-4)
    torch.testing.assert_close(drawn, mean, atol=1e-5, rtol=1e-4)


def test_a_row_without_cells_is_its_prior() -> None:
    row, column, given = made(5, 10, 3, 0.5)
    keep = row != 2
    given = given | {name: given[name][torch.from_numpy(keep)] for name in ("values_N", "precision_N")}
    normals = (torch.ones_like(given["mean_RK"]), torch.zeros_like(given["values_N"]))
    drawn, mean = Rows(row[keep], column[keep], rows=5, device=CPU).solve(**given, normals=normals)
    torch.testing.assert_close(mean[2], given["mean_RK"][2])
    torch.testing.assert_close(drawn[2], given["mean_RK"][2] + given["scale_KK"].sum(1))


@pytest.mark.parametrize("cells", [2, 12])
def test_draws_have_the_textbook_covariance_in_the_dual_and_in_the_primal(cells: int) -> None:
    row, column, given = made(1, cells, 4, 1.0)
    mean, covariance = posterior(row, column, given, 0)
    copies = 6000  # of the one row, each with its own random numbers
    generator = np.random.default_rng(1)
    given["mean_RK"] = given["mean_RK"].repeat(copies, 1)
    given |= {name: given[name].repeat(copies) for name in ("values_N", "precision_N")}
    normals = (generator.standard_normal((copies, 4)), generator.standard_normal(copies * cells))
    drawn, _ = Rows(np.repeat(np.arange(copies), cells), np.tile(column, copies), rows=copies, device=CPU).solve(
        **given, normals=(torch.from_numpy(normals[0]).float(), torch.from_numpy(normals[1]).float())
    )
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((drawn.double().numpy().mean(0) - mean) / scale, 0.0, atol=0.06)
    np.testing.assert_allclose((np.cov(drawn.double().numpy().T) - covariance) / np.outer(scale, scale), 0.0, atol=0.08)


def test_the_order_of_the_cells_is_of_no_account() -> None:
    row, column, given = made(30, 20, 4, 0.3)
    order = np.random.default_rng(1).permutation(len(row))
    shuffled = given | {name: given[name][torch.from_numpy(order)] for name in ("values_N", "precision_N")}
    _, mean = Rows(row, column, rows=30, device=CPU).solve(**given, normals=zeros(given))
    _, again = Rows(row[order], column[order], rows=30, device=CPU).solve(**shuffled, normals=zeros(given))
    torch.testing.assert_close(mean, again, atol=1e-5, rtol=1e-4)
