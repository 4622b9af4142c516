"""The model of whole molecules as the scores API asks it, beside `prediction.Predictor`."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.gaussian import SMILES, Table, table
from tests.support.predicting import modelled

from chemistry import fragment
from chemistry.fingerprints import fingerprint
from contracts.predictions import MODEL_FILE
from prediction.predictor import Asked, Predictor
from scores_api.models.predictions import Order
from scores_api.prediction.molecule_model import InvalidModel, MoleculeModel
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import fit_gaussian

TARGETS = 150


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 150 targets in units of all sizes, each measured on some of 36 compounds."""
    directory = tmp_path_factory.mktemp("model")
    random = np.random.default_rng(3)
    target, compound = np.nonzero(random.random((TARGETS, len(SMILES))) < random.uniform(0.1, 0.9, (TARGETS, 1)))
    value = (6 + random.normal(size=len(target))) * 10.0 ** (target % 5)
    given = table()
    cells = Cells.of(compound, target, value, compounds=len(SMILES), targets=TARGETS)
    fit = fit_gaussian(cells, given.kernel, share=0.3)
    modelled(given, fit, directory, targets=[f"t{number}" for number in range(TARGETS)])
    return directory / MODEL_FILE


@pytest.fixture(scope="module")
def given() -> Table:
    return table()


@pytest.fixture
def model(path: Path, given: Table) -> MoleculeModel:
    return MoleculeModel.read(path.read_bytes(), fragments=len(given.fragments), targets=TARGETS)


def asked(given: Table, smiles: str) -> Asked:
    cut = fragment(smiles)
    known = [given.fragments.index(name) for name in cut.fragments if name in given.fragments]
    return Asked(np.array(known, dtype=np.int64), fingerprint(cut.parent))


@pytest.mark.parametrize("order", list(Order))
def test_the_first_ten_are_those_of_all_targets_judged(model: MoleculeModel, given: Table, order: Order) -> None:
    every = np.arange(TARGETS)
    for smiles in ("CC(=O)Nc1ccc(S(C)(=O)=O)cc1", SMILES[0], "OCC(O)CO"):
        expected = model.expect(asked(given, smiles))
        exact = model.first(expected, every, order, None)
        found = model.first(expected, every, order, 10)
        assert len(set(found.target_M.tolist()) & set(exact.target_M[:10].tolist())) >= 9
        places = [exact.target_M.tolist().index(target) for target in found.target_M.tolist()]
        assert places == sorted(places)


def test_numbers_of_every_size_keep_their_digits(model: MoleculeModel, path: Path, given: Table) -> None:
    question = asked(given, "CC(=O)Nc1ccc(S(C)(=O)=O)cc1")
    rounded = model.round(model.first(model.expect(question), np.arange(TARGETS), None, None))
    exact = Predictor.open(path).predict(question)
    np.testing.assert_allclose(rounded.prediction_M, exact.prediction_M, rtol=1e-6)
    np.testing.assert_allclose(rounded.low_M, exact.low_M, rtol=1e-6)
    np.testing.assert_allclose(rounded.high_M, exact.high_M, rtol=1e-6)
    np.testing.assert_array_equal(rounded.excess_M, [round(number, 9) for number in rounded.excess_M])


def test_a_model_of_other_targets_is_refused(path: Path, given: Table) -> None:
    with pytest.raises(InvalidModel, match="150 targets; the run has"):
        MoleculeModel.read(path.read_bytes(), fragments=len(given.fragments), targets=3)
