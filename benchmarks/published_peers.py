"""What predicts the same test cells in the same run: training cells in, predicted values out.

scikit-learn is an optional extra, `pip install 'ntdemo-trainer[peers]'`.
"""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse
from benchmarks.published_data import Judged
from rdkit import Chem, rdBase
from rdkit.Chem import rdMMPA

from prediction.panel import complete
from trainer.evaluation.ridge import ridge
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.panel import fit_panel

__all__ = ["PEERS"]

Floats = npt.NDArray[np.float64]
_BITS = 2048


def target_mean(judged: Judged) -> Floats:
    """The mean of a target's cells, shrunk by two cells at the mean of all."""
    return _means_T(judged.train)[judged.test.target]


def ridge_ecfp4(judged: Judged) -> Floats:
    """Ridge regression on ECFP4, the penalty by generalised cross-validation."""
    return ridge(_environments(judged), judged.train, judged.test)


def random_forest(judged: Judged) -> Floats:
    """A hundred trees a target on 2,048 folded bits of ECFP4."""
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - an optional extra

    def fitted(known: Floats, value_N: Floats, asked: Floats) -> Floats:
        forest = RandomForestRegressor(100, max_features=0.3, n_jobs=1, random_state=0).fit(known, value_N)
        found: Floats = forest.predict(asked)
        return found

    folded = _folded(_environments(judged))
    return _by_target(judged, lambda train, test, value_N: fitted(folded[train].toarray(), value_N, folded[test].toarray()))


def svr_tanimoto(judged: Judged) -> Floats:
    """Support vector regression with the Tanimoto kernel of ECFP4 (C = 3, epsilon = 0.1 of standardised values)."""
    from sklearn.svm import SVR  # noqa: PLC0415 - an optional extra

    bits_CV = _environments(judged).astype(np.float32)
    bits_CV.data[:] = 1.0
    size_C = np.asarray(bits_CV.sum(axis=1)).ravel()

    def alike(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> Floats:
        shared = (bits_CV[first] @ bits_CV[second].T).toarray()
        found: Floats = shared / np.maximum(size_C[first, None] + size_C[second] - shared, 1)
        return found

    def fitted(train: npt.NDArray[np.int64], test: npt.NDArray[np.int64], value_N: Floats) -> Floats:
        centre, spread = value_N.mean(), value_N.std() or 1.0
        machine = SVR(kernel="precomputed", C=3.0, epsilon=0.1).fit(alike(train, train), (value_N - centre) / spread)
        found: Floats = centre + spread * machine.predict(alike(test, train))
        return found

    return _by_target(judged, fitted)


def matched_pairs(judged: Judged) -> Floats:
    """Matched molecular pairs of single cuts: a relative's value and the mean change of the replacement on the target."""
    rdBase.DisableLog("rdApp.*")
    every = np.union1d(judged.train.compound, judged.test.compound)
    cuts = {compound: _cuts(judged.facts.named.smiles[compound] or "") for compound in every.tolist()}
    predicted_N = target_mean(judged)
    for target in range(judged.train.targets):
        known, asked = (np.flatnonzero(cells.target == target) for cells in (judged.train, judged.test))
        by_context: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for compound, value in zip(judged.train.compound[known].tolist(), judged.train.value[known].tolist(), strict=True):
            for context, group in cuts[compound]:
                by_context[context].append((group, value))
        changes: dict[tuple[str, str], list[float]] = defaultdict(list)
        for found in by_context.values():
            for group, value in found[:50]:
                for other, its in found[:50]:
                    if group != other:
                        changes[group, other].append(its - value)
        for place in asked.tolist():
            said = [
                value + (float(np.mean(changes[group, own])) if (group, own) in changes else 0.0)
                for context, own in cuts[int(judged.test.compound[place])]
                for group, value in by_context.get(context, [])
            ]
            if said:
                predicted_N[place] = np.mean(said)
    return predicted_N


def plain_factorization(judged: Judged) -> Floats:
    """Eight factors of compounds and targets (variational Bayes), without any structure."""
    train, test = judged.train, judged.test
    means_T = _means_T(train)
    left_N = train.value - means_T[train.target]
    spread = float(left_N.std()) or 1.0
    panel, _ = fit_panel(train, left_N / spread)
    arrays = {
        "panel.loadings": panel.loadings_TK,
        "panel.spread": panel.spread_TKK,
        "panel.noise": panel.noise_T,
        "panel.slope": panel.slope_T,
    }
    predicted_N = means_T[test.target]
    for compound in np.intersect1d(train.compound, test.compound).tolist():
        own, asked = train.compound == compound, test.compound == compound
        predicted_N[asked] += spread * complete(arrays, train.target[own], left_N[own] / spread).residual_T[test.target[asked]]
    return predicted_N


PEERS: dict[str, Callable[[Judged], Floats]] = {
    peer.__name__: peer for peer in (target_mean, ridge_ecfp4, svr_tanimoto, random_forest, matched_pairs, plain_factorization)
}


def _means_T(cells: Cells) -> Floats:
    centre = float(cells.value.mean())
    count_T = np.bincount(cells.target, minlength=cells.targets)
    means_T: Floats = centre + np.bincount(cells.target, cells.value - centre, minlength=cells.targets) / (count_T + 2)
    return means_T


def _by_target(judged: Judged, fitted: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats], Floats]) -> Floats:
    predicted_N = target_mean(judged)
    for target in np.unique(judged.test.target).tolist():
        known, asked = (np.flatnonzero(cells.target == target) for cells in (judged.train, judged.test))
        if len(known) > 1:
            predicted_N[asked] = fitted(judged.train.compound[known], judged.test.compound[asked], judged.train.value[known])
    return predicted_N


def _environments(judged: Judged) -> scipy.sparse.csr_array:
    """Counts of ECFP4 environments, compounds x environments."""
    assert judged.facts.kernel.molecules is not None  # noqa: S101 - every table states structures
    return judged.facts.kernel.molecules.counts[0]


def _folded(counts_CV: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    bits = scipy.sparse.csr_array(
        (np.ones(counts_CV.nnz, dtype=np.float32), counts_CV.indices % _BITS, counts_CV.indptr),
        shape=(counts_CV.shape[0], _BITS),
    )
    bits.sum_duplicates()
    bits.data[:] = 1.0
    return bits


def _cuts(smiles: str) -> list[tuple[str, str]]:
    """Context and group of every single cut of an acyclic bond, the larger part being the context."""
    found = []
    for _, both in rdMMPA.FragmentMol(Chem.MolFromSmiles(smiles), maxCuts=1, resultsAsMols=False):
        parts = sorted(both.split("."), key=len)
        if len(parts) == 2:
            found.append((parts[1], parts[0]))
    return found
