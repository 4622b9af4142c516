"""Fixtures that every test package may use."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ntdemo", deadline=None)  # no test is judged by a clock
settings.load_profile("ntdemo")

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets beside the checkout; tests that need them skip visibly without them."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not here")
    return _SHARED_DATA
