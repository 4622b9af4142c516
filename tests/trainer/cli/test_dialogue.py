"""`ntdemo-train dialogue`: one process or several, stopped and resumed, told as a person and as JSON."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.store import Store
from dialogue.bundle import read_card

_TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def _command(*arguments: str, torchrun: bool = False) -> list[str]:
    return [sys.executable, *(_TORCHRUN if torchrun else ()), "-m", "trainer.cli", "dialogue", "--device", "cpu", *arguments]


def _environment(state: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NTDEMO_", "TRAINER_"))}
    return {**plain, "NTDEMO_STATE": str(state), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def _run(state: Path, *arguments: str, torchrun: bool = False) -> subprocess.CompletedProcess[str]:
    command = _command(*arguments, torchrun=torchrun)
    return subprocess.run(command, env=_environment(state), capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_that_two_flags_continue(tmp_path: Path) -> None:
    with subprocess.Popen(
        _command("--language", "ja", "--iterations", "1000000"),
        env=_environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert any("read the data" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert "nothing was published, --resume continues from there" in process.stderr.read()
    assert process.returncode == 130
    done = _run(tmp_path, "--language", "ja", "--iterations", "3", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["artifact"], told["card"]["language"]) == ("dialogue-ja", "ja")
    assert told["card"]["training"]["steps"] >= 3
    assert told["stages"].keys() == {"read", "learn", "measure", "network", "write", "commit", "publish"}


@pytest.mark.slow
def test_two_processes_under_torchrun_train_and_publish_one_bot(tmp_path: Path) -> None:
    done = _run(tmp_path, "--language", "en", "--iterations", "4", "--arch", "gru", torchrun=True)
    assert done.returncode == 0, done.stderr
    (run,) = (Store.under(tmp_path).root / "artifacts" / "dialogue-en").iterdir()
    assert done.stdout.startswith(f"{run.name}: dialogue-en, 4 steps")
    assert "hit@1 of 20" in done.stdout
    assert done.stderr.count("after 4 steps it answers") == 1
    card = read_card(run)
    assert card.architecture == "gru"
    assert card.scorecard is not None


def test_what_cannot_be_trained_is_one_sentence(tmp_path: Path) -> None:
    both = _run(tmp_path, "--language", "en", "--iterations", "3", "--minutes", "1")
    assert (both.returncode, both.stderr) == (2, "ntdemo-train: say either --iterations or --minutes\n")
    (tmp_path / "broken.txt").write_text("one column only\n")
    broken = _run(tmp_path, "--language", "en", "--corpus", str(tmp_path / "broken.txt"))
    assert broken.returncode == 2
    assert "ntdemo-train: broken.txt" in broken.stderr
    nothing = _run(tmp_path, "--language", "en", "--resume", "--json")
    assert (nothing.returncode, json.loads(nothing.stdout)["problem"]["type"]) == (2, "/problems/checkpoint-unusable")
