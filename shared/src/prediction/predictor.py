"""The predictor: activity of molecules on every target of a run, with what fragments and relatives say of it.

    sum = level of the target + the sum of the contributions of its fragments + the rest of the molecule

A Gaussian process a target with the kernel `share * linear + (1 - share) * tanimoto + level`: `linear` counts common fragments,
`tanimoto` compares whole molecules. The rest is a weighted sum over the compounds that the target was measured on. How sure a
value is follows from the nearest of these (Vecchia 1988), stretched by what left-out compounds showed at each distance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.fingerprints import Fingerprint
from contracts.predictions import Scale
from prediction.compounds import Compounds
from prediction.model_file import map_arrays
from prediction.similarities import FeatureIndex

__all__ = ["NEAREST", "SCHEMA", "Asked", "Predicted", "Predictor", "pack"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SCHEMA: Final = "ntdemo-predictor-1"
NEAREST: Final = 32
"""Compounds that tell how sure a value is."""
_WIDTH: Final = 1.6448536269514722
"""Standard deviations to either side that hold 90 % of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A compound to be predicted."""

    fragments: Ints
    """Ids of those that the run knows, each once."""
    fingerprint: Fingerprint | None
    """None where only fragments are known: the rest is then unknown too, and 0."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """Of one compound on M targets."""

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
    similarity_M: Floats
    """Of the nearest compound measured on each target, 0 to 1."""


class Predictor:
    """A model that is mapped from a file; safe in threads."""

    def __init__(self, arrays: dict[str, Array], about: dict[str, str]) -> None:
        if about.get("schema") != SCHEMA:
            raise ValueError(f"the model has the schema {about.get('schema')!r}, expected {SCHEMA!r}")
        self.about = about
        self.scale = Scale(about["scale"])
        """`VALUE` or `CHANCE`."""
        self._offset, self._slope = float(about["link_offset"]), float(about["link_slope"])
        self.share, self.unit, self.level = (float(about[name]) for name in ("share", "unit", "level"))
        self._of = arrays
        self._index = FeatureIndex.of(arrays) if "environments.codes" in arrays else None
        self.targets = len(arrays["targets.level"])
        self.compounds = Compounds(arrays)
        """What it learned from."""
        self._starts_T1 = arrays["points.starts"].astype(np.int64)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a model file; raises InvalidModelFile or ValueError for another file."""
        return cls(*map_arrays(path))

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

    def predict(self, asked: Asked, targets: Ints | None = None) -> Predicted:
        """Everything about these targets, or all."""
        chosen = np.arange(self.targets) if targets is None else targets
        similarities_C = self.similarities_C(asked)
        level_T, contributions_GT, rest_T = self.values(asked, similarities_C)
        level_M, contributions_GM, rest_M = level_T[chosen], contributions_GT[:, chosen], rest_T[chosen]
        sum_M = level_M + contributions_GM.sum(axis=0) + rest_M
        variance_M, similarity_M = self._variance(asked, similarities_C, chosen)
        factor_M = np.interp(similarity_M, self._of["stretch.similarity"], self._of["stretch.factor"])
        noise_M = self._of["targets.signal"][chosen].astype(np.float64) * self._of["targets.noise"][chosen]
        if self.scale is Scale.CHANCE:
            half_M = _WIDTH * factor_M * np.sqrt(variance_M)
            spread_M = np.sqrt(1.0 + self._slope**2 * variance_M)
            prediction_M = _normal(self._latent(sum_M) / spread_M)
            low_M, high_M = _normal(self._latent(sum_M - half_M)), _normal(self._latent(sum_M + half_M))
        else:
            half_M = _WIDTH * factor_M * np.sqrt(variance_M + noise_M)
            prediction_M, low_M, high_M = sum_M, sum_M - half_M, sum_M + half_M
        return Predicted(
            prediction_M=prediction_M,
            low_M=low_M,
            high_M=high_M,
            sum_M=sum_M,
            level_M=level_M,
            contributions_GM=contributions_GM,
            rest_M=rest_M,
            similarity_M=similarity_M,
        )

    def nearest(self, similarities_C: npt.NDArray[np.float32], target: int, limit: int) -> tuple[Ints, Floats, Floats]:
        """The compounds measured on a target that are most like the molecule: their ids, similarities and values."""
        part = slice(int(self._starts_T1[target]), int(self._starts_T1[target + 1]))
        compound_N = self._of["points.compound"][part].astype(np.int64)
        order = np.lexsort((compound_N, -similarities_C[compound_N]))[:limit]
        ids = compound_N[order]
        return ids, similarities_C[ids].astype(np.float64), self._of["points.value"][part][order].astype(np.float64)

    def _latent(self, sum_M: Floats) -> Floats:
        """The probit of the chance that a sum stands for."""
        return self._offset + self._slope * sum_M

    def _by_target(self, numbers_N: Floats) -> Floats:
        """Sums over the points of every target."""
        total_N1 = np.concatenate([[0.0], np.cumsum(numbers_N)])
        sums_T: Floats = np.diff(total_N1[self._starts_T1])
        return sums_T

    def _variance(self, asked: Asked, similarities_C: npt.NDArray[np.float32], targets: Ints) -> tuple[Floats, Floats]:
        """Of a measurement but for its noise, by the nearest points of each target; and the highest similarity."""
        linear_C = np.zeros(len(self.compounds), dtype=np.float32)
        starts, members = self._of["members.starts"], self._of["members.compound"]
        for fragment in asked.fragments.tolist():
            linear_C[members[starts[fragment] : starts[fragment + 1]]] += np.float32(1.0 / self.unit)
        kernel_C = self.share * linear_C + (1.0 - self.share) * similarities_C
        has_rest = 0.0 if self._index is None else 1.0 - self.share
        itself = self.share * len(asked.fragments) / self.unit + has_rest + self.level
        noise_M = self._of["targets.noise"][targets].astype(np.float64)
        near_MK = np.full((len(targets), NEAREST), -1, dtype=np.int64)
        similarity_M = np.zeros(len(targets))
        for row, target in enumerate(targets.tolist()):
            first, last = int(self._starts_T1[target]), int(self._starts_T1[target + 1])
            if first == last:
                continue
            compound_N = self._of["points.compound"][first:last]
            similarity_M[row] = similarities_C[compound_N].max()
            paired = min(last - first, int(self._of["pairs.counts"][target]))
            kernel_N = kernel_C[compound_N[:paired]]
            near = np.argpartition(-kernel_N, NEAREST - 1)[:NEAREST] if paired > NEAREST else np.arange(paired)
            near_MK[row, : len(near)] = near
        told_MK = near_MK >= 0
        offsets_M1 = self._of["pairs.starts"][targets].astype(np.int64)[:, None, None]
        low_MKK, high_MKK = (np.sort(np.stack(np.broadcast_arrays(near_MK[:, :, None], near_MK[:, None, :])), axis=0)).clip(0)
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
        return signal_M * np.maximum(itself - known_M, 0.0), similarity_M


def _normal(probit_M: Floats) -> Floats:
    """The normal distribution's share below."""
    shares: Floats = np.array([0.5 * math.erfc(-each / math.sqrt(2.0)) for each in probit_M.tolist()])
    return shares


def pack(rows: Sequence[Array]) -> Array:
    """Lower triangles, the diagonal included, row after row, of several symmetric tables, one behind the other."""
    return np.concatenate([np.zeros(0, np.uint8), *(table[np.tril_indices(len(table))] for table in rows)])
