"""`ntdemo-train` does what a job does, and what stops it is said in a sentence."""

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.support.processes import gone
from tests.support.reader import whole_runs
from tests.support.seed_json import seed_json

from trainer.store.lock import publishing


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trainer.cli", *arguments]


def _environment(state: Path, **more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NTDEMO_", "TRAINER_"))}
    return {**plain, "NTDEMO_STATE": str(state), "COLUMNS": "200", **more}


def _run(state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments), env=_environment(state, **environment), capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.slow
@pytest.mark.spark
def test_json_is_one_object_on_standard_output_and_the_run_is_published(tmp_path: Path) -> None:
    data = tmp_path / "mine.json"
    data.write_bytes(seed_json([[1, 0, 1], [0, 1, 1]], [[1, 0], [0, -1], [1, 1]]))
    done = _run(tmp_path / "state", "factors", "--data", str(data), "--rank", "2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["source"], told["fragments"], told["rank"]) == ("mine.json", 2, 2)
    assert told["stages"].keys() == {"spark", "read", "fit", "neighbours", "network", "write", "commit", "publish"}
    assert list(whole_runs(tmp_path / "state")) == [told["run"]]
    assert "fit factors" in done.stderr


@pytest.mark.slow
@pytest.mark.spark
def test_ctrl_c_stops_it_and_its_children_and_publishes_nothing(tmp_path: Path) -> None:
    with publishing(tmp_path / "state"):  # it waits for us before it writes
        with subprocess.Popen(
            _command("factors", "--data", "built-in"),
            env=_environment(tmp_path / "state"),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stderr is not None
            assert any("another run is being published" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            assert "stopped; nothing was published" in process.stderr.read()
        assert process.returncode == 130
        assert gone(process.pid)
    assert whole_runs(tmp_path / "state") == {}


def test_data_that_cannot_be_used_are_told_place_by_place(tmp_path: Path) -> None:
    data = tmp_path / "broken.json"
    data.write_bytes(seed_json([[1, 0], [0, 7]], [[1, 0], [0]]))
    done = _run(tmp_path / "state", "factors", "--data", str(data))
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == (
        'ntdemo-train: broken.json, fragment_comp["f1"][1]: 7 is neither 1 (the compound contains the fragment) nor 0 '
        "(and 1 more offence)"
    )
    assert second.startswith("  broken.json, comp_target_interaction[1]: has 1 values where there are 2 targets")


def test_a_problem_is_one_object_too_with_json(tmp_path: Path) -> None:
    done = _run(tmp_path / "state", "factors", "--data", "/no/such/file.csv", "--json")
    assert done.returncode == 2
    problem = {"type": "/problems/data-not-found", "detail": "/no/such/file.csv: there is no such file or directory."}
    assert json.loads(done.stdout) == {"problem": problem}
    assert done.stderr == "ntdemo-train: /no/such/file.csv: there is no such file or directory.\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (("--rank", "0"), {}, "0 is not in the range 1<=x<=512"),
        (("--device", "tpu"), {}, "--device: 'tpu' is no device: expected auto, cpu, cuda or cuda:N"),
        (("--data", "built-in", "--data", "a.csv"), {}, "'built-in' cannot be combined with other sources"),
        (("--layout", "wide", "--value-column", "v"), {}, "--value-column belong to long tables, but layout is wide"),
        ((), {"NTDEMO_DATA": "/no/such/data.json"}, "/no/such/data.json: there is no such file or directory."),
        ((), {"NTDEMO_LOG_FORMAT": "xml"}, "NTDEMO_LOG_FORMAT is 'xml': input should be 'text' or 'json'."),
    ],
)
def test_what_cannot_be_done_is_refused_with_status_2(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    done = _run(tmp_path / "state", "factors", *arguments, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_column_that_is_missing_is_named_by_its_option(tmp_path: Path) -> None:
    data = tmp_path / "assays.csv"
    data.write_text("name,t1\nx,1\n")
    told = "assays.csv: has no SMILES column: name it with --smiles-column (there are name, t1)"
    done = _run(tmp_path / "state", "factors", "--data", str(data), "--json")
    assert done.returncode == 2
    assert f"ntdemo-train: {told}\n" in done.stderr
    problem = json.loads(done.stdout)["problem"]
    assert (problem["detail"], problem["offences"][0]["reason"]) == (told, told.removeprefix("assays.csv: "))


@pytest.mark.parametrize("asked", [("--version",), ("--help",), ("factors", "--help")])
def test_version_and_help_are_answered_without_a_state_directory(tmp_path: Path, asked: tuple[str, ...]) -> None:
    done = _run(tmp_path / "state", *asked)
    assert done.returncode == 0
    assert ("Usage" in done.stdout) != (done.stdout == f"ntdemo-train {version('ntdemo-trainer')}\n")
    assert not (tmp_path / "state").exists()


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _run(tmp_path / "file" / "state", "factors", "--data", "built-in")
    assert done.returncode == 2
    assert done.stderr.startswith("ntdemo-train: NTDEMO_STATE is '")
    assert "which cannot be made: Not a directory." in done.stderr


def test_devices_are_listed_for_people_and_machines(tmp_path: Path) -> None:
    done = _run(tmp_path, "devices", "--json")
    cpu = json.loads(done.stdout)[0]
    assert (cpu["name"], cpu["memory_bytes"] > 0) == ("cpu", True)
    assert _run(tmp_path, "devices").stdout.startswith("cpu ")
