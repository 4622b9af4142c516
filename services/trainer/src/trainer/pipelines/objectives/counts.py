"""The objective `counts`: factors whose products come nearest to how often fragments occur in what acts on targets."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from contracts.kinds import ActivityKind
from trainer.data.activity import Activity
from trainer.data.offences import ObjectiveUnsuitable
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.predictor import Predictor
from trainer.pipelines.objectives.fitted import Fitted, still
from trainer.runs.spec import Engine, FactorsSpec
from trainer.similarity.factors import Factors

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["fit"]


def fit(
    spec: FactorsSpec,
    activity: Activity,
    *,
    device: str,
    on_step: Callable[[int, float], None],
    spark: "Callable[[], SparkSession]",
    later: Activity | None = None,  # noqa: ARG001 - nothing is held out: counts predict no cells
) -> Fitted:
    """As `Fit` says, by the engine that `spec` names."""
    if spec.engine is Engine.SPARK_ALS:
        return _by_spark(spec, activity, spark, on_step)
    counts = fit_counts(activity.counts_FT(), rank=spec.fitted_rank, seed=spec.seed, device=device, on_step=on_step)
    return Fitted(
        factors=counts.factors,
        curve=counts.curve,
        trajectory=counts.trajectory,
        seconds=counts.seconds,
        metrics={"mean_squared_error": counts.curve[-1][1], "converged": float(counts.converged), "gap": counts.gap},
        predictor=Predictor.from_factors(counts.factors),
    )


def _by_spark(
    spec: FactorsSpec, activity: Activity, spark: "Callable[[], SparkSession]", on_step: Callable[[int, float], None]
) -> Fitted:
    """By Spark's alternating least squares, in the same canonical form."""
    if activity.kind is ActivityKind.POSITIVES:
        raise ObjectiveUnsuitable(
            "The data state only what acts, and `engine` spark-als looks at stated cells alone, so that all fragments would "
            "be alike to it: take `engine` torch, which counts what is not stated as 0."
        )
    from trainer.spark.als import fit_als  # noqa: PLC0415 - loads pyspark
    from trainer.spark.counting import compounds_of  # noqa: PLC0415 - the same

    started_s = time.perf_counter()
    als = fit_als(
        compounds_of(spark(), activity),
        fragments=len(activity.fragments),
        targets=len(activity.targets),
        rank=spec.fitted_rank,
        seed=spec.seed,
    )
    factors = Factors.from_product(als.P_FK, als.Q_TK)
    on_step(als.iterations, als.mean_squared_error)
    return Fitted(
        factors=factors,
        curve=[(als.iterations, als.mean_squared_error)],
        trajectory=still(factors.balanced_fragments_FK, als.iterations),
        seconds=time.perf_counter() - started_s,
        metrics={
            "mean_squared_error": als.mean_squared_error,
            "stated_counts": float(als.cells),
            "als_iterations": float(als.iterations),
            "als_regularisation": als.regularisation,
        },
        predictor=Predictor.from_factors(factors),
    )
