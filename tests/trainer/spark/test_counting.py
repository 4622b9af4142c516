"""counting: the distributed product equals the dense one, however the compounds are spread."""

from collections.abc import Callable

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_array, random_array
from tests.support.tasks import tasks

from trainer.data import seed_table
from trainer.spark.collection import collect
from trainer.spark.counting import COMPOUNDS, compounds_of, count, stated

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("pieces", [1, 3])
def test_counts_equal_the_dense_product(spark: SparkSession, pieces: int) -> None:
    rng = np.random.default_rng(7)
    membership_CF = csr_array(random_array((500, 40), density=0.1, rng=rng))
    values_CT = csr_array(random_array((500, 30), density=0.05, rng=rng))
    rows = [
        [
            part
            for matrix in (membership_CF, values_CT)
            for part in (
                matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist(),
                matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]].tolist(),
            )
        ]
        for row in range(500)
    ]
    frame = spark.createDataFrame(rows, COMPOUNDS).repartition(pieces)
    counts_FT = count(frame, fragments=40, targets=30)
    exact_FT = membership_CF.toarray().astype(np.float32).astype(float).T @ values_CT.toarray()
    np.testing.assert_allclose(counts_FT.toarray(), exact_FT, atol=1e-12)


def test_counts_of_an_activity_equal_those_it_makes_itself(spark: SparkSession) -> None:
    activity = seed_table.built_in()
    counts_FT = count(compounds_of(spark, activity), fragments=5, targets=10)
    np.testing.assert_array_equal(counts_FT.toarray(), activity.counts_FT().toarray())


@pytest.mark.parametrize("pieces", [1, 3])
def test_stated_counts_are_rows_zeros_that_are_stated_or_add_up_included(spark: SparkSession, pieces: int) -> None:
    rows = [([0, 1], [1.0, 2.0], [0, 2], [1.0, 0.0]), ([0], [1.0], [0], [-1.0]), ([300], [1.0], [1], [5.0])]
    frame = spark.createDataFrame(rows, COMPOUNDS).repartition(pieces)
    found = collect(stated(frame, fragments=301, targets=4)).to_pylist()
    assert sorted((row["fragment"], row["target"], row["count"]) for row in found) == [
        (0, 0, 0.0),
        (0, 2, 0.0),
        (1, 0, 2.0),
        (1, 2, 0.0),
        (300, 1, 5.0),
    ]


def test_few_fragments_are_summed_in_few_tasks_also_where_the_sums_are_kept(
    most_pieces: Callable[[int], None], spark: SparkSession
) -> None:
    most_pieces(200)
    kept = stated(compounds_of(spark, seed_table.built_in()), fragments=5, targets=10).persist()
    try:
        assert 2 <= tasks(spark, lambda: collect(kept)) <= 10
    finally:
        kept.unpersist()


def test_no_compounds_count_nothing(spark: SparkSession) -> None:
    assert count(spark.createDataFrame([], COMPOUNDS), fragments=2, targets=3).toarray().tolist() == [[0, 0, 0], [0, 0, 0]]
