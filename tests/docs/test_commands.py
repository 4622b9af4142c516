"""What the tutorials say to type works, in the order in which they say it."""

import sys
from pathlib import Path

import pytest
from tests.support.documentation import ROOT, blocks, session
from tests.support.stack import Stack

PAGES = [*sorted((ROOT / "docs" / "tutorials").glob("*.md")), ROOT / "docs" / "from-the-demonstration.md"]


@pytest.mark.e2e
@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_fenced_command_of_a_page_runs(page: Path, stack: Stack) -> None:
    binaries = Path(sys.executable).parent
    session(page, stack.urls, {**stack.shell, "PATH": f"{binaries}:{stack.shell['PATH']}"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_more_that_runs_than_that_does_not(page: Path) -> None:
    found = list(blocks(page))
    assert sum(block.reason is None for block in found) > sum(block.reason is not None for block in found)
