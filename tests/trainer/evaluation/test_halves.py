import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.halves import halves


@given(st.integers(0, 60), st.integers(0, 4))
def test_halves_are_halves_and_repeat_for_a_seed(compounds: int, seed: int) -> None:
    first = halves(compounds, seed=seed)
    assert first.sum() == (compounds + 1) // 2
    np.testing.assert_array_equal(first, halves(compounds, seed=seed))
