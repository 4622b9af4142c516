"""nearest: Spark finds what this machine finds, however the rows are spread."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from pyspark.sql import SparkSession

from trainer.factorization.nearest import nearest as nearest_here
from trainer.factorization.neighbours import neighbours
from trainer.similarity.cosines import directions_FK
from trainer.similarity.factors import Factors
from trainer.spark.nearest import nearest

pytestmark = pytest.mark.spark

Array = npt.NDArray[np.float64]


def random_rows(rng: np.random.Generator) -> Array:
    return rng.normal(size=(700, 5))


def tied_rows(rng: np.random.Generator) -> Array:
    return rng.integers(-1, 2, size=(700, 3)).astype(np.float64)


def nearly_equal_rows(rng: np.random.Generator) -> Array:
    return random_rows(rng)[rng.integers(0, 150, 700)] + 1e-8 * rng.normal(size=(700, 5))


def zero_rows(rng: np.random.Generator) -> Array:
    return random_rows(rng) * (rng.random((700, 1)) < 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("made", [random_rows, tied_rows, nearly_equal_rows, zero_rows])
@pytest.mark.parametrize(("block", "limit"), [(64, 7), (1024, 120)])
def test_a_stage_finds_what_one_machine_finds_ties_included(
    spark: SparkSession, tmp_path: Path, made: Callable[[np.random.Generator], Array], block: int, limit: int
) -> None:
    rng = np.random.default_rng(0)
    unit_FK = np.round(directions_FK(made(rng)), 12)
    shown_F = rng.random(700) < 0.8
    found_FL = nearest(spark, tmp_path / "shared", unit_FK, shown_F, limit=limit, block=block)
    np.testing.assert_array_equal(found_FL, nearest_here(torch.from_numpy(unit_FK), shown_F, limit=limit).numpy())
    assert list((tmp_path / "shared").iterdir()) == []


def test_fewer_candidates_than_asked_for_leave_places_open(spark: SparkSession, tmp_path: Path) -> None:
    unit_FK = directions_FK(np.random.default_rng(0).normal(size=(3, 2)))
    found_FL = nearest(spark, tmp_path, unit_FK, np.array([True, False, True]), limit=3)
    first, second = sorted([0, 2], key=lambda one: -unit_FK[1] @ unit_FK[one])
    assert found_FL.tolist() == [[2, -1, -1], [first, second, -1], [0, -1, -1]]
    assert nearest(spark, tmp_path, unit_FK, np.zeros(3, dtype=np.bool_), limit=1).tolist() == [[-1]] * 3


def test_the_table_of_neighbours_is_the_same_to_the_last_bit(spark: SparkSession, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    factors = Factors.from_product(rng.normal(size=(300, 4)), rng.normal(size=(30, 4)))
    shown_F = rng.random(300) < 0.9

    def search(unit_FK: Array, shown_F: npt.NDArray[np.bool_], *, limit: int) -> npt.NDArray[np.int64]:
        return nearest(spark, tmp_path, unit_FK, shown_F, limit=limit, block=50)

    here = neighbours(factors, shown_F=shown_F, limit=20)
    assert neighbours(factors, shown_F=shown_F, limit=20, search=search).equals(here)
