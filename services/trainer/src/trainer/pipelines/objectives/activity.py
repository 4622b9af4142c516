"""The objective `activity`: factors of what fragments do, as the posterior of the cells that were measured."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse

from contracts.kinds import ActivityKind, Holdout
from trainer.data.activity import Activity
from trainer.data.offences import ObjectiveUnsuitable
from trainer.evaluation.judgement import judge, question
from trainer.evaluation.model import Facts, Model
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.effects import Effects
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.summary import Directions, mean_factors
from trainer.factorization.predictor import Predictor
from trainer.pipelines.objectives.fitted import Fitted, still
from trainer.runs.spec import FactorsSpec

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
    molecules = None if is_positives else Facts.of(activity, facts.cells, binary=facts.binary)
    link = Link(facts.membership_CF, device=device)
    background = Background() if facts.positives else None
    options = Options(rank=spec.fitted_rank)

    def posterior_of(
        cells: Cells,
        structure_CD: scipy.sparse.csr_array | None,
        seed: int,
        on_sweep: Callable[[int, float], None] | None = None,
    ) -> Posterior:
        return fit_activity(
            cells,
            link,
            binary=facts.binary,
            background=background,
            structure_CD=structure_CD,
            options=replace(options, seed=seed),
            device=device,
            on_sweep=on_sweep,
        )

    metrics: dict[str, float] = {}
    if spec.holdout is not Holdout.NONE:
        try:
            metrics = judge(spec, activity, facts, posterior_of, molecules, device=device)
        except ValueError as error:
            raise ObjectiveUnsuitable(f"{error}.") from error
    started_s = time.perf_counter()
    curve: list[tuple[int, float]] = []

    def keep(sweep: int, loss: float) -> None:
        curve.append((sweep, loss))
        on_step(sweep, loss)

    posterior = posterior_of(facts.cells, None, _CHAIN, keep)
    effects = Effects.of(posterior.draws, facts.membership_CF, facts.cells.compound)
    factors = mean_factors(effects, rank=spec.fitted_rank)
    metrics["mean_squared_error"] = float(np.mean([loss for _, loss in curve[options.burn :]]))
    model = None
    if molecules is not None:
        model = Model.learned(molecules, facts.cells, device=device)
        metrics |= {"fragment_share": model.fit.share, "calibration_cells": float(model.calibration.cells)}
    return Fitted(
        factors=factors,
        curve=curve,
        trajectory=still(factors, curve[-1][0]),
        seconds=time.perf_counter() - started_s,
        metrics=metrics,
        predictor=Predictor.from_posterior(posterior, positives=True) if model is None else None,
        model=model,
        directions=Directions.of(effects),
    )
