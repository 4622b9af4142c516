"""Results: what a factor run found, as the tables of the store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.similarity.factors import Factors

__all__ = ["MOVING_FRAGMENTS", "Positions", "RunRecord", "tables", "vectors"]

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
    change_unit: str | None = None
    """In what changes of activity are told; None where none are."""


class Positions(Protocol):
    """How the fragments moved during a fit (`trainer.factorization.Trajectory`)."""

    @property
    def steps_S(self) -> npt.NDArray[np.int64]:
        """Steps of the curve."""

    @property
    def positions_SFD(self) -> npt.NDArray[np.float32]:
        """Balanced factors at those steps, at most 3 columns."""


def tables(
    activity: Activity,
    factors: Factors,
    positions: Positions,
    record: RunRecord,
    *,
    places_FE: Floats | None = None,
) -> dict[str, pa.Table]:
    """The tables of a run by their names in the store.

    `places_FE` are vectors of the fragments that are published in place of their canonical factors.
    """
    shown = np.flatnonzero(activity.fragments["shown"].to_numpy()).astype(np.int32)
    support = activity.fragments["support"].to_numpy()[shown]
    moving = np.sort(shown[np.argsort(-support, kind="stable")[:MOVING_FRAGMENTS]])
    return {
        "runs": _run_row(record, activity),
        "factors": _factor_rows(factors, factors.fragments_FK if places_FE is None else places_FE),
        "trajectory": _trajectory_rows(positions, moving),
    }


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
        "change_unit": record.change_unit,
        "metrics": json.dumps(dict(record.metrics), sort_keys=True),
        "code_version": record.code_version,
        "device": record.device,
        "started": record.started,
        "finished": record.finished,
        "seconds": record.seconds,
        "curve": [{"step": step, "loss": loss} for step, loss in record.curve],
    }
    return pa.Table.from_pylist([row], schema=TABLES["runs"].schema)


def _factor_rows(factors: Factors, fragments_FK: Floats) -> pa.Table:
    """The table `factors`: vectors and balanced vectors of both sides."""
    sides = (
        ("fragments", fragments_FK, factors.balanced_fragments_FK),
        ("targets", factors.targets_TK, factors.balanced_targets_TK),
    )
    parts = [
        pa.table(
            {
                "side": pa.array([side] * len(vectors_NK), pa.string()),
                "id": np.arange(len(vectors_NK), dtype=np.int32),
                "vector": vectors(vectors_NK),
                "balanced": vectors(balanced_NK),
            },
            schema=TABLES["factors"].schema,
        )
        for side, vectors_NK, balanced_NK in sides
    ]
    return pa.concat_tables(parts)


def _trajectory_rows(positions: Positions, fragments: npt.NDArray[np.int32]) -> pa.Table:
    """The table `trajectory` of some fragments."""
    chosen_SND = positions.positions_SFD[:, fragments]
    S, N, D = chosen_SND.shape
    return pa.table(
        {
            "step": np.repeat(positions.steps_S.astype(np.int32), N),
            "fragment": np.tile(fragments, S),
            "vector": vectors(chosen_SND.reshape(S * N, D)),
        },
        schema=TABLES["trajectory"].schema,
    )


def vectors(vectors_NK: Floats) -> pa.Array:
    """Rows as float32 lists."""
    N, K = vectors_NK.shape
    values = pa.array(np.ascontiguousarray(vectors_NK, dtype=np.float32).ravel())
    return pa.ListArray.from_arrays(np.arange(0, N * K + 1, K, dtype=np.int32) if K else np.zeros(N + 1, np.int32), values)
