"""als: Spark's fit comes near the optimum of what is stated, in the same canonical form."""

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_array

from trainer.data import seed_table
from trainer.factorization.counts.fit import fit_counts
from trainer.similarity.cosines import percents_FF
from trainer.similarity.factors import Factors
from trainer.spark.als import fit_als
from trainer.spark.counting import COMPOUNDS, compounds_of

pytestmark = pytest.mark.spark


def test_a_complete_table_gives_the_similarities_that_torch_gives(spark: SparkSession) -> None:
    activity = seed_table.built_in()
    exact = fit_counts(activity.counts_FT(), rank=3, seed=0)
    found = fit_als(compounds_of(spark, activity), fragments=5, targets=10, rank=3, seed=0)
    factors = Factors.from_product(found.P_FK, found.Q_TK)
    assert found.cells == 50
    assert found.mean_squared_error == pytest.approx(exact.curve[-1][1], rel=0.02)
    np.testing.assert_allclose(factors.singular_K, exact.factors.singular_K, rtol=0.02)
    exact_FF, found_FF = (percents_FF(each.balanced_fragments_FK) for each in (exact.factors, factors))
    np.testing.assert_allclose(found_FF, exact_FF, atol=2.0)


@pytest.mark.slow
def test_what_is_not_stated_is_left_open(spark: SparkSession) -> None:
    """A table of rank 1 with holes is completed, where one that took holes for zeros would not be."""
    rng = np.random.default_rng(0)
    left_F, right_T = rng.uniform(1, 2, 12), rng.uniform(1, 2, 9)
    stated_FT = rng.random((12, 9)) < 0.7
    rows = [
        ([fragment], [1.0], np.flatnonzero(row).tolist(), (1000 * left_F[fragment] * right_T)[row].tolist())
        for fragment, row in enumerate(stated_FT)
    ]
    found = fit_als(spark.createDataFrame(rows, COMPOUNDS), fragments=12, targets=9, rank=1, seed=0)
    np.testing.assert_allclose(found.P_FK @ found.Q_TK.T, 1000 * np.outer(left_F, right_T), rtol=0.02)
    assert found.cells == stated_FT.sum()


def test_fragments_of_which_nothing_is_stated_have_zero_rows(spark: SparkSession) -> None:
    frame = spark.createDataFrame([([0, 2], [1.0, 2.0], [1], [3.0])], COMPOUNDS)
    found = fit_als(frame, fragments=4, targets=3, rank=2, seed=0)
    assert (np.any(found.P_FK, axis=1).tolist(), np.any(found.Q_TK, axis=1).tolist()) == (
        [True, False, True, False],
        [False, True, False],
    )
    assert (found.P_FK @ found.Q_TK.T)[[0, 2], 1] == pytest.approx([3.0, 6.0], rel=0.02)


@pytest.mark.parametrize("rows", [[], [([0], [1.0], [0], [0.0])]])
def test_nothing_but_zeros_is_fitted_by_zeros(spark: SparkSession, rows: list[tuple[list[float], ...]]) -> None:
    found = fit_als(spark.createDataFrame(rows, COMPOUNDS), fragments=2, targets=2, rank=2, seed=0)
    assert not found.P_FK.any()
    assert (found.cells, found.mean_squared_error) == (len(rows), 0.0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_product(spark: SparkSession) -> None:
    frame = compounds_of(spark, seed_table.built_in())
    one, two = (fit_als(frame.repartition(pieces), fragments=5, targets=10, rank=2, seed=4) for pieces in (1, 3))
    np.testing.assert_allclose(one.P_FK @ one.Q_TK.T, two.P_FK @ two.Q_TK.T, rtol=1e-4, atol=1e-4)


def test_counts_fit_what_was_multiplied_here(spark: SparkSession) -> None:
    activity = seed_table.built_in()
    found = fit_als(compounds_of(spark, activity), fragments=5, targets=10, rank=5, seed=0)
    dense_FT = csr_array(activity.counts_FT()).toarray()
    errors_FT = found.P_FK @ found.Q_TK.T - dense_FT
    assert found.mean_squared_error == pytest.approx(float((errors_FT**2).mean()), rel=1e-9)
