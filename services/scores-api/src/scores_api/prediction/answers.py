"""Answers: what a network says of compounds, as the objects of `models.predictions`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scores_api.prediction.cut_compound import CutCompound
from scores_api.prediction.network import Compound, Network, PredictedBatch

__all__ = ["objects"]

Ints = npt.NDArray[np.int64]


def objects(
    network: Network, cut: Sequence[CutCompound], targets: Ints, names: Sequence[str], limit: int | None
) -> list[dict[str, Any]]:
    """These compounds: the `limit` highest predictions of each, or all as in `targets`.

    `names` are those of all targets of the run.
    """
    compounds = [Compound(known := each.known, len(each.fragments) - len(known)) for each in cut]
    if limit is None:
        return _objects(network, cut, compounds, targets, names)
    chosen_BL = network.highest(compounds, targets, limit)
    return [
        told
        for each, compound, chosen_L in zip(cut, compounds, chosen_BL, strict=True)
        for told in _objects(network, [each], [compound], chosen_L, names)
    ]


def _objects(
    network: Network, cut: Sequence[CutCompound], compounds: Sequence[Compound], targets: Ints, names: Sequence[str]
) -> list[dict[str, Any]]:
    predicted = network.predict(compounds, targets)
    ends = np.cumsum([0, *(len(compound.fragments) for compound in compounds)])
    return [
        {
            **each.opening(),
            "matched": None,
            "nearest_similarity": None,
            "predictions": _predictions(predicted, row, _spread(each, predicted.contributions_NM[first:end]), targets, names),
        }
        for row, (each, first, end) in enumerate(zip(cut, ends[:-1], ends[1:], strict=True))
    ]


def _spread(compound: CutCompound, contributions_KM: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Contributions of all fragments of a compound; unknown ones add nothing."""
    known = [number for number, named in enumerate(compound.fragments) if named.id is not None]
    spread_NM = np.zeros((len(compound.fragments), contributions_KM.shape[1]))
    spread_NM[known] = contributions_KM
    return spread_NM


def _predictions(
    predicted: PredictedBatch, row: int, contributions_NM: npt.NDArray[np.float64], targets: Ints, names: Sequence[str]
) -> list[dict[str, Any]]:
    count = len(targets)
    nothing = [None] * count
    columns = (
        [names[target] for target in targets.tolist()],
        predicted.predictions_BM[row].tolist(),
        nothing if predicted.low_BM is None else predicted.low_BM[row].tolist(),
        nothing if predicted.high_BM is None else predicted.high_BM[row].tolist(),
        predicted.sums_BM[row].tolist(),
        predicted.levels_M.tolist(),
        contributions_NM.T.tolist(),
    )
    return [
        {
            "target": target,
            "title": None,
            "unit": None,
            "value": value,
            "low": low,
            "high": high,
            "sum": total,
            "level": None,
            "excess": None,
            "contributions": {"mean": predicted.mean, "target": level, "fragments": fragments},
            "rest": None,
            "panel": None,
            "measured": None,
            "similarity": None,
            "domain": None,
        }
        for target, value, low, high, total, level, fragments in zip(*columns, strict=True)
    ]
