"""What one molecule is expected to do beyond another."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from tests.support.gaussian import SMILES, arrays_of, fitted, table

from chemistry import fragment
from chemistry.fingerprints import fingerprint
from prediction.differences import alike, difference
from prediction.model_file import map_arrays, write_arrays
from prediction.predictor import Asked, Predictor
from trainer.factorization.gaussian.kernel import LEVEL, Kernel
from trainer.factorization.gaussian.molecules import Molecules


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    given = table()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model"
        write_arrays(path, *arrays_of(given, fitted(given)))
        return Predictor(*_read(path))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    arrays, about = map_arrays(path)
    return {name: np.array(array) for name, array in arrays.items()}, about


def _asked(smiles: str) -> Asked:
    molecule = fragment(smiles)
    known = {name: number for number, name in enumerate(table().fragments)}
    ids = sorted(known[name] for name in molecule.fragments if name in known)
    return Asked(np.array(ids, dtype=np.int64), fingerprint(molecule.parent))


def test_a_molecule_differs_from_itself_by_nothing_for_certain(predictor: Predictor) -> None:
    one = predictor.expect(_asked("CC(=O)Nc1ccc(Br)cc1"))
    found = difference(predictor, one, one, np.arange(3))
    assert np.abs(found.mean_M).max() == 0.0
    assert np.abs(found.variance_M).max() == 0.0
    assert (found.noise_M > 0).all()


def test_means_are_the_difference_of_both_predictions_and_change_sign_with_the_order(predictor: Predictor) -> None:
    asked = [_asked(smiles) for smiles in ("CC(=O)Nc1ccc(Br)cc1", "CC(=O)Nc1ccc(I)cc1")]
    one, other = (predictor.expect(each) for each in asked)
    there, back = difference(predictor, one, other, np.arange(3)), difference(predictor, other, one, np.arange(3))
    said = [predictor.predict(each).sum_M for each in asked]
    np.testing.assert_allclose(there.mean_M, said[1] - said[0], atol=1e-12)
    np.testing.assert_allclose(back.mean_M, -there.mean_M)
    np.testing.assert_allclose(back.variance_M, there.variance_M, rtol=1e-9)


def test_the_variance_is_that_of_the_gaussian_process_where_all_compounds_are_near(predictor: Predictor) -> None:
    given, fit = table(), fitted(table())
    target = 1  # of 18 compounds, all of which are among the nearest
    pair = ["CC(=O)Nc1ccc(Br)cc1", "CS(=O)(=O)Nc1ccc(C#N)cc1"]
    every = Molecules.of([*SMILES, *pair])
    rows = np.zeros((len(SMILES) + 2, len(given.fragments)))
    rows[: len(SMILES)] = given.kernel.membership_CF.toarray()
    for place, smiles in enumerate(pair):
        rows[len(SMILES) + place, _asked(smiles).fragments] = 1.0
    kernel = Kernel(scipy.sparse.csr_array(rows.astype(np.float32)), every, given.kernel.unit)
    compounds = given.cells.compound[fit.order_N[fit.at(target)]]
    new = np.array([len(SMILES), len(SMILES) + 1])
    K = (
        kernel.between(compounds, compounds, fit.share).astype(float)
        + LEVEL
        + (fit.noise_T[target] + 1e-3) * np.eye(len(compounds))
    )
    cross = kernel.between(new, compounds, fit.share).astype(float) + LEVEL
    own = kernel.between(new, new, fit.share).astype(float) + LEVEL
    left = own - cross @ np.linalg.solve(K, cross.T)
    wanted = fit.signal_T[target] * (left[0, 0] + left[1, 1] - 2 * left[0, 1])
    one, other = (predictor.expect(_asked(smiles)) for smiles in pair)
    found = difference(predictor, one, other, np.array([target]))
    assert found.variance_M[0] == pytest.approx(wanted, rel=0.02)  # the file keeps kernels in 8 bits


def test_likeness_is_that_of_the_index(predictor: Predictor) -> None:
    asked = _asked("CC(=O)Nc1ccc(Br)cc1")
    alike_C = predictor.similarities_C(asked)
    for compound in (0, 7, 20):
        other = fingerprint(predictor.compounds.smiles(compound))
        assert asked.fingerprint is not None
        assert alike(asked.fingerprint, other) == pytest.approx(float(alike_C[compound]), abs=1e-6)
