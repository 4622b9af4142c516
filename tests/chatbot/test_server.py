"""The command `ntdemo-chatbot`: started, asked by callers who leave, and ended as an operator does."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.chatbot.conftest import GREETING, Running, chatbot_environment
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready


def figures(url: str) -> dict[str, float]:
    with httpx.Client(trust_env=False) as client:
        text = client.get(f"{url}/metrics").text
    return {name: float(value) for name, value in re.findall(r"^(chatbot_\w+) (\S+)$", text, re.MULTILINE)}


def leave_in_the_middle(port: int, count: int, **asked: object) -> None:
    """Ask on `count` connections, read the beginning of one answer, and hang up on all."""
    messages = [{"role": "user", "content": "How are you?"}]
    body = json.dumps({"model": "ntdemo-en", "messages": messages, "n": 8, **asked}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for caller in callers:
        caller.sendall(head.encode() + body)
    if asked.get("stream"):
        assert callers[0].recv(100)
    for caller in callers:
        caller.close()


@pytest.mark.parametrize("stream", [True, False])
def test_callers_who_hang_up_leave_no_work_behind(models: Path, tmp_path: Path, *, stream: bool) -> None:
    (port,) = free_ports(1)
    environment = chatbot_environment(models, port, CHATBOT_ROWS="1", CHATBOT_WAITING="1000")
    with Served("ntdemo-chatbot", tmp_path / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        leave_in_the_middle(port, 60, stream=stream)
        deadline_s = time.monotonic() + 20
        while (now := figures(served.url))["chatbot_replies_writing"] or now["chatbot_replies_waiting"]:
            assert time.monotonic() < deadline_s, now
            time.sleep(0.02)
        assert now["chatbot_replies_cancelled_total"] > 100
        with httpx.Client(trust_env=False) as client:
            asked = {"model": "ntdemo-en", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0}
            answer = client.post(f"{served.url}/v1/chat/completions", json=asked).json()
        assert answer["choices"][0]["message"]["content"] == GREETING
        assert served.end(signal.SIGTERM) == -signal.SIGTERM
    log = served.log.read_text()
    assert "Traceback" not in log
    assert "request_failed" not in log


def test_too_many_at_once_are_asked_to_come_back(models: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environment = chatbot_environment(models, port, CHATBOT_ROWS="1", CHATBOT_WAITING="2")
    with Served("ntdemo-chatbot", tmp_path / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        asked = {"model": "ntdemo-en", "messages": [{"role": "user", "content": "Hi"}], "n": 8}
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{served.url}/v1/chat/completions", json=asked)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert answer.json()["error"]["code"] == "all_busy"
        assert answer.json()["error"]["type"] == "server_error"


def test_it_says_how_much_it_does(running: Running) -> None:
    now = figures(running.url)
    assert set(now) == {
        "chatbot_replies_writing",
        "chatbot_replies_waiting",
        "chatbot_replies_total",
        "chatbot_replies_cancelled_total",
        "chatbot_tokens_total",
        "chatbot_steps_total",
        "chatbot_busy_seconds_total",
        "chatbot_first_token_seconds_count",
        "chatbot_first_token_seconds_created",
        "chatbot_first_token_seconds_sum",
    }


def test_without_any_bot_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with Served("ntdemo-chatbot", tmp_path / "log", chatbot_environment(tmp_path / "none", port), url) as served:
        wait_until_ready(served, "/healthz")
        with httpx.Client(trust_env=False) as client:
            ready = client.get(f"{url}/readyz")
            models = client.get(f"{url}/v1/models").json()
        assert ready.status_code == 503
        assert ready.json()["missing"] == {
            "ntdemo-en": "no bundle was shipped, and none is promoted",
            "ntdemo-ja": "no bundle was shipped, and none is promoted",
        }
        assert models["data"] == []
        assert served.end(signal.SIGINT) == 0


def test_a_busy_port_is_one_sentence_and_a_failure(models: Path) -> None:
    (port,) = free_ports(1)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        ended = _run(chatbot_environment(models, port))
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} is in use" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("CHATBOT_PORT", "http"), ("CHATBOT_ROWS", "0"), ("CHATBOT_VIZ_URL", "viz"), ("NTDEMO_LOG_LEVEL", "loud")],
)
def test_a_wrong_setting_is_one_sentence_and_status_2(name: str, value: str) -> None:
    ended = _run({name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{name}='{value}' is not usable: ")
    assert ended.stderr.count("\n") == 1


def _run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).with_name("ntdemo-chatbot"))
    return subprocess.run(
        [command], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_first_reply_waits_for_no_client_of_the_scores_api() -> None:
    loaded = "import sys, chatbot.app; print([name for name in ('scores_client', 'httpx') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_the_server_does_without_what_draws_the_terminals_bars() -> None:
    program = """
import sys
import chatbot.server as server
sys.argv = ["ntdemo-chatbot"]
def ended(*_, **__):
    import chatbot.bots.published, chatbot.fragments.scores
    print([name for name in sys.modules if name.startswith("rich.")])
sys.modules["servicekit.server"] = type(sys)("servicekit.server")
sys.modules["servicekit.server"].serve = ended
server.main()
"""
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout == "[]\n"
