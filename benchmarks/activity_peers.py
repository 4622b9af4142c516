"""Models that predict cells, ours and its peers, each with one shape: training cells in, answers about held-out cells out.

`implicit` and `smurff` are an optional extra, `pip install 'ntdemo-trainer[peers]'`; where they are not installed they are
named as missing.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
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

__all__ = ["MODELS", "Answer", "Missing", "Model"]

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Answer:
    """Of the test cells; for positives of all compounds and targets instead."""

    mean_N: Array
    low_N: Array | None = None
    high_N: Array | None = None


class Missing(Exception):
    """A peer is not installed, or has no answer for such data."""


Model = Callable[[Data, Cells, Cells, int], Answer]


@cache
def _link(data: Data) -> Link:
    return Link(data.membership_CF, device="cpu")


def ours(data: Data, train: Cells, test: Cells, seed: int) -> Answer:
    """The activity model with its hidden block."""
    if data.positives:
        options, background = Options(seed=seed), Background()
        ranked = fit_activity(
            train, _link(data), binary=False, background=background, structure_CD=data.structure_CD, options=options
        )
        return Answer(ranked.scores_MT(np.arange(train.compounds), data.structure_CD))
    fit = fit_activity(train, _link(data), binary=data.binary, structure_CD=data.structure_CD, options=Options(seed=seed))
    assert fit.structure is not None  # noqa: S101 - it was asked for
    found = fit.predict(test, structural=fit.structure.expects(data.structure_CD, test, train))
    return Answer(found.mean_N, found.low_N, found.high_N)


def fragments_only(data: Data, train: Cells, test: Cells, seed: int) -> Answer:
    """The activity model without its hidden block: the chain whose factors are published."""
    return _chain(data, train, test, seed, _link(data))


def plain_mf(data: Data, train: Cells, test: Cells, seed: int) -> Answer:
    """The same chain without fragments."""
    return _chain(data, train, test, seed, Link(scipy.sparse.csr_array((train.compounds, 0)), device="cpu"))


def _chain(data: Data, train: Cells, test: Cells, seed: int, link: Link) -> Answer:
    background = Background() if data.positives else None
    fit = fit_activity(train, link, binary=data.binary, background=background, options=Options(seed=seed))
    if data.positives:
        return Answer(fit.scores_MT(np.arange(train.compounds)))
    found = fit.predict(test, structural=None)
    return Answer(found.mean_N, found.low_N, found.high_N)


def seed_counts(data: Data, train: Cells, test: Cells, seed: int) -> Answer:
    """The seed's objective: A B at rank 3, read back as the mean over the measurements that it sums."""
    values_CT, measured_CT = (
        scipy.sparse.csr_array((numbers, (train.compound, train.target)), shape=(train.compounds, train.targets))
        for numbers in (train.value, np.ones(len(train)))
    )
    sums_FT = scipy.sparse.csr_array(data.membership_CF.T @ values_CT)
    profiles_FT = fit_counts(sums_FT, rank=3, seed=seed).factors.profiles_FT
    if data.positives:
        return Answer(data.membership_CF @ profiles_FT)
    counts_FT = (data.membership_CF.T @ measured_CT).toarray()
    rows = data.membership_CF[test.compound]
    total_N, count_N = (
        np.asarray(rows.multiply(table_FT[:, test.target].T).sum(axis=1)) for table_FT in (profiles_FT, counts_FT)
    )
    mean = float(train.value.mean())
    return Answer(np.divide(total_N, count_N, out=np.full(len(test), mean), where=count_N > 0))


def target_mean(data: Data, train: Cells, test: Cells, _: int) -> Answer:
    """The mean of a target's cells, shrunk by two cells at the mean of all; for positives, how many there are."""
    centre = train.value.mean()
    count_T = np.bincount(train.target, minlength=train.targets)
    if data.positives:
        return Answer(np.tile(count_T.astype(np.float64), (train.compounds, 1)))
    sum_T = np.bincount(train.target, train.value - centre, minlength=train.targets)
    return Answer(centre + (sum_T / (count_T + 2))[test.target])


