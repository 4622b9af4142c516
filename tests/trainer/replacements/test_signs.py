"""How differences of predictions are read, and on which scale changes are told."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.support.replacing import replaceable_activity, replaced_of

from contracts.evidence import WIDTH
from contracts.kinds import ActivityKind, ChangeUnit
from replacement.signed import Reading, signed
from trainer.data.activity import Activity
from trainer.evaluation.judgement import question
from trainer.evaluation.model import Facts
from trainer.factorization.gaussian.differences import left_out
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.replacements.events import Events
from trainer.replacements.scales import Scales
from trainer.replacements.signs import read_signs

Learned = tuple[Activity, Gaussian, Kernel, Events]


@pytest.fixture(scope="module")
def learned() -> Learned:
    activity = replaceable_activity()
    cells = question(activity, with_structure=False).cells
    facts = Facts.of(activity, cells, binary=False)
    return activity, fit_gaussian(cells, facts.kernel), facts.kernel, replaced_of(activity)[1]


def test_nine_of_ten_left_out_differences_lie_in_their_intervals(learned: Learned) -> None:
    activity, fit, kernel, events = learned
    reading, metrics = read_signs(*learned)
    told = left_out(fit, kernel, events.target_N, events.first_compound_N, events.second_compound_N)
    said = [
        signed(reading, target, *each)
        for target, *each in zip(
            events.target_N.tolist(), told.expected_N.tolist(), told.variance_N.tolist(), told.noise_N.tolist(), strict=True
        )
    ]
    inside = [each.low <= value <= each.high for each, value in zip(said, events.difference_N.tolist(), strict=True)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.01)
    means = np.array([each.mean for each in said])
    assert means @ events.difference_N / (means @ means) == pytest.approx(1.0)
    assert metrics["signed_differences"] == reading.differences == len(events)
    assert metrics["signed_r2"] > 0.5
    assert metrics["signed_sign"] > 0.9
    assert len(activity.targets) == len(reading.one_T)


def test_few_replacements_teach_nothing_of_how_they_are_read(learned: Learned) -> None:
    activity, fit, kernel, events = learned
    reading, metrics = read_signs(activity, fit, kernel, events.at(np.arange(150)))
    assert (reading.slope, reading.width, reading.differences, metrics) == (1.0, 1.0, 0, {})


def test_a_sign_is_as_sure_as_its_difference_is_large() -> None:
    reading = Reading(one_T=np.array([1.0, 20.0]), slope=0.5, width=2.0)
    found = signed(reading, 0, 2.0, 0.16, 0.09)
    assert found.mean == 1.0
    assert found.high - found.low == pytest.approx(2 * WIDTH * 2 * 0.5)
    assert found.higher == pytest.approx(0.8413, abs=1e-4)
    assert found.kept == pytest.approx(0.9332, abs=1e-4)
    assert signed(reading, 1, 2.0, 0.16, 0.09).kept > 0.9999  # half of what one is at this target is 10


@pytest.mark.parametrize(
    ("units", "factor", "unit", "scaled"),
    [
        (["pIC50", "pX", "pKi"], 1.0, ChangeUnit.LOG, False),
        ([None, None, None], 1.0, ChangeUnit.LOG, False),
        ([None, None, None], 1e3, ChangeUnit.SPREAD, True),
        (["%", "%", "%"], 1.0, ChangeUnit.SPREAD, True),
        (["pIC50", "%", "pKi"], 1.0, ChangeUnit.BOTH, True),
    ],
)
def test_changes_are_on_one_scale(units: list[str | None], factor: float, unit: ChangeUnit, *, scaled: bool) -> None:
    activity = replaceable_activity()
    place = activity.targets.schema.get_field_index("unit")
    targets = activity.targets.set_column(place, activity.targets.schema.field(place), pa.array(units, pa.string()))
    value = pa.array(factor * activity.cells["value"].to_numpy())
    at = activity.cells.schema.get_field_index("value")
    cells = activity.cells.set_column(at, activity.cells.schema.field(at), value)
    found = Scales.of(replace(activity, targets=targets, cells=cells))
    assert found.unit is unit
    value_M = value.to_numpy()[cells["target"].to_numpy() == 1]
    assert found.one_T[1] == pytest.approx(value_M.std(ddof=1) if scaled else 1.0)
    value_M = value.to_numpy()[cells["target"].to_numpy() == 0]
    is_log = factor == 1.0 and (units[0] or "p").startswith("p")
    assert found.one_T[0] == pytest.approx(1.0 if is_log else value_M.std(ddof=1))


def test_flips_are_chances() -> None:
    assert Scales.of(replace(replaceable_activity(), kind=ActivityKind.BINARY)).unit is ChangeUnit.CHANCE
