"""The hooks of pre-commit: valid, and made of commands that the environment has."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = ROOT / ".pre-commit-config.yaml"
HOOKS: Final[list[dict[str, Any]]] = [
    hook for repository in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["repos"] for hook in repository["hooks"]
]
BINARIES: Final = Path(sys.executable).parent


def test_pre_commit_accepts_the_configuration() -> None:
    said = subprocess.run(
        [BINARIES / "pre-commit", "validate-config", CONFIG], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_no_hook_is_fetched() -> None:
    assert {repository["repo"] for repository in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hooks_command_is_of_the_environment_or_the_makefile(hook: dict[str, Any]) -> None:
    command, *arguments = shlex.split(hook["entry"])
    if command == "make":
        assert f"\n{arguments[0]}: setup" in (ROOT / "Makefile").read_text(encoding="utf-8")
    else:
        assert command.startswith(".venv/bin/")
        assert (BINARIES / Path(command).name).exists()
        assert all((ROOT / argument).exists() for argument in arguments if argument.endswith(".py"))
