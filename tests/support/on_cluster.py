"""A driver of a cluster, in a process of its own since a process holds one session: `python -m tests.support.on_cluster`.

Takes the master and a directory with `assays.csv` and `library.csv`. Leaves there `nearest.npy`, a published run under `state`
and `scores`.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from tests.support.reports import SteppingReport

from trainer.pipelines.factors import train
from trainer.pipelines.screening import Screening, screen
from trainer.runs.ingest import OnError
from trainer.runs.spec import Engine, FactorsSpec
from trainer.settings import Settings
from trainer.similarity.cosines import directions_FK
from trainer.spark.nearest import nearest
from trainer.spark.session import Session

__all__ = ["LIMIT", "als_spec", "made_rows"]

LIMIT: Final = 20


def made_rows() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Unit rows, half of them from a coarse grid with many ties, and which of them are shown."""
    rng = np.random.default_rng(5)
    rows_FK = np.concatenate([rng.normal(size=(500, 4)), rng.integers(-1, 2, size=(500, 4))])
    return np.round(directions_FK(rows_FK), 12), rng.random(1000) < 0.8


def als_spec(data: Path) -> FactorsSpec:
    """What is trained."""
    return FactorsSpec(kind="factors", sources=(str(data),), engine=Engine.SPARK_ALS, rank=2)


def main(master: str, directory: Path) -> None:
    """Do everything that a cluster does."""
    settings = Settings(state=directory / "state", spark_master=master)
    with Session(directory / "cache", master=master) as session:
        spark = session.spark()
        unit_FK, shown_F = made_rows()
        np.save(directory / "nearest.npy", nearest(spark, directory, unit_FK, shown_F, limit=LIMIT, block=128))
        train(als_spec(directory / "assays.csv"), settings, SteppingReport(), run="factors-1", spark=spark)
        asked = Screening(data=(directory / "library.csv",), out=directory / "scores", on_error=OnError.SKIP)
        screen(asked, settings, SteppingReport(), spark=spark)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
