"""Predictions as the scores API answers them, taken into the pages' own values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scores_client import models
from scores_client.types import UNSET
from viz.answers import Left, PredictedFragment, Prediction, Relative, Rest, TargetPrediction

__all__ = ["left_of", "many_question", "predictions_of"]

_NUMBER: Final = 2
"""Where a place, such as `body.compounds.3.smiles`, has the number of a compound."""


def many_question(
    smiles: Sequence[str], target: str | None, limit: int, *, names: Sequence[str] = ()
) -> models.PredictionQuestion:
    """The question about many molecules, perhaps with what they are called, on one target or on the first ones."""
    named = names or [""] * len(smiles)
    return models.PredictionQuestion(
        compounds=[models.CompoundQuestion(smiles=each, name=name or UNSET) for each, name in zip(smiles, named, strict=True)],
        targets=UNSET if target is None else [target],
        limit=limit if target is None else UNSET,
    )


def left_of(errors: Sequence[Mapping[str, Any]]) -> list[Left]:
    """What a refusal of a question says of its compounds."""
    return [Left(int(each["place"].split(".")[_NUMBER]), each["value"], each["reason"]) for each in errors]


def predictions_of(answer: models.Predictions) -> tuple[Prediction, ...]:
    """One for each compound of the question, in its order."""
    return tuple(
        Prediction(
            run=answer.run,
            scale=str(answer.scale),
            meaning=answer.meaning,
            parent=predicted.parent,
            fragments=tuple(PredictedFragment(fragment.name, fragment.support) for fragment in predicted.fragments),
            flags=tuple(str(flag) for flag in predicted.flags),
            targets=tuple(_target(item) for item in predicted.predictions),
            matched=None if predicted.matched is None else predicted.matched.name,
            nearest=predicted.nearest_similarity,
        )
        for predicted in answer.compounds
    )


def _target(item: models.TargetPrediction) -> TargetPrediction:
    parts = item.contributions
    return TargetPrediction(
        target=item.target,
        unit=item.unit,
        value=item.value,
        low=item.low,
        high=item.high,
        sum=item.sum_,
        mean=parts.mean,
        level=parts.target,
        added=tuple(parts.fragments),
        excess=item.excess,
        rest=None if item.rest is None else _rest(item.rest),
        panel=item.panel,
        measured=item.measured,
        domain=None if item.domain is None else str(item.domain),
    )


def _rest(item: models.Rest) -> Rest:
    relatives = tuple(Relative(one.name, one.smiles, one.similarity, one.value) for one in item.relatives)
    return Rest(item.value, relatives)
