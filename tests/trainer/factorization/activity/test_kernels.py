import os
import subprocess
import sys

import numpy as np
import pytest

from trainer.factorization.activity.cell_sums import padded

_PRODUCTS = """
import numpy as np
from trainer.factorization.activity.cell_sums import padded, products
rows, others = (padded(np.arange(6, dtype=np.float32).reshape(2, 3) + first) for first in (0, 1))
found = np.empty(3, dtype=np.float32)
products(0, 2, np.array([0, 1, 3]), np.array([1, 0, 1], dtype=np.int32), rows, others, found)
print(found.tolist(), products.stats.cache_path is None)
"""


@pytest.mark.parametrize("kept", [True, False])
def test_machine_code_runs_whether_or_not_a_folder_can_keep_it(*, kept: bool) -> None:
    nowhere = {} if kept else {"NUMBA_CACHE_LOCATOR_CLASSES": "IPythonCacheLocator"}  # keeps notebooks' functions alone
    ran = subprocess.run(
        [sys.executable, "-c", _PRODUCTS], env=os.environ | nowhere, check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == f"[17.0, 26.0, 62.0] {not kept}"


def test_runs_without_an_activity_model_load_no_compiler() -> None:
    program = "import sys, trainer.pipelines.objectives.counts; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip() == "False"


def test_rows_are_padded_with_zeros_to_whole_registers() -> None:
    rows_RP = padded(np.ones((2, 9), dtype=np.float32))
    assert rows_RP.shape == (2, 16)
    np.testing.assert_array_equal(rows_RP[:, 9:], 0.0)
    assert padded(np.ones((2, 16), dtype=np.float32)).shape == (2, 16)
