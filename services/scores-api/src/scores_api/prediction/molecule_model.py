"""The model of a run that compares whole molecules (`prediction.Predictor`): targets chosen, numbers rounded for an answer."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from contracts.predictions import MODEL_FILE, Scale
from prediction.model_file import InvalidModelFile
from prediction.predictor import Asked, Expectation, Predicted, Predictor
from scores_api.models.predictions import Order

__all__ = ["InvalidModel", "MoleculeModel", "Relative", "Rounded"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_DIGITS: Final = 9
"""Of the largest number that is usual on a target; all numbers of the target are rounded to as many decimals."""
_MOST_DECIMALS: Final = 15
_SHORTLIST: Final = 64
"""Targets of which it is asked how sure they are, where the best ones of a run are wanted."""
_CHANCE_DECIMALS: Final = 8


class InvalidModel(Exception):
    """A file is no model of the run; the text says why."""


@dataclass(frozen=True)
class Relative:
    """A compound that a target was measured on."""

    name: str
    smiles: str
    similarity: float
    """0 to 1."""
    value: float


@dataclass(frozen=True, eq=False)
class Rounded:
    """Numbers of one compound on M targets. The sum is that of the rounded parts, digit by digit."""

    target_M: Ints
    prediction_M: Floats
    low_M: Floats
    high_M: Floats
    sum_M: Floats
    level_M: Floats
    """A part of the sum."""
    contributions_GM: Floats
    rest_M: Floats
    panel_M: Floats
    usual_M: Floats
    """The level on the scale of the prediction."""
    excess_M: Floats
    """How far the prediction is above it."""
    similarity_M: Floats


class MoleculeModel:
    """Predicts; safe in threads."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.scale = predictor.scale
        self.compounds = predictor.compounds
        self.titles = predictor.titles
        every_T = np.arange(predictor.targets)
        level_T = predictor.expect(Asked(np.zeros(0, np.int64), None)).level_T
        usual_T = np.maximum(np.abs(level_T), predictor.variation(every_T))
        magnitude_T = np.floor(np.log10(np.where(usual_T > 0, usual_T, 1.0))).astype(np.int64)
        self._decimals_T = np.clip(_DIGITS - 1 - magnitude_T, 0, _MOST_DECIMALS)

    @classmethod
    def read(cls, content: bytes, *, fragments: int, targets: int) -> Self:
        """The model in the bytes of a file, of a run with so many fragments and targets.

        Raises:
            InvalidModel: it is none, or another run's.
        """
        try:
            predictor = Predictor.read(content, MODEL_FILE)
        except (InvalidModelFile, ValueError) as error:
            raise InvalidModel(f"{MODEL_FILE} is no model: {error}") from error
        if (predictor.fragments, predictor.targets) != (fragments, targets):
            stated = f"{predictor.fragments} fragments and {predictor.targets} targets"
            raise InvalidModel(f"{MODEL_FILE} is a model of {stated}; the run has {fragments} and {targets}")
        return cls(predictor)

    @property
    def calibrated(self) -> bool:
        """Whether intervals were held against cells that were left out; else they are as the fit says."""
        return self.predictor.calibrated

    @property
    def compares(self) -> bool:
        """Whether it looks at whole molecules; the data may have stated none."""
        return self.predictor.compares

    def expect(self, asked: Asked) -> Expectation:
        """What is expected on all targets."""
        return self.predictor.expect(asked)

    def first(self, expected: Expectation, targets: Ints, order: Order | None, limit: int | None) -> Predicted:
        """The first of these targets in an order, or all of them, in theirs where `order` is None.

        Where the order depends on how sure a prediction is, that is asked of the 64 targets, or twice the limit, that come
        first if the nearest compound alone tells it: the order of the answered ones is exact, and which are answered is so but
        for close calls.
        """
        if order is Order.EXCESS:
            targets = targets[np.argsort(-self.predictor.standing(expected)[targets], kind="stable")]
        if order in {None, Order.EXCESS}:
            return self.predictor.judge(expected, targets[:limit])
        candidates = targets
        if limit is not None and (shortlist := max(_SHORTLIST, 2 * limit)) < len(targets):
            guess = self.predictor.guess(expected, targets)
            candidates = targets[np.argsort(-self._key(order, guess), kind="stable")[:shortlist]]
        predicted = self.predictor.judge(expected, candidates)
        return predicted.at(np.argsort(-self._key(order, predicted), kind="stable")[:limit])

    def relatives(self, expected: Expectation, target: int, limit: int) -> list[Relative]:
        """The compounds measured on a target that are most like the molecule, the most alike first."""
        ids, similarities, values = self.predictor.nearest(expected.similarities_C, target, limit)
        return [
            Relative(self.compounds.name(id_), self.compounds.smiles(id_), similarity, value)
            for id_, similarity, value in zip(ids.tolist(), similarities.tolist(), values.tolist(), strict=True)
        ]

    def decimals(self, target: int) -> int:
        """To how many decimals numbers of a target are told."""
        return int(self._decimals_T[target])

    def round(self, predicted: Predicted) -> Rounded:
        """With the decimals of each target."""
        decimals_M = self._decimals_T[predicted.target_M]
        of_scale_M = np.full_like(decimals_M, _CHANCE_DECIMALS) if self.scale is Scale.CHANCE else decimals_M
        level_M, rest_M = _rounded(predicted.level_M, decimals_M), _rounded(predicted.rest_M, decimals_M)
        contributions_GM = _rounded(predicted.contributions_GM, decimals_M)
        panel_M = _rounded(predicted.panel_M, decimals_M)
        sum_M = _rounded(level_M + contributions_GM.sum(axis=0) + rest_M + panel_M, decimals_M)
        prediction_M = _rounded(predicted.prediction_M, of_scale_M) if self.scale is Scale.CHANCE else sum_M
        usual_M = _rounded(self.predictor.level_of(predicted.target_M), of_scale_M)
        return Rounded(
            target_M=predicted.target_M,
            prediction_M=prediction_M,
            low_M=_rounded(predicted.low_M, of_scale_M),
            high_M=_rounded(predicted.high_M, of_scale_M),
            sum_M=sum_M,
            level_M=level_M,
            contributions_GM=contributions_GM,
            rest_M=rest_M,
            panel_M=panel_M,
            usual_M=usual_M,
            excess_M=_rounded(prediction_M - usual_M, of_scale_M),
            similarity_M=predicted.similarity_M,
        )

    def _key(self, order: Order, predicted: Predicted) -> Floats:
        """What targets are ordered by, the highest first: by value, or by certainty."""
        if order is Order.PREDICTION:
            return predicted.prediction_M
        variation_M = self.predictor.variation(predicted.target_M)
        return -np.divide(predicted.sd_M, variation_M, out=np.ones_like(variation_M), where=variation_M > 0)


def _rounded(numbers_M: Floats, decimals_M: Ints) -> Floats:
    """To the decimals of each column: numpy rounds all numbers to as many."""
    flat = [
        [round(number, places) + 0.0 for number, places in zip(row, decimals_M.tolist(), strict=True)]
        for row in np.atleast_2d(numbers_M).tolist()
    ]
    rounded_M: Floats = np.array(flat, dtype=np.float64).reshape(numbers_M.shape)
    return rounded_M
