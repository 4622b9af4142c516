"""The predictor: activity of molecules on every target of a run, with what fragments and relatives say of it.

    sum = level of the target + the sum of the contributions of its fragments + the rest of the molecule
        + what its own measurements on other targets add

A Gaussian process a target with the kernel `share * linear + (1 - share) * tanimoto + level`: `linear` counts common fragments,
`tanimoto` compares whole molecules. The rest is a weighted sum over the compounds that the target was measured on. How sure a
value is follows from the nearest of these (Vecchia 1988), stretched by what left-out compounds showed at each distance. A
compound of the data is completed by its own row (`prediction.panel`).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.evidence import WIDTH
from contracts.fingerprints import Fingerprint
from contracts.predictions import Scale
from prediction import panel
from prediction.compounds import Compounds
from prediction.model_file import arrays_in, map_arrays
from prediction.points import Points
from prediction.similarities import FeatureIndex

__all__ = ["NEAREST", "SCHEMA", "Asked", "Expectation", "Predicted", "Predictor"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

SCHEMA: Final = "ntdemo-predictor-3"
NEAREST: Final = 16
"""Compounds that tell how sure a value is. Of 32 the standard deviations are a hundredth smaller (correlation 0.99), and cost
two and a half times as much."""
_ARRAYS: Final = {
    "targets": ("level", "signal", "noise"),
    "points": ("starts", "compound", "weight", "value"),
    "fragments": ("starts", "target", "weight"),
    "members": ("starts", "compound"),
    "compounds.name": ("text", "ends"),
    "compounds.smiles": ("text", "ends"),
    "compounds": ("digests", "by_digest"),
    "cells": ("starts", "target", "value", "residual"),
    "panel": panel.ARRAYS,
    "pairs": ("counts", "starts", "kernel"),
    "stretch": ("similarity", "factor", "known_similarity", "known_factor"),
    "standing": ("usual", "spread"),
}
"""By group, those of every model; the features of whole molecules are there where its data have structures."""
_ABOUT: Final = frozenset(
    {"scale", "link_offset", "link_slope", "share", "unit", "level", "pair_unit", "calibration_cells", "titles"}
)


@dataclass(frozen=True, eq=False)
class Asked:
    """A compound to be predicted."""

    fragments: Ints
    """Ids of those that the run knows, each once."""
    fingerprint: Fingerprint | None
    """None where only fragments are known: the rest is then unknown too, and 0."""
    matched: int | None = None
    """The compound of the data that it is."""


@dataclass(frozen=True, eq=False)
class Expectation:
    """Of one compound on all T targets, before it is asked how sure that is: what costs little."""

    asked: Asked
    similarities_C: Singles
    """To every compound, 0 to 1."""
    level_T: Floats
    contributions_GT: Floats
    rest_T: Floats
    panel_T: Floats
    """What its own measurements add; 0 on the targets of these, and of a compound without any."""
    ratio_T: Floats
    """What they leave of the variance, 0 to 1."""
    completed_T: npt.NDArray[np.bool_]
    """Where they say something."""
    similarity_T: Floats
    """Of the nearest compound measured on each target, 0 to 1."""

    @property
    def sum_T(self) -> Floats:
        """Level, contributions, rest and what its own measurements say, added up."""
        sum_T: Floats = self.level_T + self.contributions_GT.sum(axis=0) + self.rest_T + self.panel_T
        return sum_T


@dataclass(frozen=True, eq=False)
class Predicted:
    """Of one compound on M targets."""

    target_M: Ints
    prediction_M: Floats
    """On the model's scale: a value, or the chance to be active."""
    low_M: Floats
    high_M: Floats
    """A new measurement lies between them with 90 %, or the chance does."""
    sum_M: Floats
    """All parts added up: the value, or what the chance follows from."""
    level_M: Floats
    contributions_GM: Floats
    """Of the G fragments."""
    rest_M: Floats
    panel_M: Floats
    """What the compound's own measurements on other targets add."""
    sd_M: Floats
    """Standard deviation of the sum, with the noise of a measurement where values are predicted."""
    similarity_M: Floats
    """Of the nearest compound measured on each target, 0 to 1."""

    def at(self, places: Ints) -> Self:
        """Of the targets at these places, in this order."""
        return type(self)(**{field.name: getattr(self, field.name)[..., places] for field in fields(self)})


