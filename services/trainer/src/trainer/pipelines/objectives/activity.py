"""The objective `activity`: a model of whole molecules and, where only what acts is stated, the posterior of a chain."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse

from contracts.kinds import ActivityKind, Holdout
from trainer.data.activity import Activity
from trainer.data.offences import ObjectiveUnsuitable
from trainer.evaluation.holdout import Question, measure_model, measure_ranking
from trainer.evaluation.judgement import question
from trainer.evaluation.model import Facts, Model
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.summary import mean_factors
from trainer.factorization.predictor import Predictor
from trainer.pipelines.objectives.fitted import Fitted, still
from trainer.runs.spec import FactorsSpec
from trainer.similarity.factors import Factors

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["fit"]

_CHAIN: Final = 0
"""Names the random numbers of the chain that is published, so that equal data give equal numbers whatever the seed."""


def fit(
    spec: FactorsSpec,
    activity: Activity,
    *,
    device: str,
    on_step: Callable[[int, float], None],
    spark: "Callable[[], SparkSession]",  # noqa: ARG001 - torch alone fits it
    later: Activity | None = None,
) -> Fitted:
    """As `Fit` says: judge by cells held out where that is asked for, then learn from all of them."""
    if not len(activity.cells):
        raise ObjectiveUnsuitable("No cell was measured, so there is no activity to learn from.")
    is_positives = activity.kind is ActivityKind.POSITIVES
    facts = question(activity, with_structure=is_positives and spec.holdout is not Holdout.NONE, later=later)
    try:
        if is_positives:
            return _ranked(spec, facts, device, on_step)
        return _modelled(spec, activity, facts, device, on_step)
    except ValueError as error:
        raise ObjectiveUnsuitable(f"{error}.") from error


def _modelled(
    spec: FactorsSpec, activity: Activity, facts: Question, device: str, on_step: Callable[[int, float], None]
) -> Fitted:
    """A model of whole molecules. The factors are those of what it lets fragments add on targets."""
    known = Facts.of(activity, facts.cells, binary=facts.binary)
    metrics: dict[str, float] = {}
    if spec.holdout is not Holdout.NONE:
        metrics = measure_model(facts, spec.holdout, known, seed=spec.seed, device=device)
    started_s = time.perf_counter()
    model = Model.learned(known, facts.cells, device=device)
    loss = float(np.mean((model.fit.left_out_N - model.fit.taught.value[model.fit.order_N]) ** 2))
    on_step(1, loss)
    factors = Factors.leading(model.fragment_weights_FT(), spec.fitted_rank)
    told = {"fragment_share": model.fit.share, "calibration_cells": float(model.calibration.cells)}
    return Fitted(
        factors=factors,
        curve=[(1, loss)],
        trajectory=still(factors.balanced_fragments_FK, 1),
        seconds=time.perf_counter() - started_s,
        metrics={**metrics, "mean_squared_error": loss, **told},
        predictor=None,
        model=model,
        file=model.packed(),  # here, for what publishes holds a lock
    )


def _ranked(spec: FactorsSpec, facts: Question, device: str, on_step: Callable[[int, float], None]) -> Fitted:
    """The posterior of a chain, where only what acts is stated."""
    link, options = Link(facts.membership_CF, device=device), Options(rank=spec.fitted_rank)

    def posterior_of(
        cells: Cells,
        structure_CD: scipy.sparse.csr_array | None,
        seed: int,
        on_sweep: Callable[[int, float], None] | None = None,
    ) -> Posterior:
        return fit_activity(
            cells,
            link,
            binary=False,
            background=Background(),
            structure_CD=structure_CD,
            options=replace(options, seed=seed),
            device=device,
            on_sweep=on_sweep,
        )

    metrics: dict[str, float] = {}
    if spec.holdout is not Holdout.NONE:
        metrics = measure_ranking(
            facts, spec.holdout, lambda cells: posterior_of(cells, facts.structure_CD, spec.seed), seed=spec.seed
        )
    started_s = time.perf_counter()
    curve: list[tuple[int, float]] = []

    def keep(sweep: int, loss: float) -> None:
        curve.append((sweep, loss))
        on_step(sweep, loss)

    posterior = posterior_of(facts.cells, None, _CHAIN, keep)
    factors = mean_factors(posterior.draws, rank=spec.fitted_rank)
    metrics["mean_squared_error"] = float(np.mean([loss for _, loss in curve[options.burn :]]))
    return Fitted(
        factors=factors,
        curve=curve,
        trajectory=still(factors.balanced_fragments_FK, curve[-1][0]),
        seconds=time.perf_counter() - started_s,
        metrics=metrics,
        predictor=Predictor.from_posterior(posterior, positives=True),
    )
