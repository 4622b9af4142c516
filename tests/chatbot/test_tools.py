"""The tool `fragments`, suggestions and drawings."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.chatbot.fragments.asked import scores_api
from tests.support.store import named_fragments


def test_the_tool_is_described_as_chat_completions_take_it(chat: TestClient) -> None:
    (tool,) = chat.get("/v1/tools").json()["data"]
    assert (tool["type"], tool["function"]["name"]) == ("function", "fragments")
    assert tool["function"]["parameters"]["required"] == ["question"]
    message = {"role": "user", "content": "what is like fB?"}
    answer = chat.post("/v1/chat/completions", json={"model": "ntdemo-en", "messages": [message], "tools": [tool]}).json()
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


def test_the_tool_answers_questions_about_fragments_and_says_when_it_is_none(chat: TestClient) -> None:
    away = chat.post("/v1/tools/fragments", json={"question": "fBに似ているのは？", "language": "ja"}).json()
    assert "応答していません" in away["text"]
    other = chat.post("/v1/tools/fragments", json={"question": "How are you?"}).json()
    assert other == {"text": "That is no question about fragments that I can look up.", "lookup": {}}
    follow_up = chat.post("/v1/tools/fragments", json={"question": "and fC?", "earlier": ["what is like fB?"]}).json()
    assert "does not answer" in follow_up["text"]


def test_nothing_is_suggested_while_there_is_nothing_to_ask_about(chat: TestClient) -> None:
    assert chat.get("/v1/suggestions", params={"language": "ja"}).json() == {"questions": []}


@pytest.fixture(scope="module")
def before_scores(
    models: Path, serve: Callable[..., AbstractContextManager[TestClient]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """The application before a scores API with one fragment."""
    for url in scores_api(tmp_path_factory.mktemp("scores"), named_fragments(["*N1CCOCC1", "*c1ccccc1"])):
        with serve(models, scores_port=int(url.rsplit(":", 1)[1])) as client:
            yield client


def test_a_fragment_is_drawn_as_the_scores_api_draws_it(before_scores: TestClient) -> None:
    question = {"smiles": "[*]N1CCOCC1"}
    answer = before_scores.get("/v1/drawings", params=question)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "<title>[*]N1CCOCC1</title>" in answer.text
    assert "prefers-color-scheme:dark" in answer.text
    assert answer.headers["cache-control"] == "public, max-age=86400"
    held = before_scores.get("/v1/drawings", params=question, headers={"If-None-Match": answer.headers["etag"]})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", answer.headers["etag"])


def test_what_is_no_smiles_is_not_drawn(before_scores: TestClient) -> None:
    wrong = before_scores.get("/v1/drawings", params={"smiles": "morpholine"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/smiles-unreadable")


def test_nothing_is_drawn_while_the_scores_api_is_away(chat: TestClient) -> None:
    away = chat.get("/v1/drawings", params={"smiles": "*N1CCOCC1"})
    assert (away.status_code, away.json()["type"]) == (502, "/problems/scores-unanswered")
