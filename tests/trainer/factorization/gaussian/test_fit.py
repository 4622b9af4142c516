"""The Gaussian process of every target, beside the same in plain numpy."""

import numpy as np
import pytest
from tests.support.gaussian import SMILES, fitted, table

from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian import solving
from trainer.factorization.gaussian.fit import fit_gaussian
from trainer.factorization.gaussian.kernel import LEVEL, Kernel
from trainer.factorization.gaussian.molecules import Molecules


def test_molecules_are_compared_by_the_smaller_of_their_counts() -> None:
    molecules = Molecules.of(["CCO", "CCO", "CCCCO", "c1ccccc1"])
    alike = molecules.tanimoto(np.arange(4), np.arange(4))
    np.testing.assert_allclose(alike, alike.T)
    np.testing.assert_allclose(np.diag(alike), 1.0)
    assert alike[0, 1] == 1.0
    assert alike[0, 2] > alike[0, 3]
    with pytest.raises(ValueError, match="is no molecule"):
        Molecules.of(["C1CC"])


def test_what_is_kept_of_all_pairs_is_what_some_alone_are() -> None:
    few, many = np.arange(3, 12), np.arange(2, 36)
    alone = Molecules.of(SMILES).tanimoto(few, few[:4])
    kept = Molecules.of(SMILES)
    assert kept.tanimoto(many, many).shape == (34, 34)
    np.testing.assert_array_equal(kept.tanimoto(few, few[:4]), alone)


def test_a_fit_is_the_gaussian_process_of_the_textbook() -> None:
    given = table()
    found = fitted(given, share=0.3)
    part = found.at(0)
    compound_N = given.cells.compound[found.order_N[part]]
    value_N = given.cells.value[found.order_N[part]]
    kernel_NN = given.kernel.between(compound_N, compound_N, 0.3).astype(np.float64) + LEVEL
    inverse_NN = np.linalg.inv(kernel_NN + found.noise_T[0] * np.eye(len(value_N)))
    weight_N = inverse_NN @ (value_N - value_N.mean())
    np.testing.assert_allclose(found.weight_N[part], weight_N, rtol=1e-6, atol=1e-8)
    without = np.arange(len(value_N)) != 5
    rest_NN = kernel_NN[np.ix_(without, without)] + found.noise_T[0] * np.eye(without.sum())
    left_out = value_N.mean() + kernel_NN[5, without] @ np.linalg.solve(rest_NN, (value_N - value_N.mean())[without])
    assert found.left_out_N[part][5] == pytest.approx(left_out, rel=1e-5)


def test_another_unit_or_another_target_changes_nothing_but_the_unit() -> None:
    given = table()
    cells = given.cells
    scaled = Cells.of(
        cells.compound,
        cells.target,
        np.where(cells.target == 0, 1e-3 * cells.value + 7.0, cells.value),
        compounds=cells.compounds,
        targets=cells.targets,
    )
    one, other = fit_gaussian(cells, given.kernel, share=0.3), fit_gaussian(scaled, given.kernel, share=0.3)
    np.testing.assert_allclose(other.weight_N[other.at(0)], 1e-3 * one.weight_N[one.at(0)], rtol=1e-6)
    np.testing.assert_allclose(other.weight_N[other.at(1)], one.weight_N[one.at(1)], rtol=1e-6)
    np.testing.assert_allclose(other.noise_T, one.noise_T)


def test_a_target_without_cells_is_expected_at_the_mean_and_one_of_equal_cells_at_theirs() -> None:
    given = table()
    cells = Cells.of(np.arange(8), np.repeat([0, 2], 4), np.repeat([5.0, 7.0], 4), compounds=len(SMILES), targets=3)
    found = fit_gaussian(cells, given.kernel)
    assert found.centre_T.tolist() == [5.0, 6.0, 7.0]
    np.testing.assert_allclose(found.weight_N, 0.0, atol=1e-12)


def test_many_cells_are_stood_for_by_points(monkeypatch: pytest.MonkeyPatch) -> None:
    given = table()
    whole = fitted(given, share=0.3)
    monkeypatch.setattr(solving, "LARGEST", 30)
    few = fitted(given, share=0.3)
    assert np.count_nonzero(few.weight_N[few.at(0)]) == 15
    np.testing.assert_allclose(few.weight_N[few.at(1)], whole.weight_N[whole.at(1)], rtol=1e-6)
    compound_N = given.cells.compound[few.order_N[few.at(0)]]
    kernel_NN = given.kernel.between(compound_N, compound_N, 0.3) + LEVEL
    near = few.centre_T[0] + kernel_NN @ few.weight_N[few.at(0)]
    assert np.corrcoef(near, whole.centre_T[0] + kernel_NN @ whole.weight_N[whole.at(0)])[0, 1] > 0.9


def test_without_structures_fragments_have_all_of_the_kernel() -> None:
    given = table()
    kernel = Kernel.of(given.kernel.membership_CF, None)
    assert fit_gaussian(given.cells, kernel).share == 1.0
