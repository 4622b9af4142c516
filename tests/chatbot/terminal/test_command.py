"""`ntdemo-chat`, as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.chatbot.conftest import GREETING, GREETING_JA, NOWHERE, Running

_AWAY = f"http://127.0.0.1:{NOWHERE}"


def typed(url: str, *arguments: str, lines: str = "q\n") -> subprocess.CompletedProcess[str]:
    host, _, port = url.removeprefix("http://").partition(":")
    environment = {"PATH": "/usr/bin:/bin", "CHATBOT_HOST": host, "CHATBOT_PORT": port, "NTDEMO_TRAINER_URL": _AWAY}
    environment |= {"PYTHONUTF8": "1"}
    command = str(Path(sys.executable).with_name("ntdemo-chat"))
    return subprocess.run(
        [command, *arguments], env=environment, input=lines, capture_output=True, text=True, timeout=60, check=False
    )


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
