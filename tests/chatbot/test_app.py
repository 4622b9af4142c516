"""The application's HTTP side beside the chat: models, the page, headers, readiness, documentation."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from chatbot.network.engine import ReplyEngine

Serve = Callable[..., AbstractContextManager[TestClient]]


def test_models_say_how_they_came_to_be(chat: TestClient) -> None:
    answer = chat.get("/v1/models").json()
    assert [model["id"] for model in answer["data"]] == ["ntdemo-en", "ntdemo-ja"]
    card = answer["data"][0]["card"]
    assert card["language"] == "en"
    assert card["steps"] == 100
    assert card["licence"] == "Apache-2.0"
    assert card["published"] is False
    assert answer["missing"] == {}
    assert answer["unserved"] == {}
    assert chat.get("/v1/models/ntdemo-en").json() == answer["data"][0]


def test_an_unknown_model_is_a_problem_with_openais_error(chat: TestClient) -> None:
    answer = chat.get("/v1/models/gpt-4o")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.json()["error"] == {
        "message": "There is no model 'gpt-4o'. Present: ntdemo-en, ntdemo-ja.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }


def test_an_address_of_no_route_is_a_problem(chat: TestClient) -> None:
    assert chat.get("/v1/nothing").json()["error"]["code"] == "not_found"
    elsewhere = chat.get("/nothing")
    assert elsewhere.status_code == 404
    assert "error" not in elsewhere.json()


def test_problems_have_pages(chat: TestClient) -> None:
    assert chat.get("/problems/all-busy").text.startswith("# Too many replies wait to be written")


def test_a_missing_language_is_said_to_be_missing(models: Path, serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "en").symlink_to(models / "en")
    with serve(tmp_path) as client:
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/models").json()["missing"] == {"ntdemo-ja": "no bundle was shipped, and none is promoted"}
        asked = {"model": "ntdemo-ja", "messages": [{"role": "user", "content": "こんにちは"}]}
        answer = client.post("/v1/chat/completions", json=asked)
    assert answer.status_code == 404
    assert "The bot for Japanese is not here" in answer.json()["detail"]


def test_without_its_engine_it_is_not_ready(chat: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chat.get("/readyz").status_code == 200
    monkeypatch.setattr(ReplyEngine, "is_alive", False)
    answer = chat.get("/readyz")
    assert answer.status_code == 503
    assert "engine" in answer.json()["missing"]


@pytest.mark.parametrize("path", ["/", "/chat.js", "/chat.css", "/favicon.svg", "/v1/models", "/v1/nothing", "/healthz"])
def test_every_answer_carries_a_strict_policy(chat: TestClient, path: str) -> None:
    headers = chat.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*|data:|blob:", policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_the_documentation_page_may_run_its_script(chat: TestClient) -> None:
    answer = chat.get("/docs")
    assert answer.status_code == 200
    assert "script-src 'self' 'unsafe-inline'" in answer.headers["content-security-policy"]


def test_the_page_loads_nothing_from_outside_and_holds_no_inline_code(chat: TestClient) -> None:
    page = chat.get("/").text
    assert '<html lang="en">' in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)


def test_files_of_the_page_are_not_sent_twice(chat: TestClient) -> None:
    first = chat.get("/chat.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert chat.get("/chat.js", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert chat.head("/").status_code == 200


def test_the_requests_id_comes_back(chat: TestClient) -> None:
    assert chat.get("/v1/models", headers={"X-Request-ID": "mine"}).headers["x-request-id"] == "mine"
