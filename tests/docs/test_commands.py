"""What the documentation says to type works: tutorials in their order, README and guides command by command."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.documentation import ROOT, at_stack, blocks, session
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


DOORS = [ROOT / name for name in ("README.md", "clients/python/README.md")]
DOORS += [ROOT / "docs" / "guides" / f"{name}.md" for name in ("predict", "similarities", "your-table")]
ELSEWHERE = {
    "git clone": "tests/e2e/test_stranger.py",
    "make run": "tests/e2e/test_run.py",
    "NTDEMO_DATA=assays.csv make run": "tests/e2e/test_run.py",
    "pip install clients/python": "tests/e2e/test_stranger.py",
    "curl -N localhost:3031/v1/jobs/<job>/events": "tests/clients/test_generators.py",
    "curl -X DELETE localhost:3031/v1/jobs/<job>": "tests/clients/test_generators.py",
    "ntdemo doctor": "tests/clients/test_command.py",  # which finds viz missing on the stack, and says so by its status
    ".venv/bin/ntdemo-client ": "tests/viz/test_client.py",
    ".venv/bin/ntdemo-chat ": "tests/chatbot/terminal/test_command.py",
    ".venv/bin/ntdemo-train dialogue": "tests/trainer/cli/test_dialogue.py",
    "docker compose": "tests/deploy/engine/test_product.py",
    "helm install": "tests/deploy/test_chart.py",
    "make test": "tests/repository/test_ci.py",
    "make check": "tests/repository/test_ci.py",
    # Of targets and fragments of a large table that is not in the checkout:
    'curl localhost:3030/v1/predictions --json \'{"compounds": [{"smiles"': "tests/scores_api/test_predictions.py",
    "curl 'localhost:3030/v1/predictions?run=current'": "tests/scores_api/test_predictions.py",
    "curl 'localhost:3030/v1/fragments/id:5/neighbours": "tests/scores_api/test_similarities.py",
    "curl 'localhost:3030/v1/fragments/*Cl/replacements": "tests/scores_api/test_replacements.py",
    "curl localhost:3030/v1/replacements": "tests/scores_api/test_replacements.py",
    "curl 'localhost:3030/v1/pairs": "tests/scores_api/test_replacements.py",
    "export TRAINER_DATABASE_USER": "tests/trainer/data/test_database.py",
    ".venv/bin/ntdemo-train factors --data 'postgresql": "tests/trainer/data/test_database.py",
    ".venv/bin/ntdemo-train inspect 'postgresql": "tests/trainer/data/test_database.py",
}
"""How a command begins that the shared services cannot answer -> what runs the like of it."""
_PROGRAMS = ("curl ", "make ", "git ", "pip ", "ntdemo ", "docker ", "helm ", "export ", ".venv/bin/", "NTDEMO_")
_ASSUMED = {"README.md": 'import ntdemo\nimport pandas as pd\ntable = pd.read_csv("assays.csv")\n'}
"""What a page's Python takes for granted."""


def commands(page: Path) -> list[str]:
    """The commands of a page's blocks, a line each; blocks that are pictures have none."""
    texts = [block.text.replace("\\\n", " ") for block in blocks(page) if block.language in {"", "bash"}]
    return [line for text in texts for line in text.splitlines() if line.startswith(_PROGRAMS)]


def _is_elsewhere(command: str) -> bool:
    # A name that ends here ends with a blank in the list; --save needs no screen.
    return command.startswith(tuple(ELSEWHERE)) and "--save" not in command


ANSWERED = [page for page in DOORS if page.name != "similarities.md"]
"""The pages of which something can be answered; all that similarities.md asks is of a large table."""


@pytest.mark.e2e
@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", ANSWERED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_that_services_can_answer_ends_well(page: Path, stack: Stack, tmp_path: Path) -> None:
    table = (ROOT / "docs" / "tutorials" / "assays.csv").read_bytes()
    (tmp_path / "assays.csv").write_bytes(table)
    (tmp_path / "assays.csv.gz").write_bytes(gzip.compress(table))
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\n")  # a refusal is no good end
    binaries = Path(sys.executable).parent
    shell = {**stack.shell, "PATH": f"{binaries}:{stack.shell['PATH']}", "CURL_HOME": str(tmp_path)}
    wanted = [at_stack(each, stack.urls) for each in commands(page) if not _is_elsewhere(each)]
    for command in wanted:
        typed = command.replace(".venv/bin/", f"{binaries}/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    name = str(page.relative_to(ROOT))
    python = _ASSUMED.get(name, "") + "".join(block.text for block in blocks(page) if block.language == "python")
    done = subprocess.run([sys.executable, "-c", python], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert wanted or python


def test_what_runs_elsewhere_is_still_on_a_page_and_is_run_by_a_test_that_is_there() -> None:
    found = [command for page in DOORS for command in commands(page)]
    for begins, test in ELSEWHERE.items():
        assert any(command.startswith(begins) for command in found), begins
        assert (ROOT / test).is_file(), test
