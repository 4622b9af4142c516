"""Objectives: what a fit of either kind finds of the same facts, in the form in which it is published."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import scipy.sparse

from contracts.evidence import NEIGHBOURS
from contracts.kinds import ActivityKind, Holdout, Objective
from trainer.data.activity import Activity
from trainer.data.offences import ObjectiveUnsuitable
from trainer.evaluation.calibration import widening
from trainer.evaluation.judgement import judge, question
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.effects import Effects
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.summary import Directions, mean_factors
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.counts.trajectory import COLUMNS, Trajectory
from trainer.factorization.neighbours import Search
from trainer.factorization.neighbours import neighbours as ranked_neighbours
from trainer.factorization.predictor import Predictor
from trainer.runs.spec import Engine, FactorsSpec
from trainer.similarity.cosines import directions_FK
from trainer.similarity.factors import Factors
from trainer.similarity.pairs import Likeness

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["Found", "check", "fit", "likeness", "neighbours"]

_CHAIN: Final = 0
"""Names the random numbers of the chain that is published, so that equal data give equal numbers whatever the seed."""


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
        ObjectiveUnsuitable: it does not.
    """
    if engine is Engine.SPARK_ALS and activity.kind is ActivityKind.POSITIVES:
        raise ObjectiveUnsuitable(
            "The data state only what acts, and the engine spark-als looks at stated cells alone, so that all fragments would "
            "be alike to it: take the engine torch, which counts what is not stated as 0."
        )
    if objective is not Objective.ACTIVITY:
        return
    if not len(activity.cells):
        raise ObjectiveUnsuitable("No cell was measured, so there is no activity to learn from.")


def fit(
    spec: FactorsSpec,
    activity: Activity,
    *,
    device: str,
    on_step: Callable[[int, float], None],
    spark: "Callable[[], SparkSession]",
    later: Activity | None = None,
) -> Found:
    """Fit what `spec` asks for; `check` has let it pass. `spark` is asked for its session by the engine `spark-als` alone.

    `later` holds the facts of the files that judge, for the holdout `time`.

    Raises:
        ObjectiveUnsuitable: too few cells to hold some out.
    """
    if spec.objective is Objective.ACTIVITY:
        return _activity(spec, activity, device, on_step, later)
    if spec.engine is Engine.SPARK_ALS:
        return _alternating(spec, activity, spark(), on_step)
    counts = fit_counts(activity.counts_FT(), rank=spec.rank, seed=spec.seed, device=device, on_step=on_step)
    metrics = {"mean_squared_error": counts.curve[-1][1], "converged": float(counts.converged), "gap": counts.gap}
    predictor = Predictor.from_factors(counts.factors)
    return Found(counts.factors, counts.curve, counts.trajectory, counts.seconds, metrics, predictor=predictor)


def likeness(found: Found, activity: Activity) -> Likeness:
    """How alike the fragments are beyond their factors."""
    rows_FD = found.factors.fragments_FK if found.directions is None else found.directions.joined_FD
    return Likeness.of(activity, directions_FK(rows_FD))


def neighbours(found: Found, activity: Activity, likeness: Likeness, *, device: str, search: Search | None = None) -> pa.Table:
    """The table `neighbours` of `contracts.tables`; `search` finds the same elsewhere."""
    return ranked_neighbours(
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
    from trainer.spark.als import fit_als  # noqa: PLC0415 - loads pyspark
    from trainer.spark.counting import compounds_of  # noqa: PLC0415 - the same

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


def _activity(
    spec: FactorsSpec, activity: Activity, device: str, on_step: Callable[[int, float], None], later: Activity | None
) -> Found:
    asked = question(activity, with_structure=spec.holdout is not Holdout.NONE, later=later)
    link = Link(asked.membership_CF, device=device)
    background = Background() if asked.positives else None

    def posterior_of(
        cells: Cells,
        structure_CD: scipy.sparse.csr_array | None,
        seed: int,
        on_sweep: Callable[[int, float], None] | None = None,
    ) -> Posterior:
        return fit_activity(
            cells,
            link,
            binary=asked.binary,
            background=background,
            structure_CD=structure_CD,
            options=replace(options, seed=seed),
            device=device,
            on_sweep=on_sweep,
        )

    options = Options(rank=spec.rank)
    metrics: dict[str, float] = {}
    if spec.holdout is not Holdout.NONE:
        try:
            metrics = judge(spec, activity, asked, posterior_of)
        except ValueError as error:
            raise ObjectiveUnsuitable(f"{error}.") from error
    started = time.perf_counter()
    curve: list[tuple[int, float]] = []

    def keep(sweep: int, loss: float) -> None:
        curve.append((sweep, loss))
        on_step(sweep, loss)

    posterior = posterior_of(asked.cells, None, _CHAIN, keep)
    effects = Effects.of(posterior.draws, asked.membership_CF, asked.cells.compound)
    factors = mean_factors(effects, rank=spec.rank)
    metrics["mean_squared_error"] = float(np.mean([loss for _, loss in curve[options.burn :]]))
    widened = 1.0
    if not asked.positives:  # which leave out nothing that could contradict

        def short(cells: Cells) -> Posterior:
            draws = options.draws if asked.binary else 16  # few of them spread too little, which the noise of values hides
            return fit_activity(cells, link, binary=asked.binary, options=replace(options, burn=20, draws=draws), device=device)

        widened = widening(asked.cells, asked.membership_CF, asked.scaffolds_C, short, binary=asked.binary)
        metrics["interval_widening"] = widened
    return Found(
        factors=factors,
        curve=curve,
        trajectory=_still(factors, curve[-1][0]),
        seconds=time.perf_counter() - started,
        metrics=metrics,
        predictor=Predictor.from_posterior(posterior, positives=asked.positives, widening=widened),
        directions=Directions.of(effects),
    )


def _still(factors: Factors, step: int) -> Trajectory:
    """A posterior is sampled, not descended to, and Spark shows no step of a fit: the one position is where it ended."""
    positions_FD = factors.balanced_fragments_FK[:, :COLUMNS].astype(np.float32)
    return Trajectory(steps_S=np.array([step], dtype=np.int64), positions_SFD=positions_FD[None])
