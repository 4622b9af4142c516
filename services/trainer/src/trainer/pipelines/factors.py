"""Runs of factors: from the spec to the published run, through data, fit, neighbours and publication.

Spark and PyTorch take seconds to load, so both begin at once, beside each other and beside the reading of the data.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from contracts.kinds import Objective, RunKind
from contracts.predictions import ARTIFACT, FILE, MODEL_FILE
from contracts.store import Store
from published.changes import CURRENT, Change
from replacement.replacements import FILE as REPLACEMENTS_FILE
from trainer.data.sources import fetched
from trainer.device import choose
from trainer.pipelines.sessions import in_background, session_of
from trainer.pipelines.similar import similar
from trainer.runs.identity import code_version, new_run
from trainer.runs.promotion import Trial, verdict
from trainer.runs.report import Report, Stage
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings
from trainer.spark import intake
from trainer.store import results
from trainer.store.artifacts import StagedArtifact
from trainer.store.lock import Held, publishing
from trainer.tables.summary import summarise

if TYPE_CHECKING:
    from published.registry import Registry
    from trainer.pipelines.objectives.fitted import Fit
    from trainer.spark.session import SparkSession

__all__ = ["Trained", "train"]

_DESCRIPTION: Final = (
    "The fitted network as ONNX (fragment ids in, target profiles out), what predicts compounds (a model of whole molecules as "
    "safetensors, or their fragments' activity on targets as ONNX), what replacements change (safetensors), the factors in "
    "full precision, and all that is served of the run, stated by `published.json`."
)
_FILES: Final = dict.fromkeys(("factors.onnx", FILE, MODEL_FILE, REPLACEMENTS_FILE, "factors.npz"), "application/octet-stream")


@dataclass(frozen=True)
class Trained:
    """A published run, in numbers."""

    run: str
    data: str
    source: str
    fragments: int
    shown_fragments: int
    compounds: int
    targets: int
    rejected_rows: int
    """Rows and cells that were left out."""
    bounds: int
    """Cells that are bounds."""
    rank: int
    objective: str
    loss: float
    metrics: dict[str, float]
    device: str
    promoted: bool
    """Whether it took `current`."""
    decision: str
    """Whether it did, and why, in a sentence."""
    fit_seconds: float
    seconds: float
    cpu_seconds: float
    """Of this process and of those it started and has seen end; Spark's Java is not among them while it runs."""


