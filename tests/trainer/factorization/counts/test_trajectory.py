import numpy as np
import pytest
from tests.support.counts import planted

from trainer.data.seed_table import built_in
from trainer.factorization.counts import trajectory as module
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.counts.trajectory import Recorder
from trainer.similarity.cosines import percents_FF


def test_the_fragments_move_from_the_random_start_to_the_published_positions() -> None:
    fit = fit_counts(built_in().counts_FT(), rank=3, seed=0)
    positions_SFD = fit.trajectory.positions_SFD
    assert positions_SFD.dtype == np.float32
    np.testing.assert_array_equal(positions_SFD[-1], fit.factors.balanced_fragments_FK.astype(np.float32))
    assert fit.trajectory.steps_S[0] == 0
    assert fit.trajectory.steps_S[-1] == fit.curve[-1][0]
    assert (np.diff(fit.trajectory.steps_S) > 0).all()
    distances_S = np.linalg.norm(positions_SFD - positions_SFD[-1], axis=(1, 2))
    extent = np.linalg.norm(positions_SFD[-1])
    assert distances_S[0] > 0.5 * extent
    moved_S = np.linalg.norm(np.diff(positions_SFD, axis=0), axis=(1, 2))
    assert np.count_nonzero(moved_S > 0.01 * extent) >= 15  # a viewer sees them go
    assert moved_S.max() < 0.5 * extent  # and no jump


def test_a_turn_towards_the_final_positions_changes_no_cosine() -> None:
    recorder = Recorder(fragments=6, rank=3, expected=1)
    rng = np.random.default_rng(0)
    first_FK, final_FK = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
    recorder.offer(0, first_FK)
    trajectory = recorder.finish(1, final_FK)
    turned_FK = trajectory.positions_SFD[0].astype(np.float64)
    np.testing.assert_allclose(percents_FF(turned_FK), percents_FF(first_FK), atol=1e-4)
    assert np.linalg.norm(turned_FK - final_FK) < np.linalg.norm(first_FK - final_FK)


def test_a_turned_copy_of_the_final_positions_is_recognised() -> None:
    recorder = Recorder(fragments=6, rank=3, expected=1)
    rng = np.random.default_rng(1)
    final_FK, turn_KK = rng.normal(size=(6, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    recorder.offer(0, final_FK @ turn_KK)
    trajectory = recorder.finish(5, final_FK)
    np.testing.assert_allclose(trajectory.positions_SFD[0], trajectory.positions_SFD[1], atol=1e-5)


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_at_most_three_columns_and_sixty_positions_are_kept(rank: int) -> None:
    fit = fit_counts(planted(0, 300, 200, np.linspace(2, 1, 150).tolist()), rank=rank, seed=0)
    assert len(fit.curve) > 45
    assert len(fit.trajectory.steps_S) == len(fit.trajectory.positions_SFD) <= 60
    assert fit.trajectory.positions_SFD.shape[1:] == (300, min(rank, 3))


def test_positions_that_would_not_fit_in_memory_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LIMIT_BYTES", 4 * 10 * 3 * 4)  # four positions of ten fragments
    recorder = Recorder(fragments=10, rank=3, expected=20)
    for step in range(20):
        recorder.offer(step, np.ones((10, 3)))
    trajectory = recorder.finish(20, np.ones((10, 3)))
    assert trajectory.steps_S.tolist() == [0, 5, 10, 15, 20]