def ridge(data: Data, train: Cells, test: Cells, _: int) -> Answer:
    """Ridge regression a target on the same environments, unit rows, penalty by generalised cross-validation."""
    if data.positives:  # every cell of a complete table: one factorisation for all targets
        table_CT = scipy.sparse.csr_array((train.value, (train.compound, train.target)), shape=(train.compounds, train.targets))
        gram_DD = (data.environments_CD.T @ data.environments_CD).toarray()
        gram_DD[np.diag_indices(len(gram_DD))] += 1.0
        weights_DT = scipy.linalg.solve(gram_DD, (data.environments_CD.T @ table_CT).toarray(), assume_a="pos")
        return Answer(data.environments_CD @ weights_DT)
    centre = train.value.mean()
    predicted_N = np.full(len(test), centre)
    for target in range(train.targets):
        known, asked = train.target == target, test.target == target
        if not known.any() or not asked.any():
            continue
        x_ND, y_N = data.environments_CD[train.compound[known]], train.value[known] - centre
        wide = x_ND.shape[0] <= x_ND.shape[1]  # the smaller of the two products has the spectrum of both
        values_M, vectors_MM = np.linalg.eigh((x_ND @ x_ND.T if wide else x_ND.T @ x_ND).toarray())
        values_M = np.maximum(values_M, 0)
        turned_M = vectors_MM.T @ (y_N if wide else x_ND.T @ y_N)
        scores = []
        for penalty in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
            left_M = penalty / (values_M + penalty)
            said_M = (values_M + 2 * penalty) / (values_M + penalty) ** 2
            errors = np.sum((left_M * turned_M) ** 2) if wide else y_N @ y_N - turned_M**2 @ said_M
            scores.append((errors / (left_M.sum() + len(y_N) - len(left_M)) ** 2, penalty))
        found_M = vectors_MM @ (turned_M / (values_M + min(scores)[1]))
        predicted_N[asked] += data.environments_CD[test.compound[asked]] @ (x_ND.T @ found_M if wide else found_M)
    return Answer(predicted_N)


def implicit_als(data: Data, train: Cells, _: Cells, seed: int) -> Answer:
    """Hu, Koren and Volinsky as the library `implicit` has it: for positives alone."""
    if not data.positives:
        raise Missing("has no model of stated values")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise Missing("is not installed") from None
    model = AlternatingLeastSquares(
        factors=64, regularization=0.05, alpha=40.0, iterations=20, random_state=seed, num_threads=1
    )
    model.fit(
        scipy.sparse.csr_matrix((train.value, (train.compound, train.target)), shape=(train.compounds, train.targets)),
        show_progress=False,
    )
    return Answer(model.user_factors @ model.item_factors.T)


def smurff_macau(data: Data, train: Cells, test: Cells, seed: int) -> Answer:
    """Macau of the library SMURFF, its side information the same fragments; for real values, with as many sweeps as ours."""
    if data.binary or data.positives:
        raise Missing("is asked for real values alone")
    try:
        import smurff  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise Missing("is not installed") from None
    options, shape = Options(), (train.compounds, train.targets)
    centre = float(train.value.mean())
    given, asked = (
        scipy.sparse.coo_matrix((cells.value - centre, (cells.compound, cells.target)), shape=shape) for cells in (train, test)
    )
    session = smurff.MacauSession(
        Ytrain=given,
        Ytest=asked,
        side_info=[scipy.sparse.csr_matrix(data.membership_CF), None],
        num_latent=options.rank,
        burnin=options.burn,
        nsamples=options.draws,
        seed=seed,
        direct=False,
        num_threads=1,
    )
    found = {tuple(each.coords): each.pred_avg for each in session.run()}
    return Answer(np.array([centre + found[pair] for pair in zip(test.compound.tolist(), test.target.tolist(), strict=True)]))


MODELS: dict[str, Model] = {
    model.__name__: model
    for model in (ours, fragments_only, plain_mf, ridge, seed_counts, target_mean, implicit_als, smurff_macau)
}
