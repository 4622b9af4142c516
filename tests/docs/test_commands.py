"""What the documentation says to type works: tutorials in their order, README and guides command by command."""

import gzip
import re
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
    "git clone": "test_the_documentation_of_the_clone_is_built_without_a_warning",
    "make run": "test_every_door_answers_and_its_address_is_printed",
    "NTDEMO_DATA=assays.csv make run": "test_a_start_whose_data_fail_in_training_says_so_and_what_helps",
    "pip install clients/python": "test_a_table_is_trained_on_and_neighbours_come_back_as_a_table",
    "curl -N localhost:3031/v1/jobs/<job>/events": "test_every_operation_of_the_generated_python_answers",
    "curl -X DELETE localhost:3031/v1/jobs/<job>": "test_every_operation_of_the_generated_python_answers",
    "ntdemo doctor": "test_the_doctor_finds_services_that_answer",  # and viz missing on the stack
    ".venv/bin/ntdemo-client ": "test_a_file_is_written_without_a_display",
    ".venv/bin/ntdemo-chat ": "test_it_talks_until_q",
    ".venv/bin/ntdemo-train dialogue": "test_ctrl_c_leaves_a_checkpoint_that_two_flags_continue",
    "docker compose": "test_all_are_healthy_soon_and_serve_the_data_that_was_mounted",
    "helm install": "test_every_object_is_one_of_kubernetes",
    "make test": "test_a_workflow_runs_what_ci_runs_everywhere",
    "make check": "test_a_workflow_runs_what_ci_runs_everywhere",
    # Of targets and fragments of a large table that is not in the checkout:
    'curl localhost:3030/v1/predictions --json \'{"compounds": [{"smiles"': "test_the_generated_client_reads_the_answer_whole",
    "curl 'localhost:3030/v1/predictions?run=current'": "test_a_smiles_is_what_its_fragments_are_however_it_is_written",
    "curl 'localhost:3030/v1/fragments/id:5/neighbours": "test_alike_in_function_and_unlike_in_structure_is_one_question",
    "curl 'localhost:3030/v1/fragments/*Cl/replacements": "test_at_a_target_the_sign_is_what_was_laid_into_the_data",
    "curl localhost:3030/v1/replacements": "test_a_molecule_leads_to_products_with_what_is_predicted_of_them",
    "curl 'localhost:3030/v1/pairs": "test_measured_pairs_are_those_of_the_data_page_by_page",
    "export TRAINER_DATABASE_USER": "test_a_query_is_read_and_the_password_may_stand_in_a_file",
    ".venv/bin/ntdemo-train factors --data 'postgresql": "test_a_table_states_what_a_file_of_its_rows_states",
    ".venv/bin/ntdemo-train inspect 'postgresql": "test_a_table_states_what_a_file_of_its_rows_states",
}
"""How a command begins that the shared services cannot answer -> the test that runs the like of it."""
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
    tests = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    for begins, test in ELSEWHERE.items():
        assert any(command.startswith(begins) for command in found), begins
        assert test in tests
