"""`ntdemo`, as its users type it."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest
from tests.support.ports import free_ports
from tests.support.stack import Stack
from typer.testing import CliRunner

import ntdemo
from ntdemo.command.main import application

_COMMAND = str(Path(sys.executable).with_name("ntdemo"))


def _typed(*arguments: str, stack: Stack | None = None, said: str = "", **environment: Any) -> subprocess.CompletedProcess[str]:
    shell = {**(stack.shell if stack else {}), "PATH": str(Path(sys.executable).parent), **environment}
    return subprocess.run(
        [_COMMAND, *arguments], env=shell, input=said, capture_output=True, text=True, check=False, timeout=240
    )


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_version_is_that_of_the_distribution() -> None:
    assert _typed("--version").stdout == f"ntdemo {version('ntdemo')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_it(shell: str) -> None:
    done = _typed("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert "_NTDEMO_COMPLETE" in done.stdout


_COMMANDS: Final = (
    *("runs", "jobs", "train", "inspect", "neighbours", "replace", "predict", "doctor"),
    *(f"store {name}" for name in ("check", "repair", "backup", "restore", "vacuum")),
    *(f"store quarantine {name}" for name in ("list", "restore", "empty")),
    *(f"keys {name}" for name in ("create", "list", "revoke")),
)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_prints_json_where_it_is_asked_to(name: str) -> None:
    assert "--json" in _typed(*name.split(), "--help", TERM="dumb", COLUMNS="200").stdout


def test_the_trainers_own_commands_are_passed_on_with_every_word(tmp_path: Path) -> None:
    shell: dict[str, Any] = {"NTDEMO_STATE": str(tmp_path)}
    made = _json(_typed("keys", "create", "me", "--scope", "train", "--json", **shell))
    (key,) = _json(_typed("keys", "list", "--json", **shell))["keys"]
    assert (key["id"], key["name"], key["scope"]) == (made["id"], "me", "train")
    assert _json(_typed("keys", "revoke", made["id"], "--json", **shell)) == {"id": made["id"], "name": "me"}
    assert _json(_typed("keys", "list", "--json", **shell)) == {"keys": []}
    assert _json(_typed("store", "check", "--json", **shell)) == {"runs": [], "unnamed": []}
    assert "restore" in _typed("store", "--help", TERM="dumb", COLUMNS="200").stdout
    assert _typed("keys", "revoke", "none", **shell).returncode == 2


def test_a_machine_without_the_trainer_is_told_where_its_commands_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntdemo.command.local.entry_points", lambda **_: ())
    done = CliRunner().invoke(application(), ["store", "check"])
    assert done.exit_code == 1
    assert "where the trainer is installed" in done.stderr


def test_nobody_who_answers_is_a_sentence_and_status_1_in_json_as_well() -> None:
    (port,) = free_ports(1)
    done = _typed("runs", "--json", NTDEMO_PORT=str(port))
    assert done.returncode == 1
    assert "nothing listens there" in json.loads(done.stdout)["error"]["detail"]
    assert done.stderr.count("\n") == 1
    assert _typed("runs", NTDEMO_PORT="many").returncode == 2


def test_the_doctor_names_what_is_missing_and_ends_with_status_1(tmp_path: Path) -> None:
    ports = dict(zip(("NTDEMO_PORT", "TRAINER_PORT", "VIZ_DASH_PORT", "CHATBOT_PORT"), map(str, free_ports(4)), strict=True))
    environment: dict[str, Any] = {"NTDEMO_STATE": str(tmp_path / "none"), **ports}
    done = _typed("doctor", "--json", **environment)
    assert done.returncode == 1
    found = {each["what"]: each for each in json.loads(done.stdout)}
    assert found["Python"]["state"] == "ok"
    assert found["releases"]["state"] == "ok"
    scores = found[f"scores at http://localhost:{ports['NTDEMO_PORT']}"]
    assert scores["state"] == "bad"
    assert "nothing listens there" in scores["told"]
    assert "not there" in found[f"state in {tmp_path / 'none'}"]["told"]
    assert {"disk", "Java", "GPU"} <= found.keys()


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.spark
def test_the_doctor_finds_services_that_answer(stack: Stack) -> None:
    found = {each["what"].split()[0]: each for each in json.loads(_typed("doctor", "--json", stack=stack).stdout)}
    assert [found[name]["state"] for name in ("scores", "trainer", "chatbot", "state")] == ["ok"] * 4
    assert found["viz"]["state"] == "bad"  # which is not among them


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.spark
def test_a_table_is_inspected_trained_followed_and_predicted_by(stack: Stack, table: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "assays.csv"
    table.to_csv(file, index=False)
    (plan,) = _json(_typed("inspect", str(file), "--json", stack=stack))
    assert [column["role"] for column in plan["files"][0]["columns"]] == ["molecule", "value"]
    (job,) = _json(_typed("train", str(file), "--target", "pIC50", "--json", stack=stack))
    assert job["state"] == "succeeded"
    assert job["run"] in [run["id"] for run in _json(_typed("runs", "--json", stack=stack))]
    assert job["id"] in _typed("jobs", stack=stack).stdout
    assert "fit" in _typed("jobs", job["id"], "--log", stack=stack).stdout
    typed = _json(_typed("predict", "CCN1CCOCC1", "--run", job["run"], "--json", stack=stack))
    piped = _json(_typed("predict", "-", "--run", job["run"], "--json", stack=stack, said="CCN1CCOCC1\n\n"))
    assert typed == piped
    assert typed[0]["measured"] == 4.5
    assert len(_json(_typed("predict", str(file), "--run", job["run"], "--json", stack=stack))) == len(table)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.spark
def test_replace_tells_what_can_take_a_place_at_a_target_and_in_a_molecule(run: ntdemo.Run, stack: Stack) -> None:
    asked = ("replace", "*N1CCOCC1", "--run", run.id)
    rows = _json(_typed(*asked, "--json", stack=stack))
    assert {row["name"] for row in rows} >= {"*N1CCNCC1", "*N1CCCCC1"}
    assert all(row["low"] <= row["expected_change"] <= row["high"] for row in rows)
    head, *lines = _typed(*asked, "--target", "pIC50", stack=stack).stdout.splitlines()
    assert head.split()[:5] == ["rank", "name", "target", "shift", "shift_low"]
    assert len(lines) == len(rows)
    made = _json(_typed(*asked, "--in", "Cc1ccc(N2CCOCC2)cc1", "--by", "*N1CCCCC1", "--target", "pIC50", "--json", stack=stack))
    assert [(row["smiles"], row["name"], row["target"]) for row in made] == [("Cc1ccc(N2CCCCC2)cc1", "*N1CCCCC1", "pIC50")]
    assert made[0]["shift_low"] < made[0]["shift"] < made[0]["shift_high"]
    refused = _typed(*asked, "--by", "*F", stack=stack)
    assert (refused.returncode, refused.stderr) == (2, "--by and several targets are of a molecule: name it by --in\n")


@pytest.mark.e2e
@pytest.mark.spark
def test_a_table_for_people_has_a_line_a_neighbour(built_in: ntdemo.Run, stack: Stack) -> None:
    lines = _typed("neighbours", "fB", "--run", built_in.id, stack=stack).stdout.splitlines()
    assert len(lines) == 5
    assert lines[1].split()[:2] == ["1", "fC"]


@pytest.mark.e2e
@pytest.mark.spark
def test_what_the_caller_can_mend_is_status_2_with_the_problem_in_json(stack: Stack) -> None:
    done = _typed("predict", "no molecule", "--json", stack=stack)
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "molecules-unreadable"
    assert error["errors"]
