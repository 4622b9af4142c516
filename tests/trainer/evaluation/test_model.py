"""A model is judged by its file, and calibrated by compounds that were kept from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.support.gaussian import SMILES, Table, named, table

from contracts.predictions import Scale
from prediction.predictor import Predictor
from trainer.data.seed_table import built_in
from trainer.evaluation import calibration
from trainer.evaluation.calibration import probit_of, stretch_of
from trainer.evaluation.model import Facts, Model
from trainer.evaluation.ridge import ridge
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.bounds import Bounds
from trainer.factorization.gaussian.model import PLAIN


def facts_of(given: Table, *, binary: bool = False) -> Facts:
    return Facts(given.kernel, named(given), [str(number % 18) for number in range(len(SMILES))], binary, Bounds.none())


def test_what_a_model_foretells_is_what_its_file_answers(tmp_path: Path) -> None:
    given = table()
    model = Model.learned(facts_of(given), given.cells, device="cpu")
    said = model.foretells(given.cells)
    assert np.isfinite(said.prediction_N).all()
    assert np.corrcoef(said.prediction_N[given.cells.target == 0], given.cells.value[given.cells.target == 0])[0, 1] > 0.9
    model.packed().write(tmp_path / "model")
    assert Predictor.open(tmp_path / "model").scale is Scale.VALUE


def test_few_cells_calibrate_nothing() -> None:
    given = table()
    model = Model.learned(facts_of(given), given.cells, device="cpu")
    assert model.calibration.new is PLAIN
    assert model.calibration.cells == 0
    assert model.calibration.probit is None


def test_scaffolds_kept_from_a_fit_say_how_wide_its_intervals_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "CALIBRATION_CELLS", 5)
    given = table()
    model = Model.learned(facts_of(given), given.cells, device="cpu")
    found = model.calibration.new
    assert len(found.similarity_B) == len(found.factor_B) == 1
    assert 0 < found.factor_B[0] < 10
    assert model.calibration.cells >= 5


def test_stretched_intervals_hold_nine_of_ten_in_every_band() -> None:
    random = np.random.default_rng(0)
    similarity = random.random(4000)
    spread = np.where(similarity < 0.5, 2.0, 0.5)
    value = random.normal(0.0, spread)
    found = stretch_of(value, similarity)
    similarity = random.random(4000)  # others than those that it was learned from
    value = random.normal(0.0, np.where(similarity < 0.5, 2.0, 0.5))
    wide = np.interp(similarity, found.similarity_B, found.factor_B) * 1.6448536
    for band in (similarity < 0.4, similarity > 0.6):
        assert np.mean(np.abs(value[band]) <= wide[band]) == pytest.approx(0.9, abs=0.03)


def test_a_probit_gives_back_the_chances_that_calls_were_drawn_with() -> None:
    random = np.random.default_rng(0)
    score = random.normal(0, 1, 20_000)
    called = (random.normal(0, 1, 20_000) < 2.0 * score - 0.5).astype(np.float64)
    found = probit_of(score, called)
    assert found.offset == pytest.approx(-0.5, abs=0.05)
    assert found.slope == pytest.approx(2.0, abs=0.1)


def test_actives_and_inactives_get_chances() -> None:
    given = table()
    cells = given.cells
    called = Cells.of(
        cells.compound, cells.target, (cells.value > 6.5).astype(np.float64), compounds=cells.compounds, targets=cells.targets
    )
    model = Model.learned(facts_of(given, binary=True), called, device="cpu")
    said = model.foretells(called)
    assert ((said.prediction_N > 0) & (said.prediction_N < 1)).all()
    on_first = called.target == 0
    active = called.value[on_first] > 0
    assert said.prediction_N[on_first][active].mean() > said.prediction_N[on_first][~active].mean() + 0.2


def test_ridge_learns_what_environments_say() -> None:
    given = table()
    assert given.kernel.molecules is not None
    train, test = given.cells.at(np.arange(0, 30)), given.cells.at(np.arange(30, len(given.cells)))
    predicted = ridge(given.kernel.molecules.counts[0], train, test)
    assert predicted.shape == test.value.shape
    assert np.isfinite(predicted).all()


def test_facts_hold_the_bounds_of_values_and_none_of_calls() -> None:
    activity = built_in()
    stated = pa.table(
        {"compound": [0, 1], "target": [0, 1], "value": [5.0, 7.0], "weight": [1.0, 1.0], "relation": ["<", ">"]},
        schema=activity.bounds.schema,
    )
    nothing = Cells.of([], [], [], compounds=len(activity.compounds), targets=len(activity.targets))
    values, calls = (Facts.of(replace(activity, bounds=stated), nothing, binary=binary).bounds for binary in (False, True))
    assert (values.low.tolist(), values.high.tolist()) == ([-np.inf, 7.0], [5.0, np.inf])
    assert len(calls) == 0
