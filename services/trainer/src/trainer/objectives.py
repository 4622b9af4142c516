"""Objectives: what a fit of either kind finds of the same facts, in the form in which it is published."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import scipy.sparse

from contracts.evidence import NEIGHBOURS
from contracts.kinds import ActivityKind, Holdout, Objective
from trainer import factorization
from trainer.activity import Activity
from trainer.environments import environments_CD
from trainer.evaluation.holdout import Question, measure
from trainer.factorization import Predictor, Trajectory
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.structure import unit_rows
from trainer.factorization.activity.summary import Directions, mean_factors
from trainer.factorization.neighbours import Search
from trainer.factorization.trajectory import COLUMNS
from trainer.factors import Factors
from trainer.likeness import Likeness
from trainer.misfit import Misfit
from trainer.run import Engine, FactorsSpec
from trainer.similarity import directions_FK

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Found", "check", "fit", "likeness", "neighbours"]

_CROWDED_CELLS: Final = 4096
_FEATURES: Final = (4096, 2048)
"""Hashed atom environments: fewer where a target has many cells, so that each target stays a small dense problem."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a fit found, and how."""

    factors: Factors
    curve: Sequence[tuple[int, float]]
    """Step and loss."""
    trajectory: Trajectory
    seconds: float
    metrics: dict[str, float]
    predictor: Predictor | None = None
    """What predicts compounds from their fragments."""
    directions: Directions | None = None
    """Posterior draws, where the objective has a posterior."""


def check(objective: Objective, activity: Activity, engine: Engine = Engine.TORCH) -> None:
    """Refuse an objective, or an engine for it, that does not fit the data.

    Raises:
        Misfit: it does not.
    """
    if engine is Engine.SPARK_ALS and activity.kind is ActivityKind.POSITIVES:
        raise Misfit(
            "The data state only what acts, and the engine spark-als looks at stated cells alone, so that all fragments would "
            "be alike to it: take the engine torch, which counts what is not stated as 0."
        )
    if objective is not Objective.ACTIVITY:
        return
    if activity.kind is ActivityKind.POSITIVES:
        raise Misfit(
            "The data state only what acts, so that inactivity cannot be learned from them: take the objective counts, or data "
            "that state inactive cells as 0."
        )
    if not len(activity.cells):
        raise Misfit("No cell was measured, so there is no activity to learn from.")


def fit(
    spec: FactorsSpec,
    activity: Activity,
    *,
    device: str,
    on_step: Callable[[int, float], None],
    spark: "Callable[[], SparkSession]",
) -> Found:
    """Fit what `spec` asks for; `check` has let it pass. `spark` is asked for its session by the engine `spark-als` alone.

    Raises:
        Misfit: too few cells to hold some out.
    """
    if spec.objective is Objective.ACTIVITY:
        return _activity(spec, activity, device, on_step)
    if spec.engine is Engine.SPARK_ALS:
        return _alternating(spec, activity, spark(), on_step)
    counts = factorization.fit_counts(activity.counts_FT(), rank=spec.rank, seed=spec.seed, device=device, on_step=on_step)
    metrics = {"mean_squared_error": counts.curve[-1][1], "converged": float(counts.converged), "gap": counts.gap}
    predictor = Predictor.from_factors(counts.factors)
    return Found(counts.factors, counts.curve, counts.trajectory, counts.seconds, metrics, predictor=predictor)


def likeness(found: Found, activity: Activity) -> Likeness:
    """How alike the fragments are beyond their factors."""
    rows_FD = found.factors.fragments_FK if found.directions is None else found.directions.joined_FD
    return Likeness.of(activity, directions_FK(rows_FD))


def neighbours(found: Found, activity: Activity, likeness: Likeness, *, device: str, search: Search | None = None) -> pa.Table:
    """The table `neighbours` of `contracts.tables`; `search` finds the same elsewhere."""
    return factorization.neighbours(
        found.factors,
        shown_F=activity.fragments["shown"].to_numpy(),
        limit=NEIGHBOURS,
        directions=found.directions,
        evidence=likeness.pairs,
        device=device,
        search=search,
    )


