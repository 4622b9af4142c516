"""Tests that share what is dear stay in one process when several work side by side."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = ("tests/repository/test_hooks.py", "tests/repository/test_devcontainer.py")


@pytest.mark.slow
def test_the_tests_of_a_module_are_one_group_and_go_to_one_process() -> None:
    spread = ("--numprocesses", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "-p", "no:cacheprovider", "--verbose")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *spread, *MODULES], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout
    for module in MODULES:
        processes = re.findall(rf"\[(gw\d)\] .* PASSED {module}::\S+@{module}", done.stdout)
        assert len(processes) > 1, done.stdout
        assert len(set(processes)) == 1, done.stdout
