"""Chat client: the chatbot service as the terminal sees it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx
from httpx_sse import EventSource
from pydantic import SecretStr

from chatbot.terminal.failures import ChatbotAway, ChatRefused
from servicekit.client import ServiceAway, ServiceProblem, asking, bearer, checked

__all__ = ["Bot", "ChatClient", "Exchange"]

_TIMEOUT_S: Final = 30.0
_REMEMBERED: Final = 6


@dataclass(frozen=True)
class Bot:
    """A bot that can be talked to."""

    model: str
    run: str
    steps: int
    published: bool
    """Trained by a trainer of this installation; else it came with the chatbot."""


@dataclass(frozen=True)
class Exchange:
    """A message and what the bot replied."""

    message: str
    reply: str


class ChatClient:
    """A client of the service."""

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.BaseTransport | None = None) -> None:
        timeout = httpx.Timeout(_TIMEOUT_S, connect=3.0)
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport, headers=bearer(key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def bot(self, model: str, *, newest: bool = False) -> Bot | str:
        """The bot of this name, or why there is none; `newest` takes the one trained last, if it has a name of its own.

        Raises:
            ChatbotAway: the service does not answer, or what answers there is not the chatbot.
        """
        try:
            with self._asking():
                models = checked(self._http.get("/v1/models")).json()
                named = {item["id"]: item["card"] for item in models["data"]}
                own = [name for name in named if name.startswith(f"{model}:")] if newest else []
                for name in (*own, model):
                    if name in named:
                        card = named[name]
                        return Bot(name, card["run"], card["steps"], published=card["published"])
                return str(models["missing"].get(model, "it is not served"))
        except ChatRefused as refusal:  # the chatbot always tells what bots it has
            raise ChatbotAway(self._url) from refusal

    def reply(self, model: str, history: Sequence[Exchange], message: str) -> Iterator[str]:
        """The reply, piece by piece as it is written.

        Raises:
            ChatRefused: the service refuses, or the network failed.
            ChatbotAway: the service does not answer.
        """
        turns = [
            turn
            for exchange in history[-_REMEMBERED:]
            for turn in (("user", exchange.message), ("assistant", exchange.reply))
            if exchange.reply
        ]
        messages = [{"role": role, "content": text} for role, text in [*turns, ("user", message)]]
        request = {"model": model, "messages": messages, "stream": True}
        with self._asking(), self._http.stream("POST", "/v1/chat/completions", json=request) as response:
            if response.is_error:
                response.read()
            for event in EventSource(checked(response)).iter_sse():
                if event.data == "[DONE]":
                    return
                chunk = event.json()
                if "error" in chunk:
                    raise ChatRefused(chunk["error"]["message"])
                yield chunk["choices"][0]["delta"].get("content", "")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with asking("the chatbot"):
                yield
        except ServiceAway as error:
            raise ChatbotAway(self._url) from error
        except ServiceProblem as problem:
            raise ChatRefused(problem.detail) from problem
