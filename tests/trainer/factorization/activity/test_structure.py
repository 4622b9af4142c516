import numpy as np
import pytest
import scipy.sparse

from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.structure import Structure, unit_rows

Data = tuple[scipy.sparse.csr_array, Cells, Cells]


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


@pytest.mark.parametrize(("compounds", "features"), [(60, 30), (60, 90), (200, 30)])
def test_training_cells_are_expected_as_if_they_had_been_left_out(compounds: int, features: int) -> None:
    X, train, _ = made(compounds, features)
    structure = Structure.fit(X, train)
    for cell in (0, 7, len(train) - 1):
        others = train.at(np.delete(np.arange(len(train)), cell))
        x = {target: X[others.compound[others.target == target]] for target in (0, 1)}[int(train.target[cell])]
        y = others.value[others.target == train.target[cell]] - structure.centre
        kernel = structure.signal * (x @ x.T).toarray() + structure.level + structure.noise * np.eye(len(y))
        cross = structure.signal * (X[train.compound[[cell]]] @ x.T).toarray()[0] + structure.level
        left_out = structure.centre + cross @ np.linalg.solve(kernel, y)
        assert structure.train.mean_N[cell] == pytest.approx(left_out, abs=1e-6)
        variance = structure.signal + structure.level - cross @ np.linalg.solve(kernel, cross)
        assert structure.train.variance_N[cell] == pytest.approx(variance, abs=1e-6)


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
