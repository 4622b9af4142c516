"""`/v1/chat/completions`: whole replies, streams, and every way to ask wrongly."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chatbot.conftest import GREETING, GREETING_JA

ROUTE = "/v1/chat/completions"
FRAGMENTS = {"type": "function", "function": {"name": "fragments", "parameters": {"type": "object"}}}
OTHER = {"type": "function", "function": {"name": "weather"}}


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
        ({"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, "messages"),
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
        ({"top_logprobs": 3}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": {"3": 1}}, "logit_bias"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "other"}}, "tools": [FRAGMENTS]}, "tool"),
        ({"modalities": ["audio"]}, "modalities"),
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


@pytest.mark.parametrize(
    "neutral",
    [
        {"tools": []},
        {"tools": [OTHER], "tool_choice": "auto"},
        {"tools": [FRAGMENTS], "tool_choice": "none"},
        {"tool_choice": "none"},
        {"service_tier": "auto"},
        {"top_k": 40},
        {"top_k": -1},
        {"max_tokens": -1},
        {"max_completion_tokens": -1},
        {"response_format": {"type": "text"}},
        {"logit_bias": {}},
        {"parallel_tool_calls": True},
        {"modalities": ["text"]},
        {"reasoning_effort": "low"},
        {"store": False},
        {"logprobs": False},
        {"messages": [{"role": "user", "content": "Hello", "id": "m1"}, {"role": "user", "content": "How are you?"}]},
        {"messages": [{"role": "assistant", "content": None}, {"role": "user", "content": "How are you?"}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}]},
    ],
)
def test_what_changes_nothing_is_taken(chat: TestClient, neutral: dict[str, Any]) -> None:
    answer = chat.post(ROUTE, json=asked(**neutral))
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == GREETING


def test_the_likeliest_tokens_are_drawn_from(chat: TestClient) -> None:
    answers = [chat.post(ROUTE, json=asked(temperature=2, top_p=1, top_k=1, seed=seed)).json() for seed in range(3)]
    assert {answer["choices"][0]["message"]["content"] for answer in answers} == {GREETING}


def test_chances_of_each_token_are_told(chat: TestClient) -> None:
    (choice,) = chat.post(ROUTE, json=asked(logprobs=True, top_logprobs=2)).json()["choices"]
    tokens = choice["logprobs"]["content"]
    spelled = b"".join(bytes(token["bytes"]) for token in tokens)
    assert spelled.decode().strip() == GREETING
    for token in tokens:
        assert token["logprob"] <= 0
        assert len(token["top_logprobs"]) == 2
        assert token["top_logprobs"][0]["logprob"] >= token["top_logprobs"][1]["logprob"]
        assert token["top_logprobs"][0]["token"] == token["token"]


def test_a_stream_tells_the_same_chances(chat: TestClient) -> None:
    whole = chat.post(ROUTE, json=asked(logprobs=True)).json()["choices"][0]["logprobs"]["content"]
    *chunks, _ = events(chat.post(ROUTE, json=asked(logprobs=True, stream=True)).text)
    streamed = [token for chunk in chunks for token in (chunk["choices"][0]["logprobs"] or {"content": []})["content"]]
    assert streamed == whole
    assert all(token["top_logprobs"] == [] for token in whole)


@pytest.mark.parametrize("stream", [False, True])
def test_talk_is_one_json_object_if_that_is_wanted(chat: TestClient, *, stream: bool) -> None:
    answer = chat.post(ROUTE, json=asked(response_format={"type": "json_object"}, stream=stream))
    if stream:
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in events(answer.text)[:-1])
    else:
        text = answer.json()["choices"][0]["message"]["content"]
    assert json.loads(text) == {"reply": GREETING}


def test_a_question_about_fragments_is_a_call_of_the_tool_that_is_offered(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked("what is like fB?", tools=[OTHER, FRAGMENTS])).json()
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "fragments"
    assert json.loads(call["function"]["arguments"]) == {"question": "what is like fB?", "language": "en", "earlier": []}
    talk = chat.post(ROUTE, json=asked(tools=[FRAGMENTS])).json()["choices"][0]
    assert talk["message"]["content"] == GREETING
    forced = chat.post(ROUTE, json=asked(tools=[FRAGMENTS], tool_choice="required")).json()["choices"][0]
    assert forced["finish_reason"] == "tool_calls"


def test_a_stream_calls_the_tool_too(chat: TestClient) -> None:
    chunks = events(chat.post(ROUTE, json=asked("what is like fB?", tools=[FRAGMENTS], stream=True)).text)
    (call,) = chunks[0]["choices"][0]["delta"]["tool_calls"]
    assert (call["index"], call["function"]["name"]) == (0, "fragments")
    assert chunks[1]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1] == "[DONE]"


def test_what_the_tool_found_is_read_out(chat: TestClient) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "fragments", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "what is like fB?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"text": "fC, by 98 %.", "lookup": {}})},
    ]
    answer = chat.post(ROUTE, json=asked(messages=messages)).json()
    assert answer["choices"][0]["message"]["content"] == "fC, by 98 %."
    plain = [*messages[:2], {"role": "tool", "tool_call_id": "c1", "content": "nothing found"}]
    assert chat.post(ROUTE, json=asked(messages=plain)).json()["choices"][0]["message"]["content"] == "nothing found"


_NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([-(2**63), 2**63 - 1, -1, 0, 5e-324, 1e-300, -0.0, True, "1", None]),
)
_NUMERIC = (
    "temperature",
    "top_p",
    "top_k",
    "top_logprobs",
    "n",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "frequency_penalty",
    "presence_penalty",
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_NUMERIC, _NUMBERS)))
def test_any_numbers_are_taken_or_refused(chat: TestClient, numbers: dict[str, Any]) -> None:
    body = json.dumps({**asked(), "max_tokens": 3, "logprobs": True, **numbers}).encode()
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
