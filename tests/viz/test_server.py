"""The command `ntdemo-viz`: both servers in one process, started and ended as an operator does."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.viz.conftest import viz_environment

_NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_both_servers_without_a_traceback(tmp_path: Path, how: signal.Signals, status: int) -> None:
    dash, bokeh = free_ports(2)
    with Served("ntdemo-viz", tmp_path / "log", viz_environment(_NOWHERE, dash, bokeh), f"http://127.0.0.1:{dash}") as served:
        wait_until_ready(served, "/healthz")
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"http://127.0.0.1:{bokeh}/healthz").json()["service"] == "ntdemo viz (Bokeh)"
        assert served.end(how) == status
        assert "Traceback" not in served.log.read_text()
    for port in (dash, bokeh):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("busy", [0, 1], ids=["dash", "bokeh"])
def test_a_busy_port_is_one_sentence_and_a_failure(busy: int) -> None:
    ports = free_ports(2)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", ports[busy]))
        other.listen()
        ended = _run(viz_environment(_NOWHERE, *ports))
    assert ended.returncode == 1
    assert f"127.0.0.1:{ports[busy]}" in ended.stderr.splitlines()[-1]
    assert "in use" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("argument", "said"), [("--version", "ntdemo-viz "), ("--help", "VIZ_DASH_PORT (default: 8050)")])
def test_help_and_version_start_nothing(argument: str, said: str) -> None:
    ended = _run({}, argument)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert said in ended.stdout


def test_a_wrong_setting_is_one_sentence_and_status_2() -> None:
    ended = _run({"VIZ_BOKEH_ORIGINS": "*"})
    assert ended.returncode == 2
    assert ended.stderr.startswith("VIZ_BOKEH_ORIGINS='*' is not usable: ")
    assert ended.stderr.count("\n") == 1


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).with_name("ntdemo-viz"))
    return subprocess.run(
        [command, *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
