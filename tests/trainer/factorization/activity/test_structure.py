import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse

import trainer.factorization.activity.structure as module
from trainer.factorization.activity.alike import unit_rows
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.structure import Structure

Matrix = scipy.sparse.csr_array
Data = tuple[Matrix, Cells, Cells]


def made(compounds: int, features: int) -> Data:
    generator = np.random.default_rng(0)
    dense = (generator.random((compounds, features)) < 0.3) * 1.0
    X = unit_rows(scipy.sparse.csr_array(dense))
    truth = X @ generator.standard_normal((features, 2)) * 2.0 + 6.0
    compound, target = np.repeat(np.arange(compounds), 2), np.tile([0, 1], compounds)
    value = truth[compound, target] + 0.1 * generator.standard_normal(len(compound))
    test = compound % 5 == 0
    cells = [Cells.of(compound[part], target[part], value[part], compounds=compounds, targets=2) for part in (~test, test)]
    return X, cells[0], cells[1]


def kernel_of(structure: Structure, first: Matrix, second: Matrix, *, linear: bool) -> npt.NDArray[np.float64]:
    """The block's own kernel, written out."""
    shared = (first @ second.T).toarray()
    squares = [(rows.toarray() ** 2).sum(axis=1) for rows in (first, second)]
    alike = shared if linear else shared / (squares[0][:, None] + squares[1] - shared)
    kernel: npt.NDArray[np.float64] = structure.signal * alike + structure.level
    return kernel


@pytest.mark.parametrize(("compounds", "features"), [(60, 30), (60, 90), (200, 30)])
@pytest.mark.parametrize("linear", [False, True])
def test_cells_are_expected_as_a_gaussian_process_written_out_expects_them_and_training_cells_as_if_left_out(
    monkeypatch: pytest.MonkeyPatch, compounds: int, features: int, *, linear: bool
) -> None:
    if linear:
        monkeypatch.setattr(module, "_LARGEST", 20)
        monkeypatch.setattr(module, "_FOLDED", 128)
    X, train, test = made(compounds, features)
    structure = Structure.fit(X, train)
    found = structure.expects(X, test, train)

    def brute(known: Cells, asked: Cells) -> tuple[float, float]:
        own = known.at(np.flatnonzero(known.target == asked.target[0]))
        kernel = kernel_of(structure, X[own.compound], X[own.compound], linear=linear) + structure.noise * np.eye(len(own))
        cross = kernel_of(structure, X[asked.compound], X[own.compound], linear=linear)[0]
        mean = structure.centre + cross @ np.linalg.solve(kernel, own.value - structure.centre)
        return mean, structure.signal + structure.level - cross @ np.linalg.solve(kernel, cross)

    for cell in (0, 7, len(train) - 1):
        expected = brute(train.at(np.delete(np.arange(len(train)), cell)), train.at(np.array([cell])))
        assert (structure.train.mean_N[cell], structure.train.variance_N[cell]) == pytest.approx(expected, abs=1e-6)
    for cell in (0, len(test) - 1):
        assert (found.mean_N[cell], found.variance_N[cell]) == pytest.approx(brute(train, test.at(np.array([cell]))), abs=1e-6)


def test_cells_it_has_not_seen_are_predicted_better_than_by_the_mean_and_within_their_intervals() -> None:
    X, train, test = made(300, 40)
    structure = Structure.fit(X, train)
    found = structure.expects(X, test, train)
    error = found.mean_N - test.value
    assert np.sqrt(np.mean(error**2)) < 0.3 * test.value.std()
    inside = np.abs(error) < 1.645 * np.sqrt(found.variance_N + structure.noise)
    assert 0.8 < inside.mean() < 0.98


def test_a_target_without_cells_and_a_compound_without_features_get_the_mean() -> None:
    X, train, _ = made(40, 10)
    cells = Cells.of(train.compound, train.target, train.value, compounds=41, targets=3)
    X = scipy.sparse.csr_array(scipy.sparse.vstack([X, scipy.sparse.csr_array((1, 10))]))
    structure = Structure.fit(X, cells)
    asked = Cells.of([40, 3], [0, 2], [0.0, 0.0], compounds=41, targets=3)
    found = structure.expects(X, asked, cells)
    assert found.mean_N[0] == pytest.approx(structure.centre)
    assert found.variance_N[0] == pytest.approx(structure.signal + structure.level)


def test_constant_values_are_expected_as_they_are() -> None:
    X, train, _ = made(20, 10)
    flat = Cells.of(train.compound, train.target, np.full(len(train), 5.0), compounds=20, targets=2)
    np.testing.assert_allclose(Structure.fit(X, flat).train.mean_N, 5.0)
