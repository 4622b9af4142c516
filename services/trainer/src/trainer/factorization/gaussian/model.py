"""The model file: a fit as `prediction.Predictor` maps it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

from contracts.fingerprints import KINDS
from contracts.predictions import Scale
from prediction.compounds import Compounds
from prediction.model_file import small, write_arrays
from prediction.points import pack
from prediction.predictor import SCHEMA
from prediction.similarities import FeatureIndex
from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.kernel import LEVEL, Kernel
from trainer.factorization.gaussian.panel import Panel

__all__ = [
    "PLAIN",
    "Calibration",
    "Named",
    "Probit",
    "Standing",
    "Stretch",
    "fragment_weights",
    "model_arrays",
    "standing_arrays",
    "write_model",
]

Array = npt.NDArray[Any]

_PAIRED: Final = 2048
"""Points of a target whose kernel is kept, in 8 bits: 2 MB; of more, an even draw tells how sure a value is."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """By what intervals are stretched at rising similarities to the nearest compound that the target was measured on."""

    similarity_B: npt.NDArray[np.float64]
    factor_B: npt.NDArray[np.float64]


PLAIN: Final = Stretch(np.zeros(1), np.ones(1))
"""Intervals as the fit says."""


@dataclass(frozen=True)
class Probit:
    """For actives and inactives: the chance to be active is the normal distribution's share below offset + slope * sum."""

    offset: float
    slope: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """What left-out cells showed of a fit."""

    new: Stretch = PLAIN
    """Of compounds of which nothing was measured, and of targets that a compound was measured on."""
    known: Stretch = PLAIN
    """Of the other targets of compounds that were measured."""
    probit: Probit | None = None
    cells: int = 0
    """Of new compounds, that were held out to learn it; none where it is as the fit says."""


@dataclass(frozen=True, eq=False)
class Standing:
    """How surely compounds of the data are above the level of each target, which others are compared with."""

    usual_T: npt.NDArray[np.float64]
    """Of the median compound."""
    spread_T: npt.NDArray[np.float64]
    """From there to the highest tenth; 1 where all are equal."""

    @classmethod
    def plain(cls, targets: int) -> Self:
        """Compared with nothing."""
        return cls(np.zeros(targets), np.ones(targets))


@dataclass(frozen=True)
class Named:
    """What compounds, fragments and targets are called, in order of id."""

    compounds: Sequence[str]
    smiles: Sequence[str | None]
    """Of the compounds' parents."""
    fragments: Sequence[str]
    targets: Sequence[str]
    titles: Sequence[str | None]
    """What the data call targets that they name by an id."""


def write_model(path: Path, fit: Gaussian, panel: Panel, kernel: Kernel, named: Named, calibration: Calibration) -> None:
    """Write a fit."""
    write_arrays(path, *model_arrays(fit, panel, kernel, named, calibration))


