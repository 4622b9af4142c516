"""The neighbourhood map: what is near stays near, and the same rows give the same map."""

import subprocess
import sys

import numpy as np
import pytest

from trainer.similarity.neighbourhoods import neighbourhoods


def test_what_lies_together_is_mapped_together() -> None:
    draw = np.random.default_rng(0)
    middles_GK = 3 * np.eye(4, 8)
    group_F = np.repeat(np.arange(4), 30)
    vectors_FK = middles_GK[group_F] + 0.1 * draw.normal(size=(120, 8))
    map_FD = neighbourhoods(vectors_FK, seed=0)
    assert map_FD is not None
    assert map_FD.shape == (120, 2)
    distance_FF = np.linalg.norm(map_FD[:, None] - map_FD[None], axis=2)
    np.fill_diagonal(distance_FF, np.inf)
    nearest_F10 = np.argsort(distance_FF, axis=1)[:, :10]
    assert (group_F[nearest_F10] == group_F[:, None]).mean() > 0.99
    assert np.linalg.norm(map_FD, axis=1).max() == pytest.approx(1.0)
    again_FD = neighbourhoods(vectors_FK, seed=0)
    assert again_FD is not None
    np.testing.assert_array_equal(map_FD, again_FD)


@pytest.mark.parametrize(("count", "width"), [(2, 3), (4, 1), (6, 1), (6, 2), (40, 3)])
def test_any_number_of_fragments_has_a_place(count: int, width: int) -> None:
    map_FD = neighbourhoods(np.random.default_rng(1).normal(size=(count, width)), seed=0)
    assert map_FD is not None
    assert map_FD.shape == (count, 2)
    assert np.isfinite(map_FD).all()
    assert np.linalg.norm(map_FD, axis=1).max(initial=0.0) <= 1 + 1e-6


@pytest.mark.parametrize("count", [0, 1, 9])
def test_fragments_that_do_not_differ_have_no_map(count: int) -> None:
    assert neighbourhoods(np.ones((count, 3)), seed=0) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "has_map"),
    [
        ("1 + 1e-12 * noise", False),
        ("1 + 1e-8 * noise", False),
        ("1 + 1e-5 * noise", True),
        ("1e-30 * noise", True),
        ("1e30 * noise", True),
        ("np.repeat(noise[:2], 100, axis=0)", True),
    ],
)
def test_rows_that_32_bits_cannot_tell_apart_end_no_process(rows: str, *, has_map: bool) -> None:
    """In a process of its own: scikit-learn's compiled code dies of what becomes no number."""
    asked = f"""
import numpy as np
from trainer.similarity.neighbourhoods import neighbourhoods
noise = np.random.default_rng(0).normal(size=(200, 8))
found = neighbourhoods({rows}, seed=0)
assert (found is not None) == {has_map}
assert found is None or np.isfinite(found).all()
"""
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