def _alternating(spec: FactorsSpec, activity: Activity, spark: "SparkSession", on_step: Callable[[int, float], None]) -> Found:
    """Counts by Spark's alternating least squares, in the same canonical form."""
    from trainer.lake.als import fit_als  # noqa: PLC0415 - loads pyspark
    from trainer.lake.counting import compounds_of  # noqa: PLC0415 - the same

    started = time.perf_counter()
    found = fit_als(
        compounds_of(spark, activity),
        fragments=len(activity.fragments),
        targets=len(activity.targets),
        rank=spec.rank,
        seed=spec.seed,
    )
    factors = Factors.from_product(found.P_FK, found.Q_TK)
    on_step(found.iterations, found.mean_squared_error)
    metrics = {
        "mean_squared_error": found.mean_squared_error,
        "stated_counts": float(found.cells),
        "als_iterations": float(found.iterations),
        "als_regularisation": found.regularisation,
    }
    return Found(
        factors=factors,
        curve=[(found.iterations, found.mean_squared_error)],
        trajectory=_still(factors, found.iterations),
        seconds=time.perf_counter() - started,
        metrics=metrics,
        predictor=Predictor.from_factors(factors),
    )


def _activity(spec: FactorsSpec, activity: Activity, device: str, on_step: Callable[[int, float], None]) -> Found:
    question = _question(activity, with_structure=spec.holdout is not Holdout.NONE)
    options = Options(rank=spec.rank, seed=spec.seed)
    metrics: dict[str, float] = {}
    if spec.holdout is not Holdout.NONE:

        def judged(cells: Cells) -> Posterior:
            return fit_activity(
                cells,
                question.membership_CF,
                binary=question.binary,
                structure_CD=question.structure_CD,
                options=options,
                device=device,
            )

        try:
            metrics = measure(question, spec.holdout, judged, seed=spec.seed)
        except ValueError as error:
            raise Misfit(f"{error}.") from error
    started = time.perf_counter()
    curve: list[tuple[int, float]] = []

    def keep(sweep: int, loss: float) -> None:
        curve.append((sweep, loss))
        on_step(sweep, loss)

    posterior = fit_activity(
        question.cells, question.membership_CF, binary=question.binary, options=options, device=device, on_sweep=keep
    )
    factors = mean_factors(posterior.draws, rank=spec.rank)
    metrics["mean_squared_error"] = float(np.mean([loss for _, loss in curve[options.burn :]]))
    return Found(
        factors=factors,
        curve=curve,
        trajectory=_still(factors, curve[-1][0]),
        seconds=time.perf_counter() - started,
        metrics=metrics,
        predictor=Predictor.from_posterior(posterior, positives=activity.kind is ActivityKind.POSITIVES),
        directions=Directions.of(posterior.draws),
    )


def _question(activity: Activity, *, with_structure: bool) -> Question:
    cells = Cells.of(
        activity.cells["compound"].to_numpy(),
        activity.cells["target"].to_numpy(),
        activity.cells["value"].to_numpy(),
        compounds=len(activity.compounds),
        targets=len(activity.targets),
    )
    smiles: list[str | None] = activity.compounds["smiles"].to_pylist()
    structure_CD = None
    if with_structure and None not in smiles:
        crowded = np.bincount(cells.target, minlength=1).max() > _CROWDED_CELLS
        structure_CD = unit_rows(environments_CD((each or "" for each in smiles), _FEATURES[int(crowded)]))
    return Question(
        cells=cells,
        membership_CF=scipy.sparse.csr_array(activity.membership_FC().T),
        structure_CD=structure_CD,
        scaffolds_C=[scaffold or "" for scaffold in activity.compounds["scaffold"].to_pylist()],
        binary=activity.kind is ActivityKind.BINARY,
    )


def _still(factors: Factors, step: int) -> Trajectory:
    """A posterior is sampled, not descended to, and Spark shows no step of a fit: the one position is where it ended."""
    positions_FD = factors.balanced_fragments_FK[:, :COLUMNS].astype(np.float32)
    return Trajectory(steps_S=np.array([step], dtype=np.int64), positions_SFD=positions_FD[None])
