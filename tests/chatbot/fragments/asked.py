"""Questions about fragments put to a real scores API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Contents, Publisher

from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.finding import Answered
from chatbot.fragments.scores import FragmentScores
from contracts.kinds import Objective
from dialogue.bundle import Language

__all__ = ["EN", "JA", "RUN", "VIZ", "answer_of", "found_of", "scores_api"]

VIZ = "http://viz.example:8050"
EN, JA = Language.ENGLISH, Language.JAPANESE
RUN: dict[str, Any] = {
    "id": "r",
    "kind": "factors",
    "objective": "activity",
    "activity_kind": "real",
    "source": "table.csv",
    "data": "d",
    "current": True,
    "name": None,
    "tags": [],
    "note": "",
    "pinned": False,
    "aliases": ["current"],
    **dict.fromkeys(("published", "started", "finished"), "2026-11-23T12:00:00Z"),
    "seconds": 1.0,
    "device": "cpu",
    "code_version": "0.1.0",
    **dict.fromkeys(("fragments", "shown_fragments", "compounds", "targets", "rank"), 3),
    "similarities": ["function", "coassay", "balanced"],
    "change_unit": "log units",
    "spec": {},
    "ingest": {},
    "metrics": {},
}
"""What an API states of a run of activities."""


def scores_api(
    directory: Path, contents: Contents | None, objective: Objective = Objective.COUNTS, **settings: str
) -> Iterator[str]:
    """Serve a run with these contents, if any; its address."""
    state = directory / "state"
    if contents is not None:
        Publisher(state).publish(contents, objective=objective)
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port), **settings}
    with Served("ntdemo-scores-api", directory / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served, "/readyz" if contents else "/healthz")
        yield served.url


async def found_of(url: str, message: str, language: Language = EN) -> Answered | None:
    """What is answered to the last of messages that ` || ` parts."""
    async with FragmentAnswers(lambda: FragmentScores(url), viz_url=VIZ) as fragments:
        question = fragments.question(message.split(" || "))
        return None if question is None else await fragments.answer(question, language)


async def answer_of(url: str, message: str, language: Language = EN) -> str | None:
    """The words of it."""
    found = await found_of(url, message, language)
    return None if found is None else found.text
