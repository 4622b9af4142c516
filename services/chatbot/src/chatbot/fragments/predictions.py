"""Predictions of the scores API as a plain frozen value."""

from chatbot.fragments.lookups import Predicted, PredictedTarget
from scores_client.models import CompoundPrediction, Predictions, TargetPrediction
from scores_client.types import Unset

__all__ = ["predicted"]


def predicted(asked: str, answer: Predictions, *, is_chosen: bool) -> Predicted:
    """What was answered for one compound."""
    (compound,) = answer.compounds
    return Predicted(
        run=answer.run,
        asked=asked,
        meaning=answer.meaning,
        scale=answer.scale.value,
        fragments=tuple(each.name for each in compound.fragments),
        unknown=tuple(each.name for each in compound.fragments if not each.known),
        is_chosen=is_chosen,
        targets=tuple(_target(compound, each) for each in compound.predictions),
    )


def _target(compound: CompoundPrediction, expected: TargetPrediction) -> PredictedTarget:
    names = [each.name for each in compound.fragments]
    rest = expected.rest
    return PredictedTarget(
        target=expected.target,
        value=expected.value,
        low=_number(expected.low),
        high=_number(expected.high),
        level=_number(expected.level),
        measured=_number(expected.measured),
        shares=dict(zip(names, expected.contributions.fragments, strict=True)),
        rest=rest.value if rest is not None else None,
        relatives=tuple((each.smiles, each.similarity, each.value) for each in rest.relatives) if rest is not None else (),
    )


def _number(value: float | Unset | None) -> float | None:
    return None if isinstance(value, Unset) else value
