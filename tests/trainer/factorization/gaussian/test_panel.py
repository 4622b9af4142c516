"""Compounds completed by their own rows."""

from dataclasses import replace

import numpy as np
import pytest

from prediction.panel import complete
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.panel import Panel, fit_panel


def drawn(*, shared: float, seed: int = 0) -> tuple[Cells, np.ndarray]:
    """Residuals of 600 compounds on 30 targets, a fifth of them measured; `shared` of their spread is the compound's own."""
    random = np.random.default_rng(seed)
    truth = shared * random.normal(size=(600, 1)) + np.sqrt(1 - shared**2) * random.normal(size=(600, 30))
    compound, target = np.nonzero(random.random(truth.shape) < 0.2)
    return Cells.of(compound, target, truth[compound, target], compounds=600, targets=30), truth


def served(panel: Panel) -> dict[str, np.ndarray]:
    return {
        "panel.loadings": panel.loadings_TK,
        "panel.spread": panel.spread_TKK,
        "panel.noise": panel.noise_T,
        "panel.slope": panel.slope_T,
    }


def completed(panel: Panel, cells: Cells, compounds: range) -> np.ndarray:
    rows = []
    for compound in compounds:
        own = cells.compound == compound
        rows.append(complete(served(panel), cells.target[own], cells.value[own]).residual_T)
    return np.array(rows)


def test_what_compounds_share_over_targets_completes_them() -> None:
    cells, truth = drawn(shared=0.8)
    panel, left_out = fit_panel(cells, cells.value)
    assert left_out is not None
    found = completed(panel, cells, range(200))
    unmeasured = np.ones((200, 30), dtype=bool)
    unmeasured[cells.compound[cells.compound < 200], cells.target[cells.compound < 200]] = False
    error = np.mean((truth[:200] - found)[unmeasured] ** 2) / np.mean(truth[:200][unmeasured] ** 2)
    assert error < 0.55  # of 1; 0.36 is noise that nothing tells, and six measurements leave 0.1 of the rest
    assert (found[~unmeasured] == 0).all()


def test_where_a_row_tells_nothing_of_other_targets_next_to_nothing_is_believed() -> None:
    cells, _ = drawn(shared=0.0)
    panel, left_out = fit_panel(cells, cells.value)
    assert left_out is not None
    error = np.mean((cells.value[left_out.position_M] - left_out.completed_M) ** 2)
    assert error < 1.02 * np.mean(cells.value[left_out.position_M] ** 2)
    assert np.abs(completed(panel, cells, range(100))).mean() < 0.1


def test_left_out_cells_are_completed_without_themselves_and_as_surely_as_is_told() -> None:
    cells, _ = drawn(shared=0.8)
    _, left_out = fit_panel(cells, cells.value)
    assert left_out is not None
    error = np.mean((cells.value[left_out.position_M] - left_out.completed_M) ** 2)
    assert error == pytest.approx(np.mean(left_out.ratio_M), abs=0.1)
    assert (left_out.ratio_M < 1).all()


def test_what_left_out_cells_contradict_is_not_believed() -> None:
    cells, _ = drawn(shared=0.8)
    _, left_out = fit_panel(cells, cells.value)
    assert left_out is not None
    judges_N = np.isin(np.arange(len(cells)), left_out.position_M)
    against = replace(cells, value=np.where(judges_N, -cells.value, cells.value))
    panel, other = fit_panel(against, against.value)
    assert other is not None
    np.testing.assert_array_equal(other.position_M, left_out.position_M)
    assert (panel.slope_T == 0).all()
    assert (other.completed_M == 0).all()
    assert (other.ratio_M == 1).all()


def test_a_completion_narrows_and_none_is_made_of_too_few_compounds_with_several_cells() -> None:
    cells, _ = drawn(shared=0.8)
    panel, _ = fit_panel(cells, cells.value)
    some = complete(served(panel), np.array([0, 4]), np.array([1.0, 1.2]))
    many = complete(served(panel), np.arange(10), np.ones(10))
    assert (many.ratio_T[10:] < some.ratio_T[10:]).all()
    assert (some.ratio_T[[0, 4]] == 1).all()
    few = cells.at(np.flatnonzero(cells.compound < 50))
    nothing, left_out = fit_panel(few, few.value)
    assert left_out is None
    assert (complete(served(nothing), np.array([0]), np.array([2.0])).residual_T == 0).all()
    assert (complete(served(nothing), np.array([0]), np.array([2.0])).ratio_T == 1).all()


def test_the_same_cells_give_the_same_panel() -> None:
    cells, _ = drawn(shared=0.5)
    first, second = (fit_panel(cells, cells.value)[0] for _ in range(2))
    np.testing.assert_array_equal(first.loadings_TK, second.loadings_TK)
