"""Where only what acts is stated, unstated cells are weak zeros."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.metrics import recall_at
from trainer.evaluation.splits import random_split
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.ranking import unit_rows


@given(st.integers(0, 10_000))
def test_rows_are_what_they_would_be_if_every_cell_were_looked_at(seed: int) -> None:
    generator = np.random.default_rng(seed)
    others, bias, mean = generator.standard_normal((9, 3)), generator.standard_normal(9), generator.standard_normal(3)
    scale = np.tril(generator.standard_normal((3, 3))) + 2.0 * np.eye(3)
    stated, beforehand = generator.random(9) < 0.4, generator.standard_normal(9)
    background = Background(stated=20.0, unstated=0.5)
    prior = np.linalg.inv(scale @ scale.T)

    weights = np.where(stated, background.stated, background.unstated)
    precision = prior + others.T @ (weights[:, None] * others)
    expected = np.linalg.solve(precision, prior @ mean + others.T @ (weights * (stated - beforehand - bias)))

    found, root = background.prior(others, bias, mean[None], scale, (beforehand @ others)[None])
    cells = others[stated]
    short = np.linalg.inv(root @ root.T)
    both = short + background.precision * cells.T @ cells
    rest = background.precision * cells.T @ (background.value - (beforehand + bias)[stated])
    np.testing.assert_allclose(both, precision, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.solve(both, short @ found[0] + rest), expected, rtol=1e-6, atol=1e-9)


def made() -> tuple[Cells, scipy.sparse.csr_array]:
    """Each fragment acts on three targets of thirty; a compound has two fragments, and a third of its pairs is known."""
    generator = np.random.default_rng(0)
    acts = np.array([generator.permutation(30) < 3 for _ in range(12)])
    membership = np.array([generator.permutation(12) < 2 for _ in range(200)]) * 1.0
    compound, target = np.nonzero((membership @ acts > 0) & (generator.random((200, 30)) < 0.5))
    return Cells.of(compound, target, np.ones(len(compound)), compounds=200, targets=30), scipy.sparse.csr_array(membership)


def test_held_out_targets_are_among_the_first_and_not_because_they_are_frequent() -> None:
    cells, membership = made()
    split = random_split(len(cells), seed=0)
    train, test = cells.at(split.train), cells.at(split.test)
    options = Options(rank=8, burn=20, draws=10)
    fit = fit_activity(train, membership, binary=False, background=Background(), options=options)
    known, held = (train.compound, train.target), (test.compound, test.target)
    frequent = np.tile(np.bincount(train.target, minlength=30).astype(np.float64), (200, 1))
    found = recall_at(fit.scores_MT(np.arange(200)), known, held, top=5)
    assert found > 0.85
    assert found > recall_at(frequent, known, held, top=5) + 0.3


def test_structure_ranks_where_fragments_are_not_told() -> None:
    cells, membership = made()
    split = random_split(len(cells), seed=0)
    train, test = cells.at(split.train), cells.at(split.test)
    features, nothing = unit_rows(membership), scipy.sparse.csr_array((200, 0))
    found = []
    for structure_CD in (features, None):
        options = Options(rank=2, burn=10, draws=10)
        fit = fit_activity(train, nothing, binary=False, background=Background(), structure_CD=structure_CD, options=options)
        scores = fit.scores_MT(np.arange(200), structure_CD)
        found.append(recall_at(scores, (train.compound, train.target), (test.compound, test.target), top=5))
    assert found[0] > found[1] + 0.2
    with pytest.raises(ValueError, match="ranks by structure"):
        fit.scores_MT(np.arange(200), features)


def test_values_of_stated_cells_are_of_no_account() -> None:
    cells, membership = made()
    options = Options(rank=3, burn=1, draws=1)
    first, second = (
        fit_activity(given, membership, binary=False, background=Background(), options=options)
        for given in (cells, replace(cells, value=cells.value * 7.0))
    )
    np.testing.assert_array_equal(first.draws.U_SCK, second.draws.U_SCK)


@pytest.mark.parametrize("positive", [1, 6])
def test_next_to_nothing_stated_gives_finite_scores(positive: int) -> None:
    cells = Cells.of(np.zeros(positive), np.arange(positive), np.ones(positive), compounds=3, targets=6)
    options = Options(rank=16, burn=3, draws=3)
    fit = fit_activity(cells, scipy.sparse.csr_array((3, 0)), binary=False, background=Background(), options=options)
    assert np.isfinite(fit.scores_MT(np.arange(3))).all()
