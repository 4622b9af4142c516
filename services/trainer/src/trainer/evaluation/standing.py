"""Standing: how surely compounds of the data are above the level of each target, which others are compared with."""

from typing import Final

import numpy as np

from prediction.predictor import Predictor
from trainer.evaluation.foretold import asked_of
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Named, Standing

__all__ = ["standing_of"]

_SAMPLE: Final = 1000
"""Compounds that are asked for."""
_HIGH: Final = 0.9
_SEED: Final = 0x57


def standing_of(predictor: Predictor, kernel: Kernel, named: Named, cells: Cells) -> Standing:
    """Of a sample of the compounds that were learned from, the same for the same data, asked for as the API asks."""
    compounds = np.unique(cells.compound)
    sample = np.sort(np.random.default_rng(_SEED).permutation(compounds)[:_SAMPLE])
    sure_ST = np.zeros((len(sample), cells.targets))
    for row, compound in enumerate(sample.tolist()):
        sure_ST[row] = predictor.sureness(predictor.expect(asked_of(predictor, kernel, named, compound)))
    usual_T, high_T = np.quantile(sure_ST, [0.5, _HIGH], axis=0)
    return Standing(usual_T, np.where(high_T > usual_T, high_T - usual_T, 1.0))
