"""A bot's training continued by the trainer's jobs."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from chatbot.terminal.failures import CorporaAway, TrainerAway, TrainingFailed
from chatbot.terminal.talk import Bot
from chatbot.terminal.training import Training
from dialogue.bundle import Language

_OLD = {
    "kind": "dialogue",
    "language": "en",
    "corpora": ["dataset:abc"],
    "architecture": "gru",
    "iterations": None,
    "minutes": 10.0,
    "resume": False,
    "seed": 3,
}


_SHIPPED = Bot("ntdemo-en", "dialogue-shipped", 500, published=False)
_PUBLISHED = Bot("ntdemo-en", "dialogue-old", 500, published=True)


class Trainer:
    """Takes one job and ends it as the test says."""

    def __init__(self, *jobs: Mapping[str, Any], end: Mapping[str, Any] | None = None, refusal: str | None = None) -> None:
        self.jobs = [{"spec": spec} for spec in jobs]
        self.end = end or {"state": "succeeded", "run": "dialogue-new", "problem": None}
        self.refusal = refusal
        self.asked: dict[str, Any] = {}
        self.uploaded: dict[str, bytes] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/datasets":
            name = request.url.params["name"]
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name)
            self.uploaded[name] = request.read()
            return httpx.Response(201, json={"source": f"dataset:{len(self.uploaded)}"})
        if request.method == "POST":
            self.asked = json.loads(request.content)["spec"]
            if self.refusal:
                return httpx.Response(422, json={"detail": self.refusal})
            return httpx.Response(202, json={"id": "job-1"})
        if request.url.path == "/v1/jobs":
            assert request.url.params["state"] == "succeeded"
            return httpx.Response(200, json={"items": self.jobs})
        assert request.url.path == "/v1/jobs/job-1/events"
        events = [("stage-started", {"stage": "learn"}), ("progress", {"stage": "learn", "done": 5, "total": 10, "loss": 3.2})]
        text = ": comment\n\n" + "".join(
            f"id: 1\nevent: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in [*events, ("end", self.end)]
        )
        return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})


def go_on(
    trainer: Trainer, *corpora: str, bot: Bot | None = _PUBLISHED, language: Language = Language.ENGLISH
) -> tuple[str, list[str]]:
    kinds: list[str] = []
    with Training("http://trainer", transport=httpx.MockTransport(trainer)) as training:
        run = training.go_on(language, 2000, bot=bot, corpora=corpora, told=lambda kind, _: kinds.append(kind))
    return run, kinds


def test_the_last_training_of_the_language_goes_on_with_what_it_learned_from() -> None:
    trainer = Trainer({"kind": "factors"}, {**_OLD, "language": "ja"}, _OLD, {**_OLD, "seed": 1})
    assert go_on(trainer) == ("dialogue-new", ["stage-started", "progress", "end"])
    assert trainer.asked == {**_OLD, "iterations": 2000, "minutes": None, "resume": True}


def test_a_trainer_that_has_a_key_is_sent_it() -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("Authorization"))
        return httpx.Response(401, json={"detail": "The key that was sent is not this trainer's."})

    for key in (SecretStr("open sesame"), None):
        with (
            Training("http://trainer", key=key, transport=httpx.MockTransport(answer)) as training,
            pytest.raises(TrainingFailed, match="not this trainer's"),
        ):
            training.go_on(Language.ENGLISH, 2000, bot=None, told=lambda *_: None)
    assert sent == ["Bearer open sesame", None]


def test_without_an_earlier_job_the_checkpoint_is_asked_for_and_nothing_else() -> None:
    trainer = Trainer()
    go_on(trainer)
    assert trainer.asked == {"kind": "dialogue", "language": "en", "iterations": 2000, "minutes": None, "resume": True}


def test_a_language_without_a_bot_begins_anew() -> None:
    trainer = Trainer(_OLD)
    go_on(trainer, bot=None, language=Language.JAPANESE)
    assert trainer.asked == {"kind": "dialogue", "language": "ja", "iterations": 2000}
    go_on(trainer, "starter*10", bot=None, language=Language.JAPANESE)
    assert trainer.asked == {"kind": "dialogue", "language": "ja", "corpora": ["starter*10"], "iterations": 2000}


def test_the_shipped_bot_learns_nothing_that_nobody_named() -> None:
    trainer = Trainer({**_OLD, "language": "ja"})
    with pytest.raises(CorporaAway, match="--corpus starter"):
        go_on(trainer, bot=_SHIPPED)
    assert trainer.asked == {}


def test_the_shipped_bot_goes_on_with_a_training_that_this_trainer_did() -> None:
    trainer = Trainer(_OLD)
    go_on(trainer, bot=_SHIPPED)
    assert trainer.asked["resume"] is True


@pytest.mark.parametrize("bot", [_SHIPPED, _PUBLISHED])
def test_named_corpora_are_learned_by_what_the_shipped_bot_knows_and_no_licence_is_claimed(bot: Bot) -> None:
    trainer = Trainer(_OLD)
    assert go_on(trainer, "starter*10", "/data/talks", bot=bot)[0] == "dialogue-new"
    expected = {"kind": "dialogue", "language": "en", "corpora": ["starter*10", "/data/talks"], "iterations": 2000}
    assert trainer.asked == {**expected, "begin_with": "shipped"}


def test_files_are_uploaded_and_what_is_said_of_them_stays(tmp_path: Path) -> None:
    talks, tables = tmp_path / "our talks é.jsonl", tmp_path / "b.tsv"
    talks.write_text("one")
    tables.write_text("two")
    trainer = Trainer()
    go_on(trainer, f"{talks}#friendly*3", str(tables), "starter", bot=_SHIPPED)
    assert trainer.uploaded == {"corpus-our_talks__.jsonl": b"one", "corpus-b.tsv": b"two"}
    assert trainer.asked["corpora"] == ["dataset:1#friendly*3", "dataset:2", "starter"]


def test_a_file_that_is_not_here_is_said_and_not_looked_for_by_the_trainer(tmp_path: Path) -> None:
    trainer = Trainer()
    with pytest.raises(TrainingFailed, match=r"There is no file '.*/talks\.jsonll' here"):
        go_on(trainer, f"{tmp_path / 'talks.jsonll'}#friendly*3", bot=_SHIPPED)
    assert (trainer.asked, trainer.uploaded) == ({}, {})
    folder = tmp_path / "talks.d"
    folder.mkdir()
    go_on(trainer, str(folder), "/data/talks", "dataset:abc", bot=_SHIPPED)
    assert trainer.asked["corpora"] == [str(folder), "/data/talks", "dataset:abc"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"state": "failed", "run": None, "problem": {"detail": "no checkpoint to resume"}}, "no checkpoint to resume"),
        ({"state": "cancelled", "run": None, "problem": None}, "the job was cancelled"),
    ],
)
def test_a_job_that_fails_says_why(end: Mapping[str, Any], said: str) -> None:
    with pytest.raises(TrainingFailed, match=said):
        go_on(Trainer(end=end))


def test_a_job_that_is_refused_says_why() -> None:
    with pytest.raises(TrainingFailed, match="a corpus is named twice"):
        go_on(Trainer(refusal="a corpus is named twice"))


def test_what_else_answers_there_is_no_trainer() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="hello")

    with (
        Training("http://trainer", transport=httpx.MockTransport(answer)) as training,
        pytest.raises(TrainerAway, match="http://trainer"),
    ):
        training.go_on(Language.ENGLISH, 10, bot=None, told=lambda _kind, _event: None)
