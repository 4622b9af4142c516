"""How alike molecules are, as a kernel."""

import numpy as np
import pytest
import scipy.sparse

from trainer.factorization.activity.alike import KIND_FEATURES, Alike
from trainer.similarity.environments import fingerprints_CD

MOLECULES = ["CCO", "OCC", "CCCCO", "c1ccccc1O", "c1ccccc1N", "C", "[Na+].[Cl-]", "CC(=O)Nc1ccc(O)cc1"]
ALL = np.arange(len(MOLECULES))


def test_it_is_symmetric_between_0_and_1_and_1_for_a_molecule_with_itself() -> None:
    alike_MN = Alike(fingerprints_CD(MOLECULES, KIND_FEATURES)).between(ALL, ALL)
    np.testing.assert_array_equal(alike_MN, alike_MN.T)
    np.testing.assert_array_equal(np.diag(alike_MN), 1.0)
    assert alike_MN.min() >= 0.0
    assert alike_MN[0, 1] == 1.0  # one molecule, written twice
    assert alike_MN[3, 4] > alike_MN[3, 0]


def test_it_is_the_mean_over_kinds_of_shared_counts_over_all_counts() -> None:
    counts = [np.array([[2, 1, 0, 0], [1, 3, 0, 1]]), np.array([[0, 1], [0, 0]])]
    once = [
        scipy.sparse.csr_array(np.concatenate([counts_CD > repeat for repeat in range(3)], axis=1) * 1.0)
        for counts_CD in counts
    ]
    columns = [scipy.sparse.csr_array((2, KIND_FEATURES - kind_CD.shape[1])) for kind_CD in once[:1]]
    alike = Alike(scipy.sparse.csr_array(scipy.sparse.hstack([once[0], columns[0], once[1]])))
    assert alike.between(np.array([0]), np.array([1])).tolist() == [[(2 / 6 + 0 / 1) / 2]]


@pytest.mark.parametrize("density", [0.02, 0.3])
def test_it_is_positive_semidefinite(density: float) -> None:
    features_CD = scipy.sparse.csr_array((np.random.default_rng(0).random((80, 40)) < density) * 1.0)
    every = np.arange(80)
    assert np.linalg.eigvalsh(Alike(features_CD).between(every, every)).min() > -1e-12


def test_pairs_that_share_their_compounds_get_what_each_pair_alone_gets() -> None:
    alike = Alike(fingerprints_CD(MOLECULES, KIND_FEATURES))
    pairs = [(ALL, ALL[:6]), (ALL[2:], ALL[1:7]), (ALL[::-1], ALL)]
    for (first, second), found_MN in zip(pairs, alike.each(pairs), strict=True):
        np.testing.assert_allclose(found_MN, alike.between(first, second), atol=1e-7)
        np.testing.assert_array_equal(next(alike.each([(first, second)])), alike.between(first, second))
    assert list(alike.each([])) == []