class Predictor:
    """A model of a file; safe in threads."""

    def __init__(self, arrays: dict[str, Array], about: dict[str, str]) -> None:
        if about.get("schema") != SCHEMA:
            raise ValueError(f"the model has the schema {about.get('schema')!r}, expected {SCHEMA!r}")
        if missing := sorted((_array_names() - arrays.keys()) | (_ABOUT - about.keys())):
            raise ValueError(f"the model has no {missing[0]}")
        self.about = about
        self.scale = Scale(about["scale"])
        """`VALUE` or `CHANCE`."""
        self._offset, self._slope = float(about["link_offset"]), float(about["link_slope"])
        self.share, self.unit, self.level = (float(about[name]) for name in ("share", "unit", "level"))
        self._of = arrays
        self._index = FeatureIndex.of(arrays) if "environments.codes" in arrays else None
        self.targets = len(arrays["targets.level"])
        self.fragments = len(arrays["fragments.starts"]) - 1
        self.compounds = Compounds(arrays)
        """What it learned from."""
        self._starts_T1 = arrays["points.starts"].astype(np.int64)
        (self._measured,) = np.nonzero(np.diff(self._starts_T1))
        self._points = Points(arrays, float(about["pair_unit"]), NEAREST)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a model file; raises InvalidModelFile or ValueError for another file."""
        return cls(*map_arrays(path))

    @classmethod
    def read(cls, content: bytes, name: str) -> Self:
        """The model in the bytes of a file of this name; raises as `open`."""
        return cls(*arrays_in(content, name))

    @property
    def titles(self) -> list[str | None]:
        """What the data call the targets, in order of id; None for one that has a name alone."""
        titles: list[str | None] = json.loads(self.about["titles"])
        return titles

    @property
    def calibrated(self) -> bool:
        """Whether left-out cells were enough to hold intervals, or chances, against."""
        return int(self.about["calibration_cells"]) > 0

    @property
    def compares(self) -> bool:
        """Whether it looks at whole molecules: the data state structures."""
        return self._index is not None

    def similarities_C(self, asked: Asked) -> Singles:
        """How alike the molecule is to every compound, 0 to 1; 0 where it has no fingerprint."""
        if asked.fingerprint is None or self._index is None:
            return np.zeros(len(self.compounds), dtype=np.float32)
        return self._index.similarities_C(asked.fingerprint)

    def _contributions(self, asked: Asked) -> Floats:
        """Of the fragments, G x T."""
        contributions_GT = np.zeros((len(asked.fragments), self.targets))
        starts = self._of["fragments.starts"]
        for row, fragment in enumerate(asked.fragments.tolist()):
            part = slice(starts[fragment], starts[fragment + 1])
            contributions_GT[row, self._of["fragments.target"][part]] = self._of["fragments.weight"][part]
        return contributions_GT

    def expect(self, asked: Asked) -> Expectation:
        """What is expected on all targets."""
        similarities_C = self.similarities_C(asked)
        alike_N = similarities_C[self._of["points.compound"]]
        panel_T, ratio_T, completed_T = self._completed(asked.matched)
        return Expectation(
            asked=asked,
            similarities_C=similarities_C,
            level_T=self._of["targets.level"].astype(np.float64),
            contributions_GT=self._contributions(asked),
            rest_T=(1.0 - self.share) * self._by_target(np.add, alike_N * self._of["points.weight"]),
            panel_T=panel_T,
            ratio_T=ratio_T,
            completed_T=completed_T,
            similarity_T=self._by_target(np.maximum, alike_N),
        )

    def _completed(self, matched: int | None) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """What a compound's own measurements add on all targets, leave of the variance, and where they say something."""
        target_N, residual_N = (
            self.compounds.residuals(matched) if matched is not None else (np.zeros(0, np.int64), np.zeros(0))
        )
        if not len(target_N):
            return np.zeros(self.targets), np.ones(self.targets), np.zeros(self.targets, dtype=np.bool_)
        own = panel.complete(self._of, target_N, residual_N)
        return own.residual_T * self.variation(np.arange(self.targets)), own.ratio_T, own.ratio_T < 1.0

    def predict(self, asked: Asked, targets: Ints | None = None) -> Predicted:
        """Everything about these targets, or all."""
        return self.judge(self.expect(asked), np.arange(self.targets) if targets is None else targets)

    def judge(self, expected: Expectation, targets: Ints) -> Predicted:
        """What is expected on these targets, and how sure that is."""
        return self._judged(expected, targets, self._variance(expected, targets))

    def guess(self, expected: Expectation, targets: Ints) -> Predicted:
        """The same, as sure as the nearest compound alone would make it: what costs little, to choose targets by."""
        return self._judged(expected, targets, self._guessed(expected, targets))

    def _guessed(self, expected: Expectation, targets: Ints) -> Floats:
        """The variance that the nearest compound of each target leaves."""
        return self.variation(targets) ** 2 * (1.0 - expected.similarity_T[targets] ** 2)

    def standing(self, expected: Expectation) -> Floats:
        """How far a compound stands out on every target among compounds of the data: 0 as the median, 1 as the highest tenth.

        Compared is how surely it is above the level. That alone is large for most compounds where very many were measured, and
        for none where few were.
        """
        standing_T: Floats = (self.sureness(expected) - self._of["standing.usual"]) / self._of["standing.spread"]
        return standing_T

    def sureness(self, expected: Expectation) -> Floats:
        """How surely a compound is above the level of every target.

        In standard deviations of the sum, as the nearest compound alone tells them; 0 where there is no deviation.
        """
        every_T = np.arange(self.targets)
        sd_T = self._sd(expected, every_T, self._guessed(expected, every_T))
        excess_T = expected.sum_T - expected.level_T
        return np.divide(excess_T, sd_T, out=np.zeros_like(excess_T), where=sd_T > 0)

    def variation(self, targets: Ints) -> Floats:
        """The standard deviation of what targets would show of unlike compounds but for noise."""
        variation_M: Floats = np.sqrt(self._of["targets.signal"][targets].astype(np.float64))
        return variation_M

    def measured_on(self, target: int) -> Ints:
        """The compounds that a target was learned from, rising."""
        part = slice(int(self._starts_T1[target]), int(self._starts_T1[target + 1]))
        measured: Ints = np.unique(self._of["points.compound"][part].astype(np.int64))
        return measured

    def level_of(self, targets: Ints) -> Floats:
        """The levels of targets on the model's scale."""
        return self._on_scale(self._of["targets.level"][targets].astype(np.float64))

    def nearest(self, similarities_C: Singles, target: int, limit: int) -> tuple[Ints, Floats, Floats]:
        """The compounds measured on a target that are most like the molecule: their ids, similarities and values."""
        part = slice(int(self._starts_T1[target]), int(self._starts_T1[target + 1]))
        compound_N = self._of["points.compound"][part].astype(np.int64)
        alike_N = similarities_C[compound_N]
        if limit < len(alike_N):  # a part is sorted, not all
            (places,) = np.nonzero(alike_N >= np.partition(alike_N, -limit)[-limit])
        else:
            places = np.arange(len(alike_N))
        order = places[np.lexsort((compound_N[places], -alike_N[places]))[:limit]]
        ids = compound_N[order]
        stated = [self.compounds.value(compound, target) for compound in ids.tolist()]  # the points' own have half the digits
        values = self._of["points.value"][part][order].tolist()
        exact = [value if cell is None else cell for cell, value in zip(stated, values, strict=True)]
        return ids, similarities_C[ids].astype(np.float64), np.array(exact, dtype=np.float64)

    def _on_scale(self, sum_M: Floats) -> Floats:
        """What a sum stands for where it is sure."""
        return _normal(self._latent(sum_M)) if self.scale is Scale.CHANCE else sum_M

    def _judged(self, expected: Expectation, targets: Ints, variance_M: Floats) -> Predicted:
        level_M, rest_M, panel_M, similarity_M = (
            part_T[targets] for part_T in (expected.level_T, expected.rest_T, expected.panel_T, expected.similarity_T)
        )
        contributions_GM = expected.contributions_GT[:, targets]
        sum_M = level_M + contributions_GM.sum(axis=0) + rest_M + panel_M
        sd_M = self._sd(expected, targets, variance_M)
        prediction_M = sum_M
        if self.scale is Scale.CHANCE:
            unsure_M = variance_M * expected.ratio_T[targets]
            prediction_M = _normal(self._latent(sum_M) / np.sqrt(1.0 + self._slope**2 * unsure_M))
        low_M, high_M = (self._on_scale(sum_M + side * WIDTH * sd_M) for side in (-1, 1))
        return Predicted(
            target_M=targets,
            prediction_M=prediction_M,
            low_M=low_M,
            high_M=high_M,
            sum_M=sum_M,
            level_M=level_M,
            contributions_GM=contributions_GM,
            rest_M=rest_M,
            panel_M=panel_M,
            sd_M=sd_M,
            similarity_M=similarity_M,
        )

    def _sd(self, expected: Expectation, targets: Ints, variance_M: Floats) -> Floats:
        """Standard deviation of sums of which so much is unknown, as left-out cells stretch it; of values with their noise."""
        similarity_M, ratio_M = expected.similarity_T[targets], expected.ratio_T[targets]
        factor_M = np.where(
            expected.completed_T[targets],
            np.interp(similarity_M, self._of["stretch.known_similarity"], self._of["stretch.known_factor"]),
            np.interp(similarity_M, self._of["stretch.similarity"], self._of["stretch.factor"]),
        )
        noise_M = self.variation(targets) ** 2 * self.noise_of(targets) if self.scale is Scale.VALUE else 0.0
        sd_M: Floats = factor_M * np.sqrt((variance_M + noise_M) * ratio_M)
        return sd_M

    def _latent(self, sum_M: Floats) -> Floats:
        """The probit of the chance that a sum stands for."""
        return self._offset + self._slope * sum_M

    def _by_target(self, reduced: np.ufunc, numbers_N: Array) -> Floats:
        """Of the points of every target, 0 where there are none."""
        found_T = np.zeros(self.targets)
        if len(self._measured):
            found_T[self._measured] = reduced.reduceat(numbers_N, self._starts_T1[self._measured])
        return found_T

    def unknown(self, kernel_2C: Sequence[Singles], both: float, target: int) -> float:
        """What is unknown of the difference of two molecules, in units of the variance of unlike compounds and without noise.

        By the points of a target that are nearest to either. `kernel_2C` are the kernels of both with every compound, `both`
        is what is unknown of the difference before anything is measured.
        """
        at = np.array([target])
        near_N = np.unique(np.concatenate([self._points.nearest(kernel_C, at)[0] for kernel_C in kernel_2C]))
        near_N = near_N[near_N >= 0]
        if not len(near_N):
            return both
        compound_N = self._points.compound(near_N[None], at)[0]
        apart_N = (kernel_2C[1][compound_N] - kernel_2C[0][compound_N]).astype(np.float64)
        kernel_NN = self._points.among(near_N, target) + self.level
        kernel_NN[np.diag_indices(len(apart_N))] += float(self.noise_of(at)[0]) + 1e-3
        return max(both - float(apart_N @ np.linalg.solve(kernel_NN, apart_N)), 0.0)

    def noise_of(self, targets: Ints) -> Floats:
        """The variance of a measurement, in units of that of unlike compounds."""
        noise_M: Floats = self._of["targets.noise"][targets].astype(np.float64)
        return noise_M

    def kernel_C(self, asked: Asked, similarities_C: Singles) -> Singles:
        """The kernel of a molecule with every compound, without the level."""
        linear_C = np.zeros(len(self.compounds), dtype=np.float32)
        starts, members = self._of["members.starts"], self._of["members.compound"]
        for fragment in asked.fragments.tolist():
            linear_C[members[starts[fragment] : starts[fragment + 1]]] += np.float32(1.0 / self.unit)
        kernel_C: Singles = np.float32(self.share) * linear_C + np.float32(1.0 - self.share) * similarities_C
        return kernel_C

    def _variance(self, expected: Expectation, targets: Ints) -> Floats:
        """Of what a measurement would be but for its noise, by the nearest points of each target."""
        asked = expected.asked
        kernel_C = self.kernel_C(asked, expected.similarities_C)
        has_rest = 0.0 if self._index is None else 1.0 - self.share
        itself = self.share * len(asked.fragments) / self.unit + has_rest + self.level
        near_MK = self._points.nearest(kernel_C, targets)
        told_MK = near_MK >= 0
        kernel_MKK = self._points.kernel(near_MK, targets)
        kernel_MKK += np.float32(self.level) * (told_MK[:, :, None] & told_MK[:, None, :])
        # A place that no point takes is a point of its own that says nothing.
        diagonal = np.arange(NEAREST)
        kernel_MKK[:, diagonal, diagonal] += np.where(told_MK, self.noise_of(targets)[:, None] + 1e-3, 1.0).astype(np.float32)
        compound_MK = self._points.compound(near_MK, targets)
        cross_MK = np.where(told_MK, kernel_C[compound_MK] + np.float32(self.level), np.float32(0.0))
        solved_MK = np.linalg.solve(kernel_MKK, cross_MK[:, :, None])[:, :, 0]
        known_M = np.einsum("mk,mk->m", cross_MK.astype(np.float64), solved_MK.astype(np.float64))
        variance_M: Floats = self.variation(targets) ** 2 * np.maximum(itself - known_M, 0.0)
        return variance_M


def _array_names() -> set[str]:
    return {f"{group}.{name}" for group, names in _ARRAYS.items() for name in names}


def _normal(probit_M: Floats) -> Floats:
    """The normal distribution's share below."""
    shares: Floats = np.array([0.5 * math.erfc(-each / math.sqrt(2.0)) for each in probit_M.tolist()])
    return shares
