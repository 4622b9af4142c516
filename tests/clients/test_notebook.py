"""The notebook of the client, executed as a reader executes it."""

import asyncio
import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from tests.support.stack import Stack

NOTEBOOK = Path(__file__).parents[2] / "clients" / "python" / "examples" / "first-look.ipynb"


@pytest.fixture
def executed(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))  # nothing of whoever runs the tests
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(copy.deepcopy(notebook), timeout=280, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    return asyncio.run(client.async_execute())  # `execute` leaves the loop that it makes open


@pytest.mark.e2e
@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages
def test_the_notebook_runs_from_top_to_bottom_and_shows_tables_and_progress(executed: Any) -> None:
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    shown = ["".join(output.get("data", {}).get("text/html", "") for output in cell.outputs) for cell in cells]
    assert "<table" in shown[0]
    assert "<progress" in shown[1]
    assert "succeeded" in shown[1]
    assert "*N1CCCCC1" in shown[2]
    assert shown[3].count("<tr") == 3
    assert "near" in shown[3]
    assert shown[4].count("data:image/svg+xml;base64,") == shown[4].count("<tr>") - 1 >= 1
    (drawing,) = cells[5].outputs
    assert drawing["data"]["image/svg+xml"].startswith("<svg")


def test_the_committed_notebook_carries_no_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
