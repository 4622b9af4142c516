"""`/v1/chat/completions`: whole replies, streams, and every way to ask wrongly."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chatbot.conftest import GREETING, GREETING_JA

ROUTE = "/v1/chat/completions"


def asked(text: str = "How are you?", **other: Any) -> dict[str, Any]:
    return {"model": "ntdemo-en", "messages": [{"role": "user", "content": text}], "temperature": 0, **other}


def events(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [json.loads(each) if each != "[DONE]" else each for each in data]


def test_a_reply_is_whole_and_counted(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked()).json()
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": GREETING, "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert answer["system_fingerprint"] == "dialogue-scripted"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] > 5


def test_the_japanese_bot_speaks_japanese(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked("元気ですか？", model="ntdemo-ja")).json()
    assert answer["choices"][0]["message"]["content"] == GREETING_JA


def test_a_stream_holds_the_same_reply_in_pieces_and_ends_with_done(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked(stream=True, stream_options={"include_usage": True}))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, usage, done = events(answer.text)
    assert done == "[DONE]"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] > 5
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == GREETING
    assert len(deltas) > 3
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert len({chunk["id"] for chunk in chunks}) == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages"),
        ({"messages": [{"role": "user", "content": " \n\t"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 100_000}]}, "messages"),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}, "messages"),
        ({"messages": [{"role": "wizard", "content": "a"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"tools": []}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"temprature": 1}, "temprature"),
    ],
)
def test_a_wrong_request_is_a_problem_that_names_the_place(chat: TestClient, change: dict[str, Any], place: str) -> None:
    body = json.dumps({**asked(), **change}).encode()
    answer = chat.post(ROUTE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "/problems/invalid-request"
    assert place in problem["detail"]
    assert problem["error"]["code"] == "invalid_request"
    assert problem["error"]["type"] == "invalid_request_error"
    assert place in problem["error"]["param"] or place in problem["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"", b'{"model": "\xff"}', b"[]", b"null"])
def test_what_is_no_json_object_is_a_problem(chat: TestClient, body: bytes) -> None:
    answer = chat.post(ROUTE, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_413(chat: TestClient) -> None:
    answer = chat.post(ROUTE, content=b" " * (2**20 + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "content_too_large"


def test_an_unknown_model_is_404_and_names_those_that_are_here(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked(model="gpt-4o"))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert "ntdemo-en, ntdemo-ja" in answer.json()["detail"]


_NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([-(2**63), 2**63 - 1, -1, 0, 5e-324, 1e-300, -0.0, True, "1", None]),
)
_NUMERIC = ("temperature", "top_p", "n", "seed", "max_tokens", "max_completion_tokens", "frequency_penalty", "presence_penalty")


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_NUMERIC, _NUMBERS)))
def test_any_numbers_are_taken_or_refused(chat: TestClient, numbers: dict[str, Any]) -> None:
    body = json.dumps({**asked(), "max_tokens": 3, **numbers}).encode()
    answer = chat.post(ROUTE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 422:
        assert answer.json()["error"]["param"] in numbers


@pytest.mark.parametrize("field", _NUMERIC)
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused(chat: TestClient, field: str, value: str) -> None:
    body = json.dumps(asked()).replace('"temperature": 0', f'"{field}": {value}').encode()
    answer = chat.post(ROUTE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == field
