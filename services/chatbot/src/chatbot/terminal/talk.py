"""Talk: the chatbot service as the terminal sees it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx

from chatbot.terminal.events import server_events
from chatbot.terminal.failures import ChatbotAway, Refused

__all__ = ["Bot", "Exchange", "Talk"]

_PATIENCE_S: Final = 30.0
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


class Talk:
    """A client of the service."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        timeout = httpx.Timeout(_PATIENCE_S, connect=3.0)
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def bot(self, model: str) -> Bot | str:
        """The bot of this name, or why there is none.

        Raises:
            ChatbotAway: the service does not answer, or what answers there is not the chatbot.
        """
        try:
            answer = self._http.get("/v1/models").raise_for_status().json()
            for item in answer["data"]:
                if item["id"] == model:
                    card = item["card"]
                    return Bot(model, card["run"], card["steps"], published=card["published"])
            return str(answer["missing"][model])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise ChatbotAway(self._url) from error

    def reply(self, model: str, history: Sequence[Exchange], message: str) -> Iterator[str]:
        """The reply, piece by piece as it is written.

        Raises:
            Refused: the service refuses, or the network failed.
            ChatbotAway: the service does not answer.
        """
        turns = [
            turn
            for exchange in history[-_REMEMBERED:]
            for turn in (("user", exchange.message), ("assistant", exchange.reply))
            if exchange.reply
        ]
        messages = [{"role": role, "content": text} for role, text in [*turns, ("user", message)]]
        asked = {"model": model, "messages": messages, "stream": True}
        try:
            with self._http.stream("POST", "/v1/chat/completions", json=asked) as response:
                if response.is_error:
                    raise Refused(_detail(json.loads(response.read())))
                for _, data in server_events(response.iter_lines()):
                    if data == "[DONE]":
                        return
                    event = json.loads(data)
                    if "error" in event:
                        raise Refused(event["error"]["message"])
                    yield event["choices"][0]["delta"].get("content", "")
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise ChatbotAway(self._url) from error


def _detail(problem: Mapping[str, Any]) -> str:
    return str(problem["detail"])
