"""`/v1/responses`: whole, streamed, with the tool, and asked wrongly."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.chatbot.conftest import GREETING

ROUTE = "/v1/responses"
TOOL = {"type": "function", "name": "fragments", "parameters": {"type": "object"}}


def asked(text: Any = "How are you?", **other: Any) -> dict[str, Any]:
    return {"model": "ntdemo-en", "input": text, "temperature": 0, **other}


def events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in filter(None, text.split("\n\n")):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name.removeprefix("event: ") == event["type"]
        found.append(event)
    return found


def test_a_reply_is_whole_and_counted(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked()).json()
    assert answer["status"] == "completed"
    (message,) = answer["output"]
    assert message["content"] == [{"type": "output_text", "text": GREETING, "annotations": [], "logprobs": []}]
    assert answer["usage"]["total_tokens"] == answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"]


def test_a_stream_is_of_numbered_events_that_end_with_the_whole(chat: TestClient) -> None:
    streamed = events(chat.post(ROUTE, json=asked(stream=True)).text)
    assert [event["sequence_number"] for event in streamed] == list(range(len(streamed)))
    assert [event["type"] for event in streamed[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert "".join(event["delta"] for event in streamed if event["type"] == "response.output_text.delta") == GREETING
    assert streamed[-1]["type"] == "response.completed"
    assert streamed[-1]["response"]["output"][0]["content"][0]["text"] == GREETING


def test_a_conversation_is_given_in_items(chat: TestClient) -> None:
    items = [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]},
        {"role": "user", "content": "How are you?"},
    ]
    answer = chat.post(ROUTE, json=asked(items)).json()
    assert answer["output"][0]["content"][0]["text"] == GREETING


def test_the_most_tokens_make_it_incomplete(chat: TestClient) -> None:
    answer = chat.post(ROUTE, json=asked(max_output_tokens=2)).json()
    assert answer["status"] == "incomplete"
    assert answer["incomplete_details"] == {"reason": "max_output_tokens"}
    assert events(chat.post(ROUTE, json=asked(max_output_tokens=2, stream=True)).text)[-1]["type"] == "response.incomplete"


def test_a_question_about_fragments_calls_the_tool_and_its_result_is_read_out(chat: TestClient) -> None:
    (call,) = chat.post(ROUTE, json=asked("what is like fB?", tools=[TOOL])).json()["output"]
    assert (call["type"], call["name"]) == ("function_call", "fragments")
    assert json.loads(call["arguments"])["question"] == "what is like fB?"
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": json.dumps({"text": "fC."})}
    answer = chat.post(ROUTE, json=asked([{"role": "user", "content": "what is like fB?"}, call, result], tools=[TOOL])).json()
    assert answer["output"][0]["content"][0]["text"] == "fC."
    streamed = events(chat.post(ROUTE, json=asked("what is like fB?", tools=[TOOL], stream=True)).text)
    assert "response.function_call_arguments.done" in [event["type"] for event in streamed]


def test_one_json_object_if_that_is_wanted(chat: TestClient) -> None:
    body = {"model": "ntdemo-en", "input": "How are you?", "temperature": 0, "text": {"format": {"type": "json_object"}}}
    answer = chat.post(ROUTE, json=body).json()
    assert json.loads(answer["output"][0]["content"][0]["text"]) == {"reply": GREETING}


@pytest.mark.parametrize(
    "change",
    [
        {"input": ""},
        {"input": []},
        {"input": [{"role": "assistant", "content": "Hi"}]},
        {"previous_response_id": "resp_1"},
        {"background": True},
        {"include": ["reasoning.encrypted_content"]},
        {"tool_choice": "required"},
        {"model": "gpt-4o"},
        {"temperature": 3},
    ],
)
def test_a_wrong_request_is_a_problem(chat: TestClient, change: dict[str, Any]) -> None:
    answer = chat.post(ROUTE, json={**asked(), **change})
    assert answer.status_code in {404, 422}
    assert answer.json()["error"]["message"]
