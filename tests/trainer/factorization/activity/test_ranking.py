"""What whole molecules say of every target, of those that were learned from as if they had been left out."""

import numpy as np
import scipy.sparse

from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.ranking import Ranking, unit_rows


def made() -> tuple[scipy.sparse.csr_array, Cells]:
    generator = np.random.default_rng(0)
    features = unit_rows(scipy.sparse.csr_array((generator.random((20, 12)) < 0.4) * 1.0))
    compound, target = np.nonzero(generator.random((18, 5)) < 0.4)  # of two compounds nothing is stated
    return features, Cells.of(compound, target, np.ones(len(compound)), compounds=20, targets=5)


def test_a_compound_is_expected_as_if_it_had_been_left_out() -> None:
    features, cells = made()
    found = Ranking.fit(features, cells)
    left_out = cells.at(np.flatnonzero(cells.compound != 7))
    np.testing.assert_allclose(found.train_CT[7], Ranking.fit(features, left_out).expects(features)[7], atol=1e-5)


def test_a_compound_of_which_nothing_is_stated_is_not_taken_for_inactive() -> None:
    features, cells = made()
    shorter = Cells.of(cells.compound, cells.target, cells.value, compounds=18, targets=5)
    with_, without = Ranking.fit(features, cells), Ranking.fit(features[:18], shorter)
    np.testing.assert_array_equal(with_.weights_DT, without.weights_DT)
    np.testing.assert_allclose(with_.train_CT[18:], with_.expects(features)[18:], atol=1e-6)
