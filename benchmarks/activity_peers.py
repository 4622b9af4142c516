"""Models that rank targets where only what acts is stated, ours and its peers: training cells in, scores of all cells out.

`implicit` is an optional extra, `pip install 'ntdemo-trainer[peers]'`; where it is not installed it is named as missing.
"""

import os
from collections.abc import Callable
from functools import cache

import numpy as np
import scipy.linalg
import scipy.sparse
from benchmarks.activity_data import Data

from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.link import Link
from trainer.factorization.counts.fit import fit_counts

__all__ = ["MODELS", "Missing", "Model"]

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Missing(Exception):
    """A peer is not installed."""


Model = Callable[[Data, Cells, int], Array]


@cache
def _link(data: Data) -> Link:
    return Link(data.membership_CF, device="cpu")


def ours(data: Data, train: Cells, seed: int) -> Array:
    """The activity model with its hidden block, as a holdout judges it."""
    options = Options(seed=seed)
    ranked = fit_activity(
        train, _link(data), binary=False, background=Background(), structure_CD=data.environments_CD, options=options
    )
    return ranked.scores_MT(np.arange(train.compounds), data.environments_CD)


def fragments_only(data: Data, train: Cells, seed: int) -> Array:
    """The activity model without its hidden block: what the published graph says."""
    return _chain(train, seed, _link(data))


def plain_mf(_: Data, train: Cells, seed: int) -> Array:
    """The same chain without fragments."""
    return _chain(train, seed, Link(scipy.sparse.csr_array((train.compounds, 0)), device="cpu"))


def _chain(train: Cells, seed: int, link: Link) -> Array:
    fit = fit_activity(train, link, binary=False, background=Background(), options=Options(seed=seed))
    return fit.scores_MT(np.arange(train.compounds))


def seed_counts(data: Data, train: Cells, seed: int) -> Array:
    """The seed's objective: A B at rank 3."""
    sums_FT = scipy.sparse.csr_array(data.membership_CF.T @ _table(train))
    scores_CT: Array = data.membership_CF @ fit_counts(sums_FT, rank=3, seed=seed).factors.profiles_FT
    return scores_CT


def popularity(_: Data, train: Cells, __: int) -> Array:
    """How many cells a target has."""
    count_T = np.bincount(train.target, minlength=train.targets)
    return np.tile(count_T.astype(np.float64), (train.compounds, 1))


def ridge(data: Data, train: Cells, _: int) -> Array:
    """Ridge regression of the complete table on hashed ECFP4, unit rows: one factorisation for all targets."""
    gram_DD = (data.environments_CD.T @ data.environments_CD).toarray()
    gram_DD[np.diag_indices(len(gram_DD))] += 1.0
    weights_DT = scipy.linalg.solve(gram_DD, (data.environments_CD.T @ _table(train)).toarray(), assume_a="pos")
    scores_CT: Array = data.environments_CD @ weights_DT
    return scores_CT


def implicit_als(_: Data, train: Cells, seed: int) -> Array:
    """Hu, Koren and Volinsky as the library `implicit` has it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise Missing("is not installed") from None
    model = AlternatingLeastSquares(
        factors=64, regularization=0.05, alpha=40.0, iterations=20, random_state=seed, num_threads=1
    )
    model.fit(scipy.sparse.csr_matrix(_table(train)), show_progress=False)
    scores_CT: Array = model.user_factors @ model.item_factors.T
    return scores_CT


def _table(train: Cells) -> scipy.sparse.csr_array:
    return scipy.sparse.csr_array((train.value, (train.compound, train.target)), shape=(train.compounds, train.targets))


MODELS: dict[str, Model] = {
    model.__name__: model for model in (ours, fragments_only, plain_mf, ridge, seed_counts, popularity, implicit_als)
}
