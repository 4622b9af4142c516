"""Ridge regression on atom environments, a target at a time: what every chemist can have, and a model must beat."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.ranking import unit_rows

__all__ = ["ridge"]

_PENALTIES: Final = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def ridge(counts_CV: Any, train: Cells, test: Cells) -> npt.NDArray[np.float64]:
    """The test cells, by which environments (ECFP4) a molecule has; unit rows, the penalty by generalised cross-validation.

    `counts_CV` are compounds by environments, a CSR table. A target without training cells is expected at the mean of all.
    """
    has_CV = scipy.sparse.csr_array(counts_CV, dtype=np.float64, copy=True)
    has_CV.data[:] = 1.0
    rows_CV = unit_rows(has_CV)
    centre = float(train.value.mean())
    predicted_N = np.full(len(test), centre)
    for target in np.unique(test.target).tolist():
        known, asked = np.flatnonzero(train.target == target), np.flatnonzero(test.target == target)
        if not len(known):
            continue
        known_NV, left_N = rows_CV[train.compound[known]], train.value[known] - centre
        values_N, vectors_NN = np.linalg.eigh((known_NV @ known_NV.T).toarray())
        values_N, turned_N = np.maximum(values_N, 0.0), vectors_NN.T @ left_N
        scores = []
        for penalty in _PENALTIES:
            left_over_N = penalty / (values_N + penalty)
            scores.append((float(np.sum((left_over_N * turned_N) ** 2)) / float(left_over_N.sum()) ** 2, penalty))
        weight_N = vectors_NN @ (turned_N / (values_N + min(scores)[1]))
        predicted_N[asked] += (rows_CV[test.compound[asked]] @ known_NV.T) @ weight_N
    return predicted_N
