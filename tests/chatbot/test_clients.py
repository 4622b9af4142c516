"""Unmodified clients that people use beside `openai`: LangChain, LiteLLM, and `openai` of npm."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.chatbot.conftest import GREETING, Running
from tests.support.with_node import needs_node
from tools import node

_SCRIPT = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "any word", maxRetries: 0 });
const messages = [{ role: "user", content: "How are you?" }];
const whole = await client.chat.completions.create({ model: "ntdemo-en", messages, temperature: 0 });
let streamed = "";
for await (const chunk of await client.chat.completions.create({ model: "ntdemo-en", messages, temperature: 0, stream: true }))
  streamed += chunk.choices[0]?.delta?.content ?? "";
const response = await client.responses.create({ model: "ntdemo-en", input: "How are you?", temperature: 0 });
let events = "";
const asked = { model: "ntdemo-en", input: "How are you?", temperature: 0, stream: true };
for await (const event of await client.responses.create(asked))
  if (event.type === "response.output_text.delta") events += event.delta;
console.log(JSON.stringify([whole.choices[0].message.content, streamed, response.output_text, events]));
"""


def test_langchain_talks_streams_and_calls_the_tool(running: Running) -> None:
    langchain = pytest.importorskip("langchain_openai")
    model = langchain.ChatOpenAI(
        base_url=f"{running.url}/v1", api_key="any word", model="ntdemo-en", temperature=0, max_retries=0
    )
    assert model.invoke("How are you?").content == GREETING
    assert "".join(str(chunk.content) for chunk in model.stream("How are you?")) == GREETING
    tools = httpx.get(f"{running.url}/v1/tools", trust_env=False).json()["data"]
    (call,) = model.bind_tools(tools).invoke("what is like fB?").tool_calls
    assert (call["name"], call["args"]["question"]) == ("fragments", "what is like fB?")
    chances = model.bind(logprobs=True, top_logprobs=2).invoke("How are you?").response_metadata["logprobs"]["content"]
    assert len(chances) > 5


def test_langchain_asks_the_newer_api(running: Running) -> None:
    langchain = pytest.importorskip("langchain_openai")
    model = langchain.ChatOpenAI(
        base_url=f"{running.url}/v1",
        api_key="any word",
        model="ntdemo-en",
        temperature=0,
        max_retries=0,
        use_responses_api=True,
    )
    assert model.invoke("How are you?").text == GREETING
    assert "".join(str(chunk.text) for chunk in model.stream("How are you?")) == GREETING


@pytest.fixture
def lent_loop() -> Iterator[None]:
    """An event loop that ends with the test. LiteLLM asks the thread for its loop, for its own log, and leaves it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.filterwarnings("ignore")  # LiteLLM's own, at import and at exit
@pytest.mark.usefixtures("lent_loop")
def test_litellm_talks_and_streams(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the internet when it is imported
    litellm = pytest.importorskip("litellm")
    asked = {
        "model": "openai/ntdemo-en",
        "api_base": f"{running.url}/v1",
        "api_key": "any word",
        "messages": [{"role": "user", "content": "How are you?"}],
        "temperature": 0,
        "num_retries": 0,
    }
    assert litellm.completion(**asked).choices[0].message.content == GREETING
    assert "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True)) == GREETING


@pytest.mark.slow
def test_openai_of_npm_talks_by_both_apis(running: Running, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "ask.js").write_text(_SCRIPT)
    with needs_node():
        node.npm("install", "--no-audit", "--no-fund", "--ignore-scripts", "openai@6", cwd=tmp_path)
    said = node.npm("exec", "--", "node", "ask.js", running.url, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == [GREETING] * 4
