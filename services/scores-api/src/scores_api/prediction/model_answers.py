"""Answers: what a model of whole molecules says of compounds, as the objects of `models.predictions`."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.predictions import Scale
from prediction.predictor import Asked, Expectation
from scores_api.models.predictions import FAR_PERCENT, RELATIVES, Domain, Flag, Order
from scores_api.prediction.cut_compound import CutCompound
from scores_api.prediction.molecule_model import MoleculeModel, Relative

__all__ = ["objects_of_model"]

Ints = npt.NDArray[np.int64]

_PERCENT_DECIMALS: Final = 1


def objects_of_model(
    model: MoleculeModel,
    cut: Sequence[CutCompound],
    targets: Ints,
    named: tuple[Sequence[str], Sequence[str | None]],
    order: Order | None,
    limit: int | None,
) -> list[dict[str, Any]]:
    """These compounds: the `limit` first targets of each in the order, or all.

    `named` are the names and units of all targets of the run.
    """
    return [_object(model, each, targets, named, order, limit) for each in cut]


def _object(
    model: MoleculeModel,
    cut: CutCompound,
    targets: Ints,
    named: tuple[Sequence[str], Sequence[str | None]],
    order: Order | None,
    limit: int | None,
) -> dict[str, Any]:
    compared = cut.fingerprint is not None and model.compares
    matched = None if cut.parent is None else model.compounds.find(cut.parent)
    expected = model.expect(Asked(np.array(cut.known, dtype=np.int64), cut.fingerprint, matched))
    opening = cut.opening() if compared else cut.opening(Flag.FRAGMENTS_ONLY)
    return {
        **opening,
        "matched": None if matched is None else {"id": matched, "name": model.compounds.name(matched)},
        "nearest_similarity": _percent(float(expected.similarities_C.max(initial=0.0))) if compared else None,
        "predictions": _predictions(model, cut, expected, matched, (targets, named, order, limit), compared=compared),
    }


def _predictions(
    model: MoleculeModel,
    cut: CutCompound,
    expected: Expectation,
    matched: int | None,
    asked: tuple[Ints, tuple[Sequence[str], Sequence[str | None]], Order | None, int | None],
    *,
    compared: bool,
) -> list[dict[str, Any]]:
    targets, (names, units), order, limit = asked
    has_units = model.scale is Scale.VALUE
    numbers = model.round(model.first(expected, targets, order, limit))
    known = [number for number, named in enumerate(cut.fragments) if named.id is not None]
    contributions_NM = np.zeros((len(cut.fragments), len(numbers.target_M)))
    contributions_NM[known] = numbers.contributions_GM  # unknown ones add nothing
    columns = (
        numbers.target_M.tolist(),
        numbers.prediction_M.tolist(),
        numbers.low_M.tolist(),
        numbers.high_M.tolist(),
        numbers.sum_M.tolist(),
        numbers.usual_M.tolist(),
        numbers.excess_M.tolist(),
        numbers.level_M.tolist(),
        contributions_NM.T.tolist(),
        numbers.rest_M.tolist(),
        numbers.panel_M.tolist(),
        numbers.similarity_M.tolist(),
    )
    return [
        {
            "target": names[target],
            "title": model.titles[target],
            "unit": units[target] if has_units else None,
            "value": value,
            "low": low,
            "high": high,
            "sum": total,
            "level": usual,
            "excess": excess,
            "contributions": {"mean": 0.0, "target": level, "fragments": fragments},
            "rest": {
                "value": rest,
                "relatives": [_relative(one) for one in model.relatives(expected, target, RELATIVES)] if compared else [],
            },
            "panel": panel,
            "measured": None if matched is None else model.compounds.value(matched, target),
            "similarity": _percent(similarity) if compared else None,
            "domain": _domain(similarity) if compared else None,
        }
        for target, value, low, high, total, usual, excess, level, fragments, rest, panel, similarity in zip(
            *columns, strict=True
        )
    ]


def _relative(relative: Relative) -> dict[str, Any]:
    return {
        "name": relative.name,
        "smiles": relative.smiles,
        "similarity": _percent(relative.similarity),
        "value": relative.value,
    }


def _domain(similarity: float) -> str:
    return (Domain.FAR if 100 * similarity < FAR_PERCENT else Domain.NEAR).value


def _percent(similarity: float) -> float:
    return round(100 * similarity, _PERCENT_DECIMALS)
