"""What a model says of cells it has not seen, asked as the API asks it: from its file, compound by compound."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chemistry.fingerprints import fingerprint
from prediction.predictor import Asked, Predictor
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Calibration, Named, write_model
from trainer.factorization.gaussian.panel import Panel

__all__ = ["Foretold", "asked_of", "foretold", "foretold_by_file"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Foretold:
    """Of N cells, in their order."""

    prediction_N: Floats
    low_N: Floats
    high_N: Floats
    sum_N: Floats
    similarity_N: Floats
    """Of the nearest compound that the target was learned from, 0 to 1."""

    def at(self, positions: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Foretold":
        """Of some of the cells."""
        return Foretold(
            self.prediction_N[positions],
            self.low_N[positions],
            self.high_N[positions],
            self.sum_N[positions],
            self.similarity_N[positions],
        )


def foretold(predictor: Predictor, kernel: Kernel, named: Named, cells: Cells) -> Foretold:
    """The cells as the API would answer for their compounds; their values are not read.

    A compound that the model has measurements of is known by its structure; it is new where it has none.
    """
    parts = np.full((5, len(cells)), np.nan)
    starts_C1 = np.searchsorted(cells.compound, np.arange(cells.compounds + 1))
    for compound in np.unique(cells.compound).tolist():
        place = slice(int(starts_C1[compound]), int(starts_C1[compound + 1]))
        said = predictor.predict(asked_of(predictor, kernel, named, compound), cells.target[place])
        parts[:, place] = (said.prediction_M, said.low_M, said.high_M, said.sum_M, said.similarity_M)
    return Foretold(*parts)


def asked_of(predictor: Predictor, kernel: Kernel, named: Named, compound: int) -> Asked:
    """A compound of the data as the API would ask for it."""
    rows, smiles = kernel.membership_CF, named.smiles[compound]
    return Asked(
        fragments=rows.indices[rows.indptr[compound] : rows.indptr[compound + 1]].astype(np.int64),
        fingerprint=None if smiles is None or kernel.molecules is None else fingerprint(smiles),
        matched=None if smiles is None else predictor.compounds.find(smiles),
    )


def foretold_by_file(
    fit: Gaussian,
    panel: Panel,
    kernel: Kernel,
    named: Named,
    cells: Cells,
    calibration: Calibration | None = None,
) -> Foretold:
    """The same by the bytes that would be published of this fit."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "model"
        write_model(file, fit, panel, kernel, named, calibration or Calibration())
        return foretold(Predictor.open(file), kernel, named, cells)
