"""Rows of bits are counted as if they were added one by one."""

import numpy as np
import pytest

from prediction.similarities import rows_with


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 64, 255, 256, 700])
@pytest.mark.parametrize("compounds", [1, 63, 64, 65, 1000])
def test_bits_of_any_number_of_rows_are_counted(count: int, compounds: int) -> None:
    generator = np.random.default_rng(count)
    table_LC = generator.random((40, compounds)) < 0.3
    rows = generator.integers(0, 40, count)
    bits_LB = np.packbits(table_LC, axis=1, bitorder="little")
    np.testing.assert_array_equal(rows_with(bits_LB, rows)[:compounds], table_LC[rows].sum(axis=0))
