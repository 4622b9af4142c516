"""A screen: a library of molecules, however large, scored by a published run and written as Parquet."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.predictions import ARTIFACT, FILE, MODEL_FILE
from contracts.store import Store
from published.changes import CURRENT
from trainer.data.offences import InvalidData, Offence
from trainer.data.sources import DataNotFound
from trainer.factorization.onnx.scoring import Scorer
from trainer.pipelines.sessions import session_of
from trainer.runs.ingest import OnError
from trainer.runs.report import Report, Stage
from trainer.settings import Settings
from trainer.store.registry import factors_run
from trainer.tables.files import find_files

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["Screened", "Screening", "screen"]


@dataclass(frozen=True)
class Screening:
    """What is asked."""

    data: tuple[Path, ...]
    """Files or directories of molecules."""
    out: Path
    """A directory that does not exist yet."""
    run: str = CURRENT
    targets: tuple[str, ...] = ()
    """All of the run's where there are none."""
    best: int | None = None
    """Keep so many molecules a target, the highest predictions."""
    smiles_column: str | None = None
    compound_column: str | None = None
    on_error: OnError = OnError.FAIL


@dataclass(frozen=True)
class Screened:
    """What was written, in numbers."""

    run: str
    out: str
    scale: str
    """`contracts.predictions.Scale`."""
    molecules: int
    rejected: int
    """Of them, that have no score but the reason why."""
    targets: int


def screen(asked: Screening, settings: Settings, report: Report, *, spark: "SparkSession | None" = None) -> Screened:
    """Score the molecules by Spark's workers, wherever its master has them, and put the result into its place as a whole.

    Raises:
        DataNotFound: A file of molecules or the run is not there.
        InvalidData: A file or, unless they are to be left out, a molecule cannot be used; the run has no such target; something
            lies at `out`.
    """
    for path in asked.data:
        if not path.exists():
            raise DataNotFound(f"{path}: there is no such file or directory.")
    out = asked.out.absolute()
    if out.exists():
        raise _taken(out)
    run, scorer = _scorer(Store.under(settings.state), asked)
    from trainer.spark import screening  # noqa: PLC0415 - loads pyspark

    plans = screening.plan_library(
        find_files(asked.data), smiles_column=asked.smiles_column, compound_column=asked.compound_column
    )
    with session_of(settings, report, spark) as started, _beside(out) as unfinished:
        session = started()
        with report.stage(Stage.READ):
            library = screening.read_library(session, plans)
        try:
            molecules = library.count()
            with report.stage(Stage.WRITE):
                screening.write_scores(library, scorer, unfinished / "scores")
        finally:
            library.unpersist()
        offences, rejected = screening.rejects(session, unfinished / "scores", plans)
        if rejected and asked.on_error is OnError.FAIL:
            raise InvalidData(offences, rejected)
        whole = unfinished / "scores"
        if asked.best is not None:
            whole = unfinished / "best"
            screening.write_best(session, unfinished / "scores", whole, best=asked.best)
        try:
            whole.rename(out)
        except OSError as error:  # another screen was faster
            if out.exists():
                raise _taken(out) from error
            raise
    targets = len(asked.targets or scorer.known_targets)
    return Screened(run, str(out), scorer.scale.value, molecules, rejected, targets)


def _taken(out: Path) -> InvalidData:
    return InvalidData([Offence(out.name, None, None, None, "exists already: name another `out`, or remove it")])


def _scorer(store: Store, asked: Screening) -> tuple[str, Scorer]:
    """The run, and what scores by it."""
    found = factors_run(store, asked.run)
    if found is None:
        raise DataNotFound(f"{asked.run}: no run of factors with this id, name or alias is published in {store.root}.")
    artifact = store.artifact(ARTIFACT, found.artifacts[ARTIFACT])
    file = next((artifact / name for name in (MODEL_FILE, FILE) if (artifact / name).exists()), None)
    if file is None:
        raise DataNotFound(f"{found.run} was published without anything that predicts: train it again.")
    scorer = Scorer(file.absolute(), asked.targets)
    if missing := sorted(set(asked.targets) - set(scorer.known_targets)):
        raise InvalidData([Offence(found.run, None, None, name, "is no target of this run") for name in missing])
    return found.run, scorer


@contextmanager
def _beside(out: Path) -> "Iterator[Path]":
    """A hidden directory on the same file system as `out`, which is gone afterwards."""
    directory = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
