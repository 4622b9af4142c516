"""Fixtures that every test package may use."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings
from tests.support import groups
from tests.support.stack import Stack

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

settings.register_profile("ntdemo", deadline=None)  # no test is judged by a clock
settings.load_profile("ntdemo")

# Tests that run at once share the processors: torch and BLAS would each take all of them, and wait for one another.
_processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _processes > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _processes)))


# Begun in the background of a script, pytest ignores Ctrl-C, and so would all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests where they are spread over processes by group; a serial round keeps its order."""
    if config.getoption("loadgroup", default=False):
        groups.assign(items)


@pytest.fixture(scope="session", autouse=True)
def _no_logger_is_kept() -> Iterator[None]:
    """Services keep a logger as it was at its first event; in this process the next test would log to where it went then."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(structlog, "configure", lambda **how: configure(**how | {"cache_logger_on_first_use": False}))
        yield


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a test, or a service that it starts in this process, sets up of logging ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
_SHARED_CASES = Path(__file__).parents[2] / "shared" / "cases"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets beside the checkout; tests that need them skip visibly without them."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not here")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Tables as they are met in the field, with what is right of each."""
    if not _SHARED_CASES.is_dir():
        pytest.skip("../shared/cases is not here")
    return _SHARED_CASES / "inputs"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """The one Spark session that all tests share; tests that take it carry the marker `spark`."""
    from trainer.spark.session import Session  # noqa: PLC0415 - loads pyspark, which most tests do without

    with Session(tmp_path_factory.mktemp("cache"), master="local[2]") as session:
        yield session.spark()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Trainer, scores API and chatbot as their users meet them; tests that take it carry the marker `e2e`."""
    from tests.support.collector import Collector  # noqa: PLC0415 - loads protobuf, which other tests do without

    with Collector() as collector, Stack(tmp_path_factory.mktemp("stack") / "state", collector) as stack:
        yield stack
