"""Judgement: what an `activity` run says of itself, from cells that a fit has not seen and from halves of the compounds."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from contracts.kinds import ActivityKind
from trainer.data.activity import Activity
from trainer.data.leaves import leaf_bags
from trainer.evaluation.agreement import Pairs, agreement
from trainer.evaluation.holdout import Question, measure_model, measure_ranking
from trainer.evaluation.model import Facts
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.effects import Effects
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.ranking import unit_rows
from trainer.factorization.activity.summary import Directions
from trainer.runs.spec import FactorsSpec
from trainer.similarity.environments import environments_CD, tanimoto

__all__ = ["judge", "question"]

Fit = Callable[[Cells, scipy.sparse.csr_array | None, int], Posterior]

_FEATURES: Final = 4096
"""Hashed atom environments that positives are ranked by: a dense problem of all targets."""
_TABLE_CELLS: Final = 5 * 10**7
"""Compounds x targets up to which positives are ranked by structure too, which needs the whole table: 200 MB."""
_COMPARED: Final = 600
"""Fragments whose pairs are compared between halves: the shown ones in most compounds."""


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


def judge(
    spec: FactorsSpec, activity: Activity, asked: Question, fit: Fit, facts: Facts | None, *, device: str
) -> dict[str, float]:
    """Metrics of `spec.holdout` and of the agreement of halves; `fit` is given cells, structure or None, and a seed.

    Where there are `facts` for a model, that is what the cells judge.

    Raises ValueError where there are too few cells to hold some out.
    """
    if facts is not None:
        found = measure_model(asked, spec.holdout, facts, seed=spec.seed, device=device)
    else:
        found = measure_ranking(asked, spec.holdout, lambda cells: fit(cells, asked.structure_CD, spec.seed), seed=spec.seed)
    pairs = _pairs(activity)
    if pairs is None:
        return found
    learned = agreement(
        asked.cells,
        pairs,
        lambda cells: Directions.of(
            Effects.of(fit(cells, None, spec.seed).draws, asked.membership_CF, cells.compound, seed=spec.seed)
        ),
        seed=spec.seed,
        swaps=activity.kind is ActivityKind.REAL,
    )
    return {**found, **learned}


def _pairs(activity: Activity) -> Pairs | None:
    """None for fewer than three shown fragments, of which there is no order of pairs."""
    shown = np.flatnonzero(activity.fragments["shown"].to_numpy())
    support = activity.fragments["support"].to_numpy()[shown]
    chosen = np.sort(shown[np.argsort(-support, kind="stable")[:_COMPARED]])
    if len(chosen) < 3:  # noqa: PLR2004 -- three fragments have three pairs
        return None
    smiles: list[str | None] = activity.fragments["smiles"].to_pylist()
    structure_MM = None
    if any(smiles):
        first, second = (index.ravel() for index in np.meshgrid(chosen, chosen, indexing="ij"))
        percents = tanimoto(smiles, first.astype(np.int32), second.astype(np.int32))
        structure_MM = percents.reshape(len(chosen), len(chosen)).astype(np.float64)
    return Pairs(
        fragments_M=chosen.astype(np.int64),
        bags_C=leaf_bags(activity.compounds["smiles"].to_pylist(), activity.names),
        structure_MM=structure_MM,
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
