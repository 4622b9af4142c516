"""A start that cannot succeed ends with one sentence and a status that is not 0."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.ports import free_ports
from tests.support.trainer import TrainerProcess

from trainer.jobs.claim import claimed
from trainer.store.lock import publishing


def _start(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NTDEMO_", "TRAINER_"))}
    variables = {**plain, "NTDEMO_STATE": str(state), "TRAINER_PORT": str(free_ports(1)[0]), **environment}
    command = [sys.executable, "-m", "trainer.api.server"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)


def _sentence(done: subprocess.CompletedProcess[str], status: int = 2) -> str:
    assert done.returncode == status, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_broken_data_stop_the_start_with_file_field_and_value(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"fragment_comp": {"fA": [1, 0]}, "comp_target_interaction": [[1, 2], ["x", 0]]}))
    told = _sentence(_start(tmp_path / "state", NTDEMO_DATA=str(data)))
    assert (
        told
        == f'ntdemo-trainer: The data of {data} cannot be used: data.json, comp_target_interaction[1][0]: "x" is not a number\n'
    )
    assert not (tmp_path / "state").exists()


def test_data_that_are_not_there_stop_the_start(tmp_path: Path) -> None:
    told = _sentence(_start(tmp_path / "state", NTDEMO_DATA=str(tmp_path / "gone.json")))
    assert "gone.json': there is no such file or directory." in told


def test_a_table_without_smiles_stops_the_start(tmp_path: Path) -> None:
    data = tmp_path / "assays.csv"
    data.write_text("name,t1\nx,1\n")
    assert "assays.csv: has no SMILES column" in _sentence(_start(tmp_path / "state", NTDEMO_DATA=str(data)))


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    told = _sentence(_start(tmp_path / "state", TRAINER_PORT="many"))
    assert told.startswith("ntdemo-trainer: TRAINER_PORT is 'many': input should be a valid integer")


@pytest.mark.parametrize(("state", "reason"), [("/proc/ntdemo", "No such file or directory"), ("file", "File exists")])
def test_a_state_directory_that_cannot_be_used_stops_the_start(tmp_path: Path, state: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    assert f"cannot be used: {reason}" in _sentence(_start(tmp_path / state))


def test_a_second_trainer_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with claimed(tmp_path):
        assert f"belongs to a trainer that is running (process {os.getpid()})" in _sentence(_start(tmp_path))


def test_a_busy_port_stops_the_start_and_gives_the_state_back(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = _sentence(_start(tmp_path, TRAINER_PORT=port, TRAINER_HOST="127.0.0.1"), status=1)
    assert f"127.0.0.1:{port} is in use by another program" in told
    with claimed(tmp_path):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_at_once_and_ends_the_trainer_whatever_it_waits_for(
    tmp_path: Path, number: signal.Signals
) -> None:
    with publishing(tmp_path / "state"):  # which its recovery of the store waits for
        (tmp_path / "state" / "store").mkdir()
        with TrainerProcess(tmp_path / "state") as trainer:
            trainer.process.send_signal(number)
            assert trainer.process.wait(30) == 0
    log = trainer.log.read_text()
    assert log.index("stopping") < log.index("stop_not_waited_for")


def test_a_signal_ends_the_worker_and_what_it_started(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "state") as trainer:
        trainer.wait_until_logged("job_started")
        assert trainer.stop() == 0
        assert trainer.leftovers(within_s=10) == []
    assert "stop_not_waited_for" not in trainer.log.read_text()