def train(
    spec: FactorsSpec,
    settings: Settings,
    report: Report,
    *,
    run: str | None = None,
    spark: "SparkSession | None" = None,
    waiting: Callable[[Held], None] | None = None,
    planned: Callable[[Sequence[str]], None] | None = None,
) -> Trained:
    """Train what `spec` says and publish it into the store of `settings.state`.

    Args:
        spec: What to train.
        settings: Where the state lies and which Spark to use.
        report: Is told how far the run is.
        run: Names the run; a new id does if it is None.
        spark: Is used if it is given, and stays open; else a session is started, and stopped after the publication.
        waiting: Is called when another process is publishing and this one waits for it.
        planned: Is told in at most ten lines how tables are read and what is fitted to them, before anything is.

    Raises:
        DataNotFound: A source is not there.
        InvalidData: The data cannot be used.
        ObjectiveUnsuitable: The objective, or the engine for it, does not fit the data.
        DeviceUnavailable: The device is not there.
        ParityError: ONNX Runtime computes something else than PyTorch.
    """
    started, begun_s = datetime.now(UTC), sum(os.times()[:4])
    name = run or new_run(RunKind(spec.kind), started)
    store = Store.under(settings.state)
    with fetched(spec.sources + spec.later, settings) as paths:
        later_paths = paths[len(paths) - len(spec.later) :] if spec.later else ()
        asked, spec = spec.objective is not None, spec.decided(intake.objective_of(paths))
        plans = intake.plan(paths, spec.ingest)  # before Spark starts: what is wrong with a header need not wait for it
        summary = summarise(plans, spec.fitted_objective, asked=asked)
        if planned is not None and plans:
            planned(summary.lines)
        with session_of(settings, report, spark) as session:
            loading = in_background(partial(_load_objective, spec.fitted_objective))
            with report.stage(Stage.READ):
                activity = intake.read(paths, spec.ingest, session, plans)
                later = intake.read(later_paths, spec.ingest, session) if later_paths else None
            fit = loading.result()
            device = choose(spec.device)
            report.computing_on(str(device))
            with report.stage(Stage.FIT):
                fitted = fit(
                    spec,
                    activity,
                    device=device.name,
                    on_step=lambda step, loss: report.progress(Stage.FIT, step, loss=loss),
                    spark=session,
                    later=later,
                )
            with report.stage(Stage.NEIGHBOURS):
                replacing = None
                if fitted.model is not None:
                    from trainer.pipelines.replacing import replaced  # noqa: PLC0415 - takes a second

                    replacing = replaced(activity, fitted.model, session(), seed=spec.seed)
                found = similar(
                    activity, fitted.factors, spec.fitted_objective, replacing, device, settings, session, seed=spec.seed
                )

            with publishing(settings.state, waiting=waiting):
                with report.stage(Stage.NETWORK):
                    artifact = StagedArtifact(store, ARTIFACT, name)
                    from trainer.pipelines.network import write_networks  # noqa: PLC0415 - loads torch

                    difference = write_networks(artifact, fitted, replacing, activity)
                record = results.RunRecord(
                    kind=spec.kind,
                    objective=spec.fitted_objective.value,
                    spec=spec.model_dump_json(),
                    plan=json.dumps(summary.whole) if plans else None,
                    code_version=code_version(),
                    device=str(device),
                    started=started,
                    finished=datetime.now(UTC),
                    seconds=fitted.seconds,
                    metrics={**fitted.metrics, **found.metrics, "onnx_difference": difference},
                    curve=fitted.curve,
                    change_unit=None if replacing is None else replacing.stated.reading.unit.value,
                )
                tables = results.tables(
                    activity, fitted.factors, found.trajectory or fitted.trajectory, record, places_FE=found.places_FE
                )
                tables |= found.tables
                from trainer.store.form.documents import write_map  # noqa: PLC0415 - loads Arrow's functions
                from trainer.store.form.writing import MEDIA_TYPES, write_form  # noqa: PLC0415 - the same

                write_map(artifact.directory, name, [activity.names[place] for place in found.mapped.tolist()], found.map_FD)
                write_form(artifact.directory, name, activity.tables, tables)
                artifact.seal(kind=spec.kind, created=started, description=_DESCRIPTION, media_types=_FILES | MEDIA_TYPES)
                from trainer.spark.staging import stage_all  # noqa: PLC0415 - loads pyspark
                from trainer.store.publish import Results, publish  # noqa: PLC0415 - loads delta-rs

                trial = Trial(name, activity.source, activity.digest, spec.model_dump(mode="json"), record.metrics)
                decide = partial(_decided, store, trial, spec.promote)
                whole = Results(name, spec.kind, activity.digest, activity.tables, tables, (artifact,), decide)
                change = publish(whole, store, partial(stage_all, session(), store), report)
    return Trained(
        run=name,
        data=activity.digest,
        source=activity.source,
        fragments=len(activity.fragments),
        shown_fragments=int(activity.fragments["shown"].to_numpy().sum()),
        compounds=len(activity.compounds),
        targets=len(activity.targets),
        rejected_rows=len(activity.rejects),
        bounds=len(activity.bounds),
        rank=spec.fitted_rank,
        objective=spec.fitted_objective.value,
        loss=fitted.curve[-1][1],
        metrics=fitted.metrics,
        device=str(device),
        promoted=change is not None and CURRENT in change.aliases,
        decision="" if change is None else change.reason,
        fit_seconds=fitted.seconds,
        seconds=(datetime.now(UTC) - started).total_seconds(),
        cpu_seconds=sum(os.times()[:4]) - begun_s,
    )


def _decided(store: Store, new: Trial, asked: bool | None, registry: "Registry") -> Change:  # noqa: FBT001 - of a spec
    """What the publication of a run changes in the registry: whether it takes `current`, and why."""
    from trainer.store.registry import record_of  # noqa: PLC0415 - loads delta-rs

    served = record_of(store, registry.names(CURRENT))
    before = None if served is None else Trial(served.id, served.source, served.data, served.spec, served.metrics)
    found = verdict(new, before, asked=asked)
    if found.promoted:
        return Change(datetime.now(UTC), aliases={CURRENT: new.run}, reason=f"It took `{CURRENT}`: {found.reason}.")
    helps = f"`ntdemo-train runs promote {new.run}` makes it so, or `PUT /v1/aliases/{CURRENT}` at the trainer."
    reason = f"It did not take `{CURRENT}`: {found.reason}. {helps}"
    return Change(datetime.now(UTC), reason=reason)


def _load_objective(objective: Objective) -> "Fit":
    """The objective's fit, and all that it needs, such as torch."""
    if objective is Objective.ACTIVITY:
        from trainer.pipelines.objectives import activity  # noqa: PLC0415 - takes seconds

        return activity.fit
    from trainer.pipelines.objectives import counts  # noqa: PLC0415 - the same

    return counts.fit