def model_arrays(
    fit: Gaussian, panel: Panel, kernel: Kernel, named: Named, calibration: Calibration
) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of the file, and what it says about them."""
    place_N = _places(fit)
    position_N = fit.order_N[place_N]
    compound_N = fit.taught.compound[position_N]
    weight_N = fit.weight_N[place_N]
    target_N = fit.taught.target[position_N]
    targets = fit.cells.targets
    sums_T = np.bincount(target_N, weight_N, minlength=targets)
    weights_FT = fragment_weights(fit, kernel)
    members_FC = scipy.sparse.csr_array(kernel.membership_CF.T)
    members_FC.sort_indices()
    pairs, counts_T, unit = _pairs(fit, kernel, compound_N)
    arrays: dict[str, Array] = {
        "targets.level": (fit.centre_T + LEVEL * sums_T).astype(np.float64),
        "targets.signal": fit.signal_T.astype(np.float32),
        "targets.noise": fit.noise_T.astype(np.float32),
        "points.starts": fit.starts_T1.astype(np.uint32),
        "points.compound": small(compound_N),
        "points.weight": weight_N.astype(np.float64),
        "points.value": fit.taught.value[position_N].astype(np.float32),
        "fragments.starts": weights_FT.indptr.astype(np.uint32),
        "fragments.target": small(weights_FT.indices),
        "fragments.weight": weights_FT.data.astype(np.float64),
        "members.starts": members_FC.indptr.astype(np.uint32),
        "members.compound": small(members_FC.indices),
        **Compounds.arrays(named.compounds, named.smiles, (fit.cells.compound, fit.cells.target, fit.cells.value)),
        "pairs.counts": small(counts_T),
        "pairs.starts": np.concatenate([[0], np.cumsum(counts_T * (counts_T + 1) // 2)])[:-1].astype(np.uint64),
        "pairs.kernel": pairs,
        "stretch.similarity": calibration.new.similarity_B,
        "stretch.factor": calibration.new.factor_B,
        "stretch.known_similarity": calibration.known.similarity_B,
        "stretch.known_factor": calibration.known.factor_B,
        "panel.loadings": panel.loadings_TK,
        "panel.spread": panel.spread_TKK.astype(np.float32),
        "panel.noise": panel.noise_T,
        "panel.slope": panel.slope_T,
        "cells.residual": panel.residual_N.astype(np.float32),
        **standing_arrays(Standing.plain(targets)),
    }
    if kernel.molecules is not None:
        tables = zip(KINDS, kernel.molecules.codes, kernel.molecules.counts, kernel.molecules.sizes_C, strict=True)
        for kind, codes_V, counts_CV, sizes_C in tables:
            counts_VC = scipy.sparse.csr_array(counts_CV.T)
            counts_VC.sort_indices()
            arrays |= FeatureIndex.arrays(kind, codes_V, counts_VC, sizes_C)
    about = {
        "schema": SCHEMA,
        "fragments": json.dumps(list(named.fragments), ensure_ascii=False),
        "targets": json.dumps(list(named.targets), ensure_ascii=False),
        "titles": json.dumps(list(named.titles), ensure_ascii=False),
        "calibration_cells": str(calibration.cells),
        "scale": Scale.VALUE if calibration.probit is None else Scale.CHANCE,
        "link_offset": repr(0.0 if calibration.probit is None else calibration.probit.offset),
        "link_slope": repr(1.0 if calibration.probit is None else calibration.probit.slope),
        "share": repr(fit.share),
        "unit": repr(kernel.unit),
        "level": repr(LEVEL),
        "pair_unit": repr(unit),
    }
    return arrays, about


def standing_arrays(standing: Standing) -> dict[str, Array]:
    """Those of `model_arrays` that say what compounds are compared with."""
    return {"standing.usual": standing.usual_T, "standing.spread": standing.spread_T}


def _places(fit: Gaussian) -> npt.NDArray[np.int64]:
    """The order of points: by target, and in one of more than `_PAIRED` an even draw first."""
    place_N = np.arange(len(fit.order_N))
    for target in np.flatnonzero(np.diff(fit.starts_T1) > _PAIRED).tolist():
        part = fit.at(target)
        place_N[part] = np.random.default_rng((target, 0xBB67)).permutation(place_N[part])
    return place_N


def fragment_weights(fit: Gaussian, kernel: Kernel) -> scipy.sparse.csr_array:
    """What a fragment adds to the value of each target whose compounds contain it, F x T."""
    position_N = fit.order_N
    shape = (len(position_N), fit.cells.targets)
    by_target_NT = scipy.sparse.csr_array((fit.weight_N, (np.arange(shape[0]), fit.taught.target[position_N])), shape=shape)
    members_FN = kernel.membership_CF[fit.taught.compound[position_N]].T.astype(np.float64)
    weights_FT: scipy.sparse.csr_array = scipy.sparse.csr_array(members_FN @ by_target_NT * (fit.share / kernel.unit))
    weights_FT.sort_indices()
    return weights_FT


def _pairs(fit: Gaussian, kernel: Kernel, compound_N: Array) -> tuple[Array, Array, float]:
    """The kernel without LEVEL of the first points of every target in 8 bits, how many these are, and the unit."""
    counts_T = np.minimum(np.diff(fit.starts_T1), _PAIRED)
    most = float(max(kernel.itself(np.arange(kernel.membership_CF.shape[0]), fit.share), default=1.0)) or 1.0
    unit = most / 255
    tables = []
    for target, count in enumerate(counts_T.tolist()):
        first = int(fit.starts_T1[target])
        compounds = compound_N[first : first + count]
        tables.append(np.rint(kernel.between(compounds, compounds, fit.share) / unit).astype(np.uint8))
    return pack(tables), counts_T, unit
