"""Every operation of the three documents, asked by Schemathesis for all that its document allows and much that it forbids."""

import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.collector import Collector
from tests.support.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
_RULES = Path(__file__).with_name("schemathesis.toml")
_KEY = "a-key-of-this-test-alone"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of their own, which ask everybody for a key: whatever is asked changes nothing that other tests see."""
    with Collector() as collector, Stack(tmp_path_factory.mktemp("documents") / "state", collector, key=_KEY) as stack:
        yield stack


@pytest.mark.parametrize(("service", "examples"), [("scores", 25), ("chatbot", 15), ("trainer", 5)])
def test_no_answer_contradicts_the_document(closed: Stack, service: str, examples: int, tmp_path: Path) -> None:
    command = [f"{sysconfig.get_path('scripts')}/schemathesis", "--config-file", str(_RULES), "run"]
    asked = subprocess.run(
        [*command, f"{closed.urls[service]}/openapi.json", "--max-examples", str(examples), "--seed", "1", "--no-color"],
        cwd=tmp_path,
        env=closed.shell,
        capture_output=True,
        text=True,
        check=False,
    )
    told = "\n".join(line[:300] for line in asked.stdout.splitlines() if line.strip())
    assert asked.returncode == 0, told + asked.stderr
    assert f"Tested: {_operations(closed, service)}" in told
    events = [line for line in closed.logs[service].read_text().splitlines() if '"level":"error"' in line.replace(" ", "")]
    assert not events, "\n".join(events)


def _operations(stack: Stack, service: str) -> int:
    with stack.client() as client:
        paths = client.get(f"{stack.urls[service]}/openapi.json").json()["paths"]
    return sum(len(path) for path in paths.values())
