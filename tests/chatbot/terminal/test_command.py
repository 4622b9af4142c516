"""`ntdemo-chat`, as it is typed."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests.chatbot.conftest import GREETING, GREETING_JA, NOWHERE, Running
from tests.support.trainer_answers import SENT_ALWAYS, job

_AWAY = f"http://127.0.0.1:{NOWHERE}"


_COMMAND = str(Path(sys.executable).with_name("ntdemo-chat"))


def typed(url: str, *arguments: str, lines: str = "q\n", trainer: str = _AWAY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_COMMAND, *arguments],
        env=environment(url, trainer),
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(url: str, trainer: str) -> dict[str, str]:
    host, _, port = url.removeprefix("http://").partition(":")
    return {
        "PATH": "/usr/bin:/bin",
        "CHATBOT_HOST": host,
        "CHATBOT_PORT": port,
        "NTDEMO_TRAINER_URL": trainer,
        "PYTHONUTF8": "1",
    }


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, url: str, *arguments: str, trainer: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [_COMMAND, *arguments],
            env=environment(url, trainer) | {"TERM": "xterm", "COLUMNS": "200"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def until(self, text: str) -> None:
        """Wait until it shows this, or ends."""
        while text not in self.shown:
            try:
                self.shown += os.read(self._master, 4096).decode(errors="replace")
            except OSError:  # it ended
                break
        assert text in self.shown, self.shown

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def end(self) -> int:
        status = self._process.wait(timeout=60)
        os.close(self._master)
        return status


@contextmanager
def trainer_without_jobs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A trainer that never trained, and what it is asked for; every job publishes the scripted bot at once."""
    asked: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/events"):
                ended = json.dumps(job({"kind": "dialogue", "language": "en"}, run="dialogue-scripted"))
                self._answer(f"event: end\ndata: {ended}\n\n", media_type="text/event-stream")
            else:
                self._answer(json.dumps({"items": [], "next": None}))

        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["spec"])
            self._answer(json.dumps(job(asked[-1], state="queued")), status=202)

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _answer(self, text: str, *, media_type: str = "application/json", status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_it_talks_until_q(running: Running) -> None:
    ended = typed(running.url, lines="How are you?\n\nAnd now?\nq\nnot said\n")
    assert ended.returncode == 0
    assert ended.stdout.startswith("ntdemo-en, 100 steps, run dialogue-scripted. Say something; q quits.\n")
    assert ended.stdout.count(f"bot> {GREETING}\n") == 2
    assert "not said" not in ended.stdout


def test_it_talks_japanese(running: Running) -> None:
    ended = typed(running.url, "JA", lines="元気ですか\nq\n")
    assert ended.returncode == 0
    assert f"ボット> {GREETING_JA}" in ended.stdout


def test_the_end_of_input_ends_it(running: Running) -> None:
    assert typed(running.url, "en", lines="How are you?\n").returncode == 0


def test_fragments_are_spoken_of(running: Running) -> None:
    assert "does not answer at the moment" in typed(running.url, lines="what is like fB?\nq\n").stdout


def test_it_says_its_version_without_a_chatbot() -> None:
    ended = typed(_AWAY, "--version")
    assert (ended.returncode, ended.stdout) == (0, f"ntdemo-chat {version('ntdemo-chatbot')}\n")


def test_without_a_chatbot_it_says_how_to_start_one() -> None:
    ended = typed(_AWAY)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The chatbot at {_AWAY} does not answer. Start it with `make run`")
    assert "Traceback" not in ended.stderr


def test_another_language_is_refused(running: Running) -> None:
    ended = typed(running.url, "FR")
    assert ended.returncode == 2
    assert ended.stderr == "'FR' is no language of the chatbot: say EN or JA.\n"


def test_a_bot_that_is_old_enough_is_not_trained(running: Running) -> None:
    ended = typed(running.url, "EN", "100")
    assert ended.returncode == 0
    assert ended.stderr == ""


def test_without_a_trainer_the_younger_bot_talks_and_says_so(running: Running) -> None:
    ended = typed(running.url, "EN", "5000", lines="How are you?\nq\n")
    assert ended.returncode == 0
    assert f"The trainer at {_AWAY} does not answer" in ended.stderr
    assert "You are talking to the bot of 100 steps." in ended.stderr.replace("\n", " ")
    assert GREETING in ended.stdout


@pytest.mark.parametrize("iterations", ["many", "-1"])
def test_iterations_are_a_number(running: Running, iterations: str) -> None:
    assert typed(running.url, "EN", iterations).returncode == 2


def test_without_the_shipped_bots_corpora_it_says_how_to_name_others_and_talks(running: Running) -> None:
    with trainer_without_jobs() as (trainer, asked):
        ended = typed(running.url, "EN", "5000", lines="How are you?\nq\n", trainer=trainer)
    assert ended.returncode == 0
    assert "ntdemo-en came with the chatbot, without the conversations that it learned from." in ended.stderr
    assert "`--corpus talks.jsonl`" in ended.stderr
    assert "You are talking to the bot of 100 steps." in ended.stderr
    assert GREETING in ended.stdout
    assert asked == []


@pytest.mark.parametrize(("answer", "trained"), [("y", True), ("n", False), ("", False)])
def test_in_a_terminal_it_asks_before_the_starter_corpus_alone_is_learned(
    running: Running,
    answer: str,
    trained: bool,  # noqa: FBT001 - a case
) -> None:
    with trainer_without_jobs() as (trainer, asked):
        terminal = Terminal(running.url, "EN", "5000", trainer=trainer)
        terminal.until("Learn 5,000 steps of these alone? [y/N]")
        terminal.type(answer)
        terminal.until("you> ")
        terminal.type("How are you?")
        terminal.until(f"bot> {GREETING}")
        terminal.type("q")
        assert terminal.end() == 0
    expected = {**SENT_ALWAYS, "kind": "dialogue", "language": "en", "corpora": ["starter"], "begin_with": "shipped"}
    assert asked == ([{**expected, "iterations": 5000}] if trained else [])
    assert ("You are talking to the bot of 100 steps." in terminal.shown) is not trained


def test_named_corpora_are_learned_without_a_question_however_old_the_shipped_bot_is(running: Running) -> None:
    with trainer_without_jobs() as (trainer, asked):
        ended = typed(running.url, "EN", "50", "--corpus", "starter*2", lines="How are you?\nq\n", trainer=trainer)
    assert ended.returncode == 0
    assert GREETING in ended.stdout
    assert [spec["corpora"] for spec in asked] == [["starter*2"]]
    assert [spec["iterations"] for spec in asked] == [50]


def test_a_corpus_without_a_number_of_steps_is_refused(running: Running) -> None:
    ended = typed(running.url, "EN", "--corpus", "starter")
    assert ended.returncode == 2
    assert "say for how many steps" in ended.stderr
