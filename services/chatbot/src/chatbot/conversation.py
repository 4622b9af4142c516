"""Conversation: who answers a message, the scores API or the bot's network, and what comes of it piece by piece."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from chatbot.fragments.answering import FragmentAnswers
from chatbot.network.bundle import Bundle
from chatbot.network.engine import ReplyEngine
from chatbot.network.filtering import printable
from chatbot.network.reply import Finish, Piece, Reply, ReplyOptions

__all__ = ["Answer", "Conversation", "Speaker", "ToolUse", "Turn"]

_Pieces = AsyncIterator[tuple[int, Piece]]
_LOOKED_BACK: Final = 12
"""Turns that the network may read."""


class Speaker(Enum):
    """Who said something."""

    USER = "user"
    BOT = "bot"
    TOOL = "tool"


class ToolUse(Enum):
    """Whether questions about fragments are handed to the client's tool instead of being answered."""

    NEVER = "never"
    FOR_QUESTIONS = "for questions"
    ALWAYS = "always"


@dataclass(frozen=True)
class Turn:
    """What was said by one side; a tool says what it found."""

    text: str
    speaker: Speaker


@dataclass(frozen=True)
class Answer:
    """What comes: pieces, each with the index of its reply among those asked for; or a call of the tool instead of them."""

    prompt_tokens: int
    pieces: _Pieces
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What was looked up, as JSON values; empty for what the network says."""
    call: Mapping[str, Any] | None = None
    """The arguments of the tool `fragments`."""


class Conversation:
    """Keeps nothing: every question brings the turns before it."""

    def __init__(self, engine: ReplyEngine, fragments: FragmentAnswers) -> None:
        self._engine = engine
        self._fragments = fragments

    @asynccontextmanager
    async def answer(
        self,
        bundle: Bundle,
        turns: Sequence[Turn],
        options: ReplyOptions,
        *,
        count: int,
        as_json: bool = False,
        tool: ToolUse = ToolUse.NEVER,
    ) -> AsyncIterator[Answer]:
        """The replies to the last turn; leaving the context stops the work on what is not finished.

        `as_json` makes each reply one JSON object: of a look-up what was found, of talk its `reply`.

        Raises:
            Unanswerable: at once or while the pieces come.
        """
        last = turns[-1]
        prompt_tokens = len(bundle.tokens.ids(printable(last.text)))
        if last.speaker is Speaker.TOOL:
            yield Answer(prompt_tokens, _read_out(bundle, _told(last.text), options, count))
            return
        messages = [printable(turn.text) for turn in turns if turn.speaker is Speaker.USER]
        question = self._fragments.question(messages)
        if tool is ToolUse.ALWAYS or (tool is ToolUse.FOR_QUESTIONS and question is not None and question.certain):
            arguments = {
                "question": messages[-1],
                "language": bundle.language.value,
                "earlier": messages[-_LOOKED_BACK // 2 : -1],
            }
            yield Answer(prompt_tokens, _read_out(bundle, "", options, 0), call=arguments)
            return
        if question is not None and (known := await self._fragments.answer(question, bundle.language)) is not None:
            text = json.dumps({"text": known.text, **known.facts}, ensure_ascii=False) if as_json else known.text
            yield Answer(prompt_tokens, _read_out(bundle, text, options, count), known.facts)
            return
        replies = Reply.several(bundle, self.network_turns(turns), options, count=count)
        async with self._engine.write(replies) as pieces:
            yield Answer(len(replies[0].context), _as_json(pieces) if as_json else pieces)

    def network_turns(self, turns: Sequence[Turn]) -> list[str]:
        """What the network reads: without questions about fragments and their answers, which it cannot make anything of.

        Turns of one side that follow each other are one.
        """
        kept: list[Turn] = []
        messages: list[str] = []
        is_answer = False
        for place, turn in enumerate(recent := turns[-_LOOKED_BACK:], start=1):
            said = replace(turn, text=printable(turn.text).strip())
            if turn.speaker is Speaker.USER:
                messages.append(said.text)
                question = self._fragments.question(messages) if place < len(recent) else None
                is_answer = question is not None and question.certain
            if is_answer or turn.speaker is Speaker.TOOL or not said.text:
                continue
            if kept and kept[-1].speaker is turn.speaker:
                kept[-1] = replace(kept[-1], text=f"{kept[-1].text} {said.text}")
            else:
                kept.append(said)
        return [turn.text for turn in kept]


def _told(result: str) -> str:
    """What a tool's result says: its `text`, as our own tool answers, or all of it."""
    try:
        stated = json.loads(result)
    except ValueError:
        return result
    return stated["text"] if isinstance(stated, dict) and isinstance(stated.get("text"), str) else result


async def _read_out(bundle: Bundle, known: str, options: ReplyOptions, count: int) -> _Pieces:
    """A text that is known already, within the bounds of the options."""
    text, finish = known, Finish.STOP
    stops = [start for stop in options.stops if (start := text.find(stop)) >= 0]
    if stops:
        text = text[: min(stops)]
    ids = bundle.tokens.ids(text)
    if options.max_tokens is not None and len(ids) > options.max_tokens:
        ids, finish = ids[: options.max_tokens], Finish.LENGTH
        text = bundle.tokens.text(ids)
    for index in range(count):
        yield index, Piece(text, len(ids), finish)


async def _as_json(pieces: _Pieces) -> _Pieces:
    """Each reply as the JSON object that has it, piece by piece."""
    begun: set[int] = set()
    async for index, piece in pieces:
        head = "" if index in begun else '{"reply": "'
        begun.add(index)
        tail = "" if piece.finish is None else '"}'
        yield index, replace(piece, text=f"{head}{json.dumps(piece.text, ensure_ascii=False)[1:-1]}{tail}")
