"""How `make run` ends: Ctrl-C is answered at once, and what does not stop is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TOOLS = Path(__file__).parents[2] / "tools"
_STUBBORN = "trap 'echo asked to stop' TERM; echo deaf; while :; do sleep 1 & wait; done"
_SCRIPT = f"""
import sys
sys.path.insert(0, {str(_TOOLS)!r})
import run
services = run.Services(run.Terminal())
services.add_process("willing", "echo listening; exec sleep 600")
services.add_process("stubborn", "exec bash -c " + {_STUBBORN!r}.join(('"', '"')))
services.loop()
sys.exit(services.returncode if services.stopped_first else 0)
"""


@pytest.fixture
def running() -> Iterator["subprocess.Popen[str]"]:
    """Two services, of which one does not stop when it is asked to."""
    command = [sys.executable, "-u", "-c", _SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        _read_until(process, "listening", "deaf")
        yield process
        process.kill()


def test_ctrl_c_says_at_once_what_stops_and_kills_what_does_not(running: "subprocess.Popen[str]") -> None:
    running.send_signal(signal.SIGINT)
    said = _read_until(running, "stopping willing, stubborn; Ctrl-C again kills what is left")
    assert "sending SIGTERM" not in said
    _read_until(running, "asked to stop", "willing stopped", "stubborn stopped (rc=-9)")
    assert running.wait(30) == 0


def test_a_second_ctrl_c_kills(running: "subprocess.Popen[str]") -> None:
    running.send_signal(signal.SIGINT)
    _read_until(running, "asked to stop")
    running.send_signal(signal.SIGINT)
    _read_until(running, "killing", "stubborn stopped (rc=-9)")
    assert running.wait(30) == 0


def test_services_end_also_when_nobody_reads_what_they_say(running: "subprocess.Popen[str]") -> None:
    assert running.stdout is not None
    running.stdout.close()
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0


def _read_until(process: "subprocess.Popen[str]", *texts: str) -> str:
    """What it prints until each of `texts` has come; fails with it when it ends before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if all(text in said for text in texts):
            return said
    raise AssertionError(said)
