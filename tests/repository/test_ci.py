"""What CI runs is in the checkout, whole."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = sorted(path for path in (ROOT / ".ci").iterdir() if path.suffix != ".md")
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BESIDE: Final = re.compile(r"\.\./shared/(?!(?:data|cases)\b)\w+")


def steps(workflow: Path) -> list[str]:
    """The commands of a workflow."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_bash_that_stops_at_the_first_failure(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/bash\n# ")
    assert "\nset -euo pipefail\n" in text
    assert os.access(script, os.X_OK)
    parsed = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_calls_no_script_that_is_missing(script: Path) -> None:
    for called in re.findall(r"(?m)^\s*(\.ci/[\w-]+)", script.read_text(encoding="utf-8")):
        assert os.access(ROOT / called, os.X_OK), called


def test_nothing_beside_the_checkout_is_used_but_optional_data() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout, so what git lists cannot be asked")
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            ".ci",
            ".github",
            ".devcontainer",
            "Makefile",
            "tests",
            "tools",
            "deploy",
            "services",
            "shared",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    texts = {path: path.read_bytes().decode(errors="replace") for path in paths if path.is_file() and path != Path(__file__)}
    assert {str(path): BESIDE.findall(text) for path, text in texts.items() if BESIDE.search(text)} == {}


def test_the_script_for_the_base_image_says_what_it_lacks_where_no_engine_answers(tmp_path: Path) -> None:
    nowhere = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    asked = subprocess.run([ROOT / ".ci" / "python-image"], env=nowhere, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert f"no Docker engine answers at unix://{tmp_path}/none.sock" in asked.stderr


def test_a_workflow_runs_what_ci_runs_everywhere() -> None:
    commands = [command for workflow in WORKFLOWS for command in steps(workflow)]
    assert ".ci/run" in commands


def test_the_long_rounds_that_ci_asks_for_are_read_by_tests_and_told_in_the_documentation() -> None:
    asked = dict(re.findall(r"(NTDEMO_\w+)=(\d+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8")))
    assert asked.keys() == {"NTDEMO_HISTORIES", "NTDEMO_FLIPS"}
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name, number in asked.items():
        assert any(f'os.environ.get("{name}"' in text for text in tests), name
        assert f"`{name}={number}`" in told, name
