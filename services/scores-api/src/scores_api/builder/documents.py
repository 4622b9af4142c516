"""Ready-made bodies: the score matrix, the training curve and the trajectory as the JSON that is served."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS
from scores_api import layout
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.decimals import shortest
from scores_api.models.runs import Curve, Trajectory

__all__ = ["write_curve", "write_scores", "write_trajectory"]


def write_scores(directory: Path, run: str, names: list[str], shown: list[int], scores: pa.Table) -> None:
    """Write `{"names": [...], "scores": [[...]]}` of the shown fragments: symmetric, two decimals, the diagonal exactly 100.0.

    Nothing is written when there are too many of them, for then the run publishes no matrix.

    Raises:
        StoreDamaged: the rows are not those of the shown fragments.
    """
    if len(shown) > MATRIX_FRAGMENTS and not len(scores):
        return
    lengths = {len(row) for row in scores["percents"]}
    if scores["fragment"].to_pylist() != shown or lengths - {len(shown)}:
        raise StoreDamaged(
            f"{run}: the table 'scores' does not hold one row and column for each of {len(shown)} shown fragments"
        )
    percent_FF = np.array(scores["percents"].to_pylist(), dtype=np.float64).reshape(len(shown), len(shown))
    if not np.isfinite(percent_FF).all():
        raise StoreDamaged(f"{run}: the table 'scores' holds what is no number")
    percent_FF = np.clip(np.round(percent_FF, 2), -100.0, 100.0) + 0.0
    percent_FF = np.triu(percent_FF, 1) + np.triu(percent_FF, 1).T
    np.fill_diagonal(percent_FF, 100.0)
    with (directory / layout.SCORES).open("w", encoding="utf-8") as file:
        file.write(f'{{"names":{_compact([names[place] for place in shown])},"scores":[')
        file.writelines(("," if place else "") + _compact(row.tolist()) for place, row in enumerate(percent_FF))
        file.write("]}")


def write_curve(directory: Path, run: str, curve: list[dict[str, float]]) -> None:
    """Write the training curve."""
    document = Curve(run=run, steps=[int(point["step"]) for point in curve], losses=[point["loss"] for point in curve])
    (directory / layout.CURVE).write_text(document.model_dump_json(), encoding="utf-8")


def write_trajectory(directory: Path, run: str, names: list[str], trajectory: pa.Table) -> None:
    """Write the recorded positions of the recorded fragments, step by step.

    Raises:
        StoreDamaged: not every recorded fragment has a position at every step.
    """
    steps = np.unique(trajectory["step"].to_numpy())
    recorded = np.unique(trajectory["fragment"].to_numpy())
    grid = np.stack([np.repeat(steps, len(recorded)), np.tile(recorded, len(steps))])
    stated = np.stack([trajectory["step"].to_numpy(), trajectory["fragment"].to_numpy()])
    vectors = trajectory["vector"].to_pylist()
    if (
        not np.array_equal(grid, stated)
        or len({len(vector) for vector in vectors}) > 1
        or recorded.max(initial=0) >= len(names)
    ):
        raise StoreDamaged(f"{run}: the table 'trajectory' does not hold every recorded fragment once a step")
    positions = shortest(np.array(vectors, dtype=np.float32)).reshape(len(steps), len(recorded), -1) if vectors else np.empty(0)
    document = Trajectory(
        run=run,
        fragments=[names[place] for place in recorded.tolist()],
        steps=steps.tolist(),
        positions=positions.tolist(),
    )
    (directory / layout.TRAJECTORY).write_text(document.model_dump_json(), encoding="utf-8")


def _compact(value: list[str] | list[float]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
