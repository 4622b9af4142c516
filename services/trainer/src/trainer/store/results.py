"""Results: what a factor run found, as the tables of the store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS
from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.similarity.cosines import percents_FF
from trainer.similarity.factors import Factors

__all__ = ["MOVING_FRAGMENTS", "Positions", "RunRecord", "tables"]

MOVING_FRAGMENTS: Final = 500
"""Shown fragments, those in most compounds, whose way through the fit is published: more cannot be followed by eye."""

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class RunRecord:
    """How a run was made."""

    kind: str
    objective: str
    spec: str
    """JSON, as validated."""
    code_version: str
    device: str
    started: datetime
    finished: datetime
    seconds: float
    """Of the fit alone."""
    metrics: Mapping[str, float]
    curve: Sequence[tuple[int, float]]
    """Step and loss."""
    plan: str | None = None
    """JSON: how tables were read; None where there were none."""


class Positions(Protocol):
    """How the fragments moved during a fit (`trainer.factorization.Trajectory`)."""

    @property
    def steps_S(self) -> npt.NDArray[np.int64]:
        """Steps of the curve."""

    @property
    def positions_SFD(self) -> npt.NDArray[np.float32]:
        """Balanced factors at those steps, at most 3 columns."""


class PosteriorDirections(Protocol):
    """Posterior draws of the fragments' directions (`trainer.factorization.activity.summary.Directions`)."""

    def __len__(self) -> int:
        """Draws."""

    def stored_FD(self) -> npt.NDArray[np.float16]:
        """All draws of a fragment in a row."""


def tables(
    activity: Activity,
    factors: Factors,
    positions: Positions,
    neighbours: pa.Table,
    record: RunRecord,
    *,
    directions: PosteriorDirections | None = None,
) -> dict[str, pa.Table]:
    """The tables of a run by their names in the store.

    Without `scores` where more fragments are shown than a matrix holds, and without `draws` where there is no posterior.
    """
    shown = np.flatnonzero(activity.fragments["shown"].to_numpy()).astype(np.int32)
    support = activity.fragments["support"].to_numpy()[shown]
    moving = np.sort(shown[np.argsort(-support, kind="stable")[:MOVING_FRAGMENTS]])
    rows = {
        "runs": _run_row(record, activity),
        "factors": _factor_rows(factors),
        "trajectory": _trajectory_rows(positions, moving),
        "neighbours": neighbours,
    }
    if directions is not None:
        rows["draws"] = _draw_rows(directions)
    if len(shown) <= MATRIX_FRAGMENTS:
        rows["scores"] = _score_rows(factors, shown)
    return rows


def _run_row(record: RunRecord, activity: Activity) -> pa.Table:
    """The table `runs`: one row."""
    row = {
        "kind": record.kind,
        "data": activity.digest,
        "source": activity.source,
        "activity_kind": activity.kind.value,
        "objective": record.objective,
        "spec": record.spec,
        "ingest": json.dumps(activity.ingest, sort_keys=True),
        "plan": record.plan,
        "metrics": json.dumps(dict(record.metrics), sort_keys=True),
        "code_version": record.code_version,
        "device": record.device,
        "started": record.started,
        "finished": record.finished,
        "seconds": record.seconds,
        "curve": [{"step": step, "loss": loss} for step, loss in record.curve],
    }
    return pa.Table.from_pylist([row], schema=TABLES["runs"].schema)


def _factor_rows(factors: Factors) -> pa.Table:
    """The table `factors`: canonical and balanced vectors of both sides."""
    sides = (
        ("fragments", factors.fragments_FK, factors.balanced_fragments_FK),
        ("targets", factors.targets_TK, factors.balanced_targets_TK),
    )
    parts = [
        pa.table(
            {
                "side": pa.array([side] * len(vectors_NK), pa.string()),
                "id": np.arange(len(vectors_NK), dtype=np.int32),
                "vector": _vectors(vectors_NK),
                "balanced": _vectors(balanced_NK),
            },
            schema=TABLES["factors"].schema,
        )
        for side, vectors_NK, balanced_NK in sides
    ]
    return pa.concat_tables(parts)


def _draw_rows(directions: PosteriorDirections) -> pa.Table:
    """The table `draws`."""
    stored_FD = directions.stored_FD()
    columns = {
        "fragment": np.arange(len(stored_FD), dtype=np.int32),
        "directions": pa.array([row.tobytes() for row in stored_FD], pa.binary()),
        "draws": np.full(len(stored_FD), len(directions), dtype=np.int32),
    }
    return pa.table(columns, schema=TABLES["draws"].schema)


def _score_rows(factors: Factors, shown: npt.NDArray[np.int32]) -> pa.Table:
    """The table `scores`: balanced percents of the `shown` fragments, in order of id."""
    percents = percents_FF(factors.balanced_fragments_FK[shown])
    return pa.table({"fragment": shown, "percents": _vectors(percents)}, schema=TABLES["scores"].schema)


def _trajectory_rows(positions: Positions, fragments: npt.NDArray[np.int32]) -> pa.Table:
    """The table `trajectory` of some fragments."""
    chosen_SND = positions.positions_SFD[:, fragments]
    S, N, D = chosen_SND.shape
    return pa.table(
        {
            "step": np.repeat(positions.steps_S.astype(np.int32), N),
            "fragment": np.tile(fragments, S),
            "vector": _vectors(chosen_SND.reshape(S * N, D)),
        },
        schema=TABLES["trajectory"].schema,
    )


def _vectors(vectors_NK: Floats) -> pa.Array:
    """Rows as float32 lists."""
    N, K = vectors_NK.shape
    values = pa.array(np.ascontiguousarray(vectors_NK, dtype=np.float32).ravel())
    return pa.ListArray.from_arrays(np.arange(0, N * K + 1, K, dtype=np.int32) if K else np.zeros(N + 1, np.int32), values)
