"""The unmodified `openai` package against the running service."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from tests.chatbot.conftest import GREETING, GREETING_JA, Running


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key="any word", max_retries=0) as client:
        yield client


def said(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def test_models_are_listed_and_shown(client: openai.OpenAI) -> None:
    models = list(client.models.list())
    assert [model.id for model in models] == ["ntdemo-en", "ntdemo-ja"]
    assert client.models.retrieve("ntdemo-ja").owned_by == "ntdemo"


def test_a_whole_reply(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="ntdemo-en", messages=said("How are you?"), temperature=0)
    assert completion.choices[0].message.content == GREETING
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens > 0


def test_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="ntdemo-ja", messages=said("元気ですか"), temperature=0, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == GREETING_JA
    assert chunks[-1].usage is not None
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_its_own_streaming_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="ntdemo-en", messages=said("How are you?"), temperature=0) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == GREETING


def test_a_conversation_goes_on_with_what_the_client_hands_back(client: openai.OpenAI) -> None:
    messages = said("How are you?")
    first = client.chat.completions.create(model="ntdemo-en", messages=messages, temperature=0)
    messages.append(first.choices[0].message.model_dump())  # type: ignore[arg-type]  # as the client's documentation does it
    messages.extend(said("And now?"))
    again = client.chat.completions.create(model="ntdemo-en", messages=messages, temperature=0)
    assert again.choices[0].message.content == GREETING


def test_instructions_come_first_and_parts_are_joined(client: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "How "}, {"type": "text", "text": "are you?"}]},
    ]
    completion = client.chat.completions.create(model="ntdemo-en", messages=messages, temperature=0)
    assert completion.choices[0].message.content == GREETING


def test_every_setting_that_is_offered(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model="ntdemo-en",
        messages=said("How are you?"),
        temperature=0.5,
        top_p=0.5,
        n=3,
        seed=1,
        stop=["thank you"],
        max_completion_tokens=30,
        frequency_penalty=0.1,
        presence_penalty=0.1,
        user="somebody",
    )
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    for choice in completion.choices:
        assert choice.message.content == "I am well, "
        assert choice.finish_reason == "stop"


def test_the_most_tokens_are_kept_to(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="ntdemo-en", messages=said("Hi"), max_tokens=2, temperature=0)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 2


def test_failures_are_the_clients_own_exceptions(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4o", messages=said("Hi"))
    assert unknown.value.code == "model_not_found"
    assert "There is no model 'gpt-4o'" in unknown.value.message
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        client.chat.completions.create(model="ntdemo-en", messages=said("Hi"), temperature=7)
    assert wrong.value.param == "temperature"
    with pytest.raises(openai.UnprocessableEntityError, match="the last message is the user's"):
        client.chat.completions.create(model="ntdemo-en", messages=[{"role": "assistant", "content": "Hi"}])


def test_a_question_about_fragments_is_answered_although_the_scores_api_is_away(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="ntdemo-en", messages=said("what is like fB?"))
    assert "does not answer" in str(completion.choices[0].message.content)
    with client.chat.completions.create(model="ntdemo-en", messages=said("what is like fB?"), stream=True, n=2) as stream:
        texts = ["", ""]
        for chunk in stream:
            texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [str(completion.choices[0].message.content)] * 2


def test_the_newer_api_whole_and_streamed(client: openai.OpenAI) -> None:
    response = client.responses.create(model="ntdemo-en", input="How are you?", temperature=0)
    assert response.output_text == GREETING
    assert response.usage is not None
    with client.responses.stream(model="ntdemo-ja", input="元気ですか", temperature=0) as stream:
        events = list(stream)
        assert stream.get_final_response().output_text == GREETING_JA
    assert events[-1].type == "response.completed"


def test_chances_are_told_whole_and_streamed(client: openai.OpenAI) -> None:
    asked: Any = {"model": "ntdemo-en", "messages": said("How are you?"), "temperature": 0, "logprobs": True, "top_logprobs": 3}
    logprobs = client.chat.completions.create(**asked).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert all(len(token.top_logprobs) == 3 for token in logprobs.content)
    with client.chat.completions.stream(**asked) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].logprobs is not None


def test_the_tool_is_called_and_its_result_read_out(client: openai.OpenAI, running: Running) -> None:
    tools: Any = httpx.get(f"{running.url}/v1/tools", trust_env=False).json()["data"]
    messages: Any = said("what is like fB?")
    (choice,) = client.chat.completions.create(model="ntdemo-en", messages=messages, tools=tools).choices
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    arguments = json.loads(call.function.arguments)
    found = httpx.post(f"{running.url}/v1/tools/fragments", json=arguments, trust_env=False).text
    messages += [choice.message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": found}]
    again = client.chat.completions.create(model="ntdemo-en", messages=messages, tools=tools)
    assert "does not answer" in str(again.choices[0].message.content)


@pytest.mark.anyio
async def test_the_asynchronous_client(running: Running) -> None:
    async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="any word", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="ntdemo-en", messages=said("How are you?"), temperature=0, stream=True
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == GREETING
