"""Atom environments of molecules, and how alike molecules look."""

import numpy as np
import pytest

from trainer.similarity.environments import environments_CD, tanimoto

MOLECULES = ["c1ccccc1O", "c1ccccc1N", "CCCC"]


def test_rows_say_which_environments_occur_and_how_often_up_to_four() -> None:
    rows = environments_CD(["C", "CCO", "OCC", "CCCCCCCC", "C" * 30], 4096).toarray()
    assert set(np.unique(rows)) == {0.0, 1.0}
    np.testing.assert_array_equal(rows[1], rows[2])  # one molecule, written twice
    assert rows.sum(axis=1).tolist() == [1, 6, 6, 20, 22]  # the longer chain has hardly more: an environment counts four times
    assert environments_CD([], 64).shape == (0, 64)


def test_features_are_the_same_on_every_machine() -> None:
    assert np.flatnonzero(environments_CD(["CO"], 4096).toarray()[0]).tolist() == [238, 3621, 3729]


def test_pairs_are_compared_by_tanimoto_and_unknown_structures_by_nothing() -> None:
    first, second = np.array([0, 0, 2, 3], np.int32), np.array([0, 1, 0, 1], np.int32)
    found = tanimoto([*MOLECULES, None], first, second)
    assert found[0] == 100.0
    assert 20.0 < found[1] < 90.0
    assert found[2] == 0.0
    assert np.isnan(found[3])
    assert len(tanimoto(MOLECULES, first[:0], second[:0])) == 0


def test_what_is_no_molecule_is_told() -> None:
    with pytest.raises(ValueError, match="'C1C' is no molecule"):
        environments_CD(["C1C"], 64)
