"""The neighbourhood map: what is near stays near, and the same rows give the same map."""

import numpy as np
import pytest

from trainer.similarity.neighbourhoods import neighbourhoods


def test_what_lies_together_is_mapped_together() -> None:
    draw = np.random.default_rng(0)
    middles_GK = 3 * np.eye(4, 8)
    group_F = np.repeat(np.arange(4), 30)
    vectors_FK = middles_GK[group_F] + 0.1 * draw.normal(size=(120, 8))
    map_FD = neighbourhoods(vectors_FK, seed=0)
    assert map_FD.shape == (120, 2)
    distance_FF = np.linalg.norm(map_FD[:, None] - map_FD[None], axis=2)
    np.fill_diagonal(distance_FF, np.inf)
    nearest_F10 = np.argsort(distance_FF, axis=1)[:, :10]
    assert (group_F[nearest_F10] == group_F[:, None]).mean() > 0.99
    assert np.linalg.norm(map_FD, axis=1).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(map_FD, neighbourhoods(vectors_FK, seed=0))


@pytest.mark.parametrize(("count", "width"), [(0, 3), (1, 3), (4, 1), (6, 1), (6, 2), (40, 3)])
def test_any_number_of_fragments_has_a_place(count: int, width: int) -> None:
    map_FD = neighbourhoods(np.random.default_rng(1).normal(size=(count, width)), seed=0)
    assert map_FD.shape == (count, 2)
    assert np.isfinite(map_FD).all()
    assert np.linalg.norm(map_FD, axis=1).max(initial=0.0) <= 1 + 1e-6


def test_fragments_that_do_not_differ_lie_in_one_place() -> None:
    np.testing.assert_array_equal(neighbourhoods(np.ones((9, 3)), seed=0), np.zeros((9, 2)))
