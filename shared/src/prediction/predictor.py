"""The predictor: activity of molecules on every target of a run, with what fragments and relatives say of it.

    sum = level of the target + the sum of the contributions of its fragments + the rest of the molecule

A Gaussian process a target with the kernel `share * linear + (1 - share) * tanimoto + level`: `linear` counts common fragments,
`tanimoto` compares whole molecules. The rest is a weighted sum over the compounds that the target was measured on. How sure a
value is follows from the nearest of these (Vecchia 1988), stretched by what left-out compounds showed at each distance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.fingerprints import Fingerprint
from contracts.predictions import Scale
from prediction.compounds import Compounds
from prediction.model_file import arrays_in, map_arrays
from prediction.similarities import FeatureIndex

__all__ = ["NEAREST", "SCHEMA", "Asked", "Expectation", "Predicted", "Predictor", "pack"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SCHEMA: Final = "ntdemo-predictor-1"
NEAREST: Final = 32
"""Compounds that tell how sure a value is."""
_WIDTH: Final = 1.6448536269514722
"""Standard deviations to either side that hold 90 % of a normal distribution."""
_ARRAYS: Final = {
    "targets": ("level", "signal", "noise"),
    "points": ("starts", "compound", "weight", "value"),
    "fragments": ("starts", "target", "weight"),
    "members": ("starts", "compound"),
    "compounds.name": ("text", "ends"),
    "compounds.smiles": ("text", "ends"),
    "compounds": ("digests", "by_digest"),
    "cells": ("starts", "target", "value"),
    "pairs": ("counts", "starts", "kernel"),
    "stretch": ("similarity", "factor"),
}
"""By group, those of every model; the features of whole molecules are there where its data have structures."""
_ABOUT: Final = frozenset({"scale", "link_offset", "link_slope", "share", "unit", "level", "pair_unit"})


@dataclass(frozen=True, eq=False)
class Asked:
    """A compound to be predicted."""

    fragments: Ints
    """Ids of those that the run knows, each once."""
    fingerprint: Fingerprint | None
    """None where only fragments are known: the rest is then unknown too, and 0."""


@dataclass(frozen=True, eq=False)
class Expectation:
    """Of one compound on all T targets, before it is asked how sure that is: what costs little."""

    asked: Asked
    similarities_C: npt.NDArray[np.float32]
    """To every compound, 0 to 1."""
    level_T: Floats
    contributions_GT: Floats
    rest_T: Floats
    similarity_T: Floats
    """Of the nearest compound measured on each target, 0 to 1."""


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
    """Level, contributions and rest added up: the value, or what the chance follows from."""
    level_M: Floats
    contributions_GM: Floats
    """Of the G fragments."""
    rest_M: Floats
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

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a model file; raises InvalidModelFile or ValueError for another file."""
        return cls(*map_arrays(path))

    @classmethod
    def read(cls, content: bytes, name: str) -> Self:
        """The model in the bytes of a file of this name; raises as `open`."""
        return cls(*arrays_in(content, name))

    @property
    def compares(self) -> bool:
        """Whether it looks at whole molecules: the data state structures."""
        return self._index is not None

    def similarities_C(self, asked: Asked) -> npt.NDArray[np.float32]:
        """How alike the molecule is to every compound, 0 to 1; 0 where it has no fingerprint."""
        if asked.fingerprint is None or self._index is None:
            return np.zeros(len(self.compounds), dtype=np.float32)
        return self._index.similarities_C(asked.fingerprint)

    def values(self, asked: Asked, similarities_C: npt.NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
        """Levels (T), contributions of the fragments (G x T) and the rest (T): the value is the sum of all."""
        alike_N = similarities_C[self._of["points.compound"]].astype(np.float64)
        rest_T = (1.0 - self.share) * self._by_target(alike_N * self._of["points.weight"])
        contributions_GT = np.zeros((len(asked.fragments), self.targets))
        starts = self._of["fragments.starts"]
        for row, fragment in enumerate(asked.fragments.tolist()):
            part = slice(starts[fragment], starts[fragment + 1])
            contributions_GT[row, self._of["fragments.target"][part]] = self._of["fragments.weight"][part]
        return self._of["targets.level"].astype(np.float64), contributions_GT, rest_T

    def expect(self, asked: Asked) -> Expectation:
        """What is expected on all targets."""
        similarities_C = self.similarities_C(asked)
        level_T, contributions_GT, rest_T = self.values(asked, similarities_C)
        similarity_T = np.zeros(self.targets)
        first_T = self._starts_T1[:-1]
        (measured,) = np.nonzero(np.diff(self._starts_T1))
        if len(measured):
            alike_N = similarities_C[self._of["points.compound"]]
            similarity_T[measured] = np.maximum.reduceat(alike_N, first_T[measured])
        return Expectation(asked, similarities_C, level_T, contributions_GT, rest_T, similarity_T)

    def predict(self, asked: Asked, targets: Ints | None = None) -> Predicted:
        """Everything about these targets, or all."""
        return self.judge(self.expect(asked), np.arange(self.targets) if targets is None else targets)

    def judge(self, expected: Expectation, targets: Ints) -> Predicted:
        """What is expected on these targets, and how sure that is."""
        return self._judged(expected, targets, self._variance(expected, targets))

    def guess(self, expected: Expectation, targets: Ints) -> Predicted:
        """The same, as sure as the nearest compound alone would make it: what costs little, to choose targets by."""
        signal_M = self._of["targets.signal"][targets].astype(np.float64)
        return self._judged(expected, targets, signal_M * (1.0 - expected.similarity_T[targets] ** 2))

    def variation(self, targets: Ints) -> Floats:
        """The standard deviation of what targets would show of unlike compounds but for noise."""
        variation_M: Floats = np.sqrt(self._of["targets.signal"][targets].astype(np.float64))
        return variation_M

    def level_of(self, targets: Ints) -> Floats:
        """The levels of targets on the model's scale."""
        return self._on_scale(self._of["targets.level"][targets].astype(np.float64))

    def nearest(self, similarities_C: npt.NDArray[np.float32], target: int, limit: int) -> tuple[Ints, Floats, Floats]:
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
        level_M, rest_M, similarity_M = (
            part_T[targets] for part_T in (expected.level_T, expected.rest_T, expected.similarity_T)
        )
        contributions_GM = expected.contributions_GT[:, targets]
        sum_M = level_M + contributions_GM.sum(axis=0) + rest_M
        factor_M = np.interp(similarity_M, self._of["stretch.similarity"], self._of["stretch.factor"])
        if self.scale is Scale.CHANCE:
            prediction_M = _normal(self._latent(sum_M) / np.sqrt(1.0 + self._slope**2 * variance_M))
            sd_M = factor_M * np.sqrt(variance_M)
        else:
            noise_M = self._of["targets.signal"][targets].astype(np.float64) * self._of["targets.noise"][targets]
            prediction_M, sd_M = sum_M, factor_M * np.sqrt(variance_M + noise_M)
        low_M, high_M = (self._on_scale(sum_M + side * _WIDTH * sd_M) for side in (-1, 1))
        return Predicted(
            target_M=targets,
            prediction_M=prediction_M,
            low_M=low_M,
            high_M=high_M,
            sum_M=sum_M,
            level_M=level_M,
            contributions_GM=contributions_GM,
            rest_M=rest_M,
            sd_M=sd_M,
            similarity_M=similarity_M,
        )

    def _latent(self, sum_M: Floats) -> Floats:
        """The probit of the chance that a sum stands for."""
        return self._offset + self._slope * sum_M

    def _by_target(self, numbers_N: Floats) -> Floats:
        """Sums over the points of every target."""
        total_N1 = np.concatenate([[0.0], np.cumsum(numbers_N)])
        sums_T: Floats = np.diff(total_N1[self._starts_T1])
        return sums_T

    def _variance(self, expected: Expectation, targets: Ints) -> Floats:
        """Of what a measurement would be but for its noise, by the nearest points of each target."""
        asked, similarities_C = expected.asked, expected.similarities_C
        linear_C = np.zeros(len(self.compounds), dtype=np.float32)
        starts, members = self._of["members.starts"], self._of["members.compound"]
        for fragment in asked.fragments.tolist():
            linear_C[members[starts[fragment] : starts[fragment + 1]]] += np.float32(1.0 / self.unit)
        kernel_C = self.share * linear_C + (1.0 - self.share) * similarities_C
        has_rest = 0.0 if self._index is None else 1.0 - self.share
        itself = self.share * len(asked.fragments) / self.unit + has_rest + self.level
        noise_M = self._of["targets.noise"][targets].astype(np.float64)
        near_MK = np.full((len(targets), NEAREST), -1, dtype=np.int64)
        for row, target in enumerate(targets.tolist()):
            first, last = int(self._starts_T1[target]), int(self._starts_T1[target + 1])
            if first == last:
                continue
            paired = min(last - first, int(self._of["pairs.counts"][target]))
            kernel_N = kernel_C[self._of["points.compound"][first : first + paired]]
            near = np.argpartition(-kernel_N, NEAREST - 1)[:NEAREST] if paired > NEAREST else np.arange(paired)
            near_MK[row, : len(near)] = near
        told_MK = near_MK >= 0
        offsets_M1 = self._of["pairs.starts"][targets].astype(np.int64)[:, None, None]
        low_MKK = np.minimum(near_MK[:, :, None], near_MK[:, None, :]).clip(0)
        high_MKK = np.maximum(near_MK[:, :, None], near_MK[:, None, :]).clip(0)
        packed = offsets_M1 + high_MKK * (high_MKK + 1) // 2 + low_MKK
        both_MKK = told_MK[:, :, None] & told_MK[:, None, :]
        pairs_MKK = self._of["pairs.kernel"][np.where(both_MKK, packed, 0)].astype(np.float64) * float(self.about["pair_unit"])
        kernel_MKK = np.where(both_MKK, pairs_MKK + self.level, 0.0)
        # A place that no point takes is a point of its own that says nothing.
        diagonal = np.arange(NEAREST)
        kernel_MKK[:, diagonal, diagonal] += np.where(told_MK, noise_M[:, None] + 1e-3, 1.0)
        points_MK = np.where(told_MK, self._starts_T1[targets][:, None] + near_MK, 0)
        cross_MK = np.where(told_MK, kernel_C[self._of["points.compound"][points_MK]] + self.level, 0.0)
        solved_MK = np.linalg.solve(kernel_MKK, cross_MK[:, :, None])[:, :, 0]
        known_M = np.einsum("mk,mk->m", cross_MK, solved_MK)
        signal_M = self._of["targets.signal"][targets].astype(np.float64)
        variance_M: Floats = signal_M * np.maximum(itself - known_M, 0.0)
        return variance_M


def _array_names() -> set[str]:
    return {f"{group}.{name}" for group, names in _ARRAYS.items() for name in names}


def _normal(probit_M: Floats) -> Floats:
    """The normal distribution's share below."""
    shares: Floats = np.array([0.5 * math.erfc(-each / math.sqrt(2.0)) for each in probit_M.tolist()])
    return shares


def pack(rows: Sequence[Array]) -> Array:
    """Lower triangles, the diagonal included, row after row, of several symmetric tables, one behind the other."""
    return np.concatenate([np.zeros(0, np.uint8), *(table[np.tril_indices(len(table))] for table in rows)])
