"""The question: what there is to predict in the facts of an `activity` run, as arrays."""

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from contracts.kinds import ActivityKind
from trainer.data.activity import Activity
from trainer.evaluation.holdout import Question
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.ranking import unit_rows
from trainer.similarity.environments import environments_CD

__all__ = ["question"]

_FEATURES: Final = 4096
"""Hashed atom environments that positives are ranked by: a dense problem of all targets."""
_TABLE_CELLS: Final = 5 * 10**7
"""Compounds x targets up to which positives are ranked by structure too, which needs the whole table: 200 MB."""


def question(activity: Activity, *, with_structure: bool, later: Activity | None = None) -> Question:
    """The facts as arrays; the cells that `later` states too are those of the holdout `time`."""
    cells = Cells.of(
        activity.cells["compound"].to_numpy(),
        activity.cells["target"].to_numpy(),
        activity.cells["value"].to_numpy(),
        compounds=len(activity.compounds),
        targets=len(activity.targets),
    )
    positives = activity.kind is ActivityKind.POSITIVES
    smiles: list[str | None] = activity.compounds["smiles"].to_pylist()
    structure_CD = None
    if with_structure and positives and None not in smiles and cells.compounds * cells.targets <= _TABLE_CELLS:
        structure_CD = unit_rows(environments_CD((each or "" for each in smiles), _FEATURES))
    return Question(
        cells=cells,
        membership_CF=scipy.sparse.csr_array(activity.membership_FC().T),
        structure_CD=structure_CD,
        scaffolds_C=[scaffold or "" for scaffold in activity.compounds["scaffold"].to_pylist()],
        binary=activity.kind is ActivityKind.BINARY,
        positives=positives,
        later_N=None if later is None else _stated_too(activity, cells, later),
    )


def _stated_too(activity: Activity, cells: Cells, later: Activity) -> npt.NDArray[np.bool_]:
    """Which of the cells `later` states, by the compounds' SMILES and the targets' names."""
    compounds: dict[str, int] = {name: number for number, name in enumerate(activity.compounds["smiles"].to_pylist())}
    targets: dict[str, int] = {name: number for number, name in enumerate(activity.targets["name"].to_pylist())}
    compound_C = np.array([compounds[name] for name in later.compounds["smiles"].to_pylist()], dtype=np.int64)
    target_T = np.array([targets[name] for name in later.targets["name"].to_pylist()], dtype=np.int64)
    keys = compound_C[later.cells["compound"].to_numpy()] * cells.targets + target_T[later.cells["target"].to_numpy()]
    stated: npt.NDArray[np.bool_] = np.isin(cells.compound * cells.targets + cells.target, keys)
    return stated
