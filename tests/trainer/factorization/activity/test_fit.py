import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from scipy.special import ndtr

from trainer.evaluation.splits import random_split
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.activity.ranking import unit_rows

QUICK = Options(rank=4, burn=20, draws=20)


def made(compounds: int = 120, targets: int = 12, fragments: int = 15) -> tuple[Cells, scipy.sparse.csr_array]:
    """Activity that follows the model: fragments of rank 2, biases, noise 0.2."""
    generator = np.random.default_rng(0)
    membership = (generator.random((compounds, fragments)) < 0.25) * 1.0
    P, Q = generator.standard_normal((fragments, 2)), generator.standard_normal((targets, 2))
    truth = 6.0 + membership @ P @ Q.T * 0.7 + generator.standard_normal(targets)
    compound, target = np.nonzero(generator.random((compounds, targets)) < 0.5)
    value = truth[compound, target] + 0.2 * generator.standard_normal(len(compound))
    return Cells.of(compound, target, value, compounds=compounds, targets=targets), scipy.sparse.csr_array(membership)


def same(first: Posterior, second: Posterior) -> bool:
    names = ("U_SCK", "mean_SCK", "P_SFK", "Q_STK", "noise_ST")
    return all(np.array_equal(getattr(first.draws, name), getattr(second.draws, name)) for name in names)


def scored(fit: Posterior, cells: Cells) -> npt.NDArray[np.float64]:
    """What it says of cells: a value, or what ranks chances."""
    return fit.scores_MT(np.arange(cells.compounds))[cells.compound, cells.target]


def test_unseen_cells_are_predicted_to_nearly_the_noise() -> None:
    cells, membership = made()
    split = random_split(len(cells), seed=0)
    train, test = cells.at(np.concatenate([split.train, split.validation])), cells.at(split.test)
    found_N = scored(fit_activity(train, membership, binary=False, options=QUICK), test)
    assert np.sqrt(np.mean((found_N - test.value) ** 2)) < 0.4 < 0.3 * test.value.std()


def test_a_fit_is_the_same_for_cells_in_any_order_and_another_for_another_seed() -> None:
    cells, membership = made()
    order = np.random.default_rng(1).permutation(len(cells))
    shuffled = Cells.of(
        cells.compound[order], cells.target[order], cells.value[order], compounds=cells.compounds, targets=cells.targets
    )
    options = replace(QUICK, burn=3, draws=3)
    first, second = (fit_activity(given, membership, binary=False, options=options) for given in (cells, shuffled))
    assert same(first, second)
    assert not same(first, fit_activity(cells, membership, binary=False, options=replace(options, seed=1)))


_DIGESTS = """
import hashlib, numpy as np, scipy.sparse, torch
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.summary import mean_factors
generator = np.random.default_rng(0)
compound, target = np.nonzero(generator.random((3000, 60)) < 0.1)
cells = Cells.of(compound, target, generator.standard_normal(len(compound)), compounds=3000, targets=60)
membership = scipy.sparse.random_array((3000, 400), density=0.02, rng=generator, format="csr")
options, positive = Options(rank=16, burn=2, draws=2), Background()
fits = ((False, None, None), (True, None, None), (False, positive, None), (False, positive, membership))
for binary, background, block in fits:
    found = fit_activity(cells, membership, binary=binary, background=background, structure_CD=block, options=options)
    factors = mean_factors(found.draws, rank=16)
    parts = (found.draws.U_SCK, found.draws.Q_STK, found.draws.P_SFK, found.draws.noise_ST)
    published = (factors.fragments_FK.astype(np.float32), factors.targets_TK.astype(np.float32))
    if block is not None:
        parts += (found.ranking.weights_DT, found.ranking.train_CT)
    print(hashlib.sha256(b"".join(part.tobytes() for part in parts + published)).hexdigest())
"""


@pytest.mark.slow
def test_one_and_two_threads_give_the_same_bits() -> None:
    def digests(threads: int) -> list[str]:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        run = subprocess.run([sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, text=True, check=True)
        return run.stdout.split()

    one, two = digests(1), digests(2)
    assert len(one) == 4
    assert one == two


@pytest.mark.parametrize("structural", [False, True])
def test_cells_held_out_do_not_reach_the_fit(*, structural: bool) -> None:
    cells, membership = made()
    split = random_split(len(cells), seed=0)
    noise = cells.value.copy()
    noise[split.test] = np.random.default_rng(5).uniform(-100, 100, len(split.test))
    options = replace(QUICK, burn=2, draws=2)
    fits = [
        fit_activity(
            replace(cells, value=value).at(split.train),
            membership,
            binary=False,
            background=Background() if structural else None,
            structure_CD=unit_rows(membership) if structural else None,
            options=options,
        )
        for value in (cells.value, noise)
    ]
    assert same(fits[0], fits[1])


def test_structure_ranks_what_acts_alone() -> None:
    cells, membership = made()
    with pytest.raises(ValueError, match="ranks what acts alone"):
        fit_activity(cells, membership, binary=False, structure_CD=unit_rows(membership), options=QUICK)


def test_binary_calls_are_ranked_even_for_a_target_of_one_class() -> None:
    cells, membership = made()
    value = (cells.value > 6.0).astype(np.float64)
    value[cells.target == 3] = 1.0
    binary = replace(cells, value=value)
    split = random_split(len(cells), seed=0)
    fit = fit_activity(binary.at(split.train), membership, binary=True, options=QUICK)
    test = binary.at(split.test)
    found_N = scored(fit, test)
    assert ndtr(found_N)[test.value > 0].mean() > ndtr(found_N)[test.value == 0].mean() + 0.4
    assert found_N[test.target == 3].min() > 0.0


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(Cells.of([0], [0], [5.0], compounds=1, targets=1), id="one cell"),
        pytest.param(Cells.of([0, 0], [0, 1], [5.0, 5.0], compounds=1, targets=2), id="one compound"),
        pytest.param(Cells.of([0, 1, 2], [0, 0, 0], [5.0] * 3, compounds=3, targets=1), id="a constant column"),
        pytest.param(Cells.of([0, 1], [0, 2], [4.0, 7.0], compounds=4, targets=5), id="compounds and targets without cells"),
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_data_that_say_next_to_nothing_give_finite_numbers_at_any_rank(cells: Cells, *, binary: bool) -> None:
    membership = scipy.sparse.csr_array(np.ones((cells.compounds, 2)))
    fit = fit_activity(cells, membership, binary=binary, options=replace(QUICK, rank=16, burn=5, draws=5))
    assert np.isfinite(fit.scores_MT(np.arange(cells.compounds))).all()


def test_without_any_cell_there_is_no_fit_and_a_repeated_or_nan_cell_is_no_cell() -> None:
    with pytest.raises(ValueError, match="no cell was measured"):
        fit_activity(Cells.of([], [], [], compounds=2, targets=2), scipy.sparse.csr_array((2, 1)), binary=False)
    with pytest.raises(ValueError, match="compound 1 and target 0 have more than one cell"):
        Cells.of([1, 0, 1], [0, 0, 0], [1.0, 2.0, 3.0], compounds=2, targets=1)
    with pytest.raises(ValueError, match="no finite number"):
        Cells.of([0], [0], [float("nan")], compounds=1, targets=1)
