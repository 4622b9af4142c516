"""Conversation: who answers a message, the desk for fragments or the bot's network, and what comes of it piece by piece."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chatbot.fragments.desk import FragmentDesk
from chatbot.network.bundle import Bundle
from chatbot.network.decency import printable
from chatbot.network.engine import Engine
from chatbot.network.reply import Finish, Piece, Reply, Wish

__all__ = ["Answer", "Conversation", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What was said by one side."""

    text: str
    users: bool


@dataclass(frozen=True)
class Answer:
    """What comes: pieces, each with the place of its reply among those asked for."""

    prompt_tokens: int
    pieces: AsyncIterator[tuple[int, Piece]]


class Conversation:
    """Keeps nothing: every question brings the turns before it."""

    def __init__(self, engine: Engine, desk: FragmentDesk, *, viz_url: str) -> None:
        self._engine = engine
        self._desk = desk
        self._viz_url = viz_url

    @asynccontextmanager
    async def answer(self, bundle: Bundle, turns: Sequence[Turn], wish: Wish, *, count: int) -> AsyncIterator[Answer]:
        """The replies to the last turn; leaving the context stops the work on what is not finished.

        Raises:
            Unanswerable: at once or while the pieces come.
        """
        message = printable(turns[-1].text)
        told = await self._desk.answer(message, bundle.language)
        if told is not None:
            prompt_tokens = len(bundle.tokens.ids(message))
            yield Answer(prompt_tokens, _read_out(bundle, told, wish, count))
            return
        replies = Reply.several(bundle, self.spoken(turns), wish, count=count)
        async with self._engine.write(replies) as pieces:
            yield Answer(len(replies[0].context), pieces)

    def spoken(self, turns: Sequence[Turn]) -> list[str]:
        """What the network reads: without questions about fragments and their answers, which it cannot make anything of."""
        kept: list[str] = []
        for turn in turns:
            if not turn.users and self._viz_url in turn.text:
                kept = kept[:-1]
            else:
                kept.append(printable(turn.text))
        return kept


async def _read_out(bundle: Bundle, told: str, wish: Wish, count: int) -> AsyncIterator[tuple[int, Piece]]:
    """A text that is known already, within the wish's bounds."""
    text, finish = told, Finish.STOP
    stops = [place for stop in wish.stops if (place := text.find(stop)) >= 0]
    if stops:
        text = text[: min(stops)]
    ids = bundle.tokens.ids(text)
    if wish.max_tokens is not None and len(ids) > wish.max_tokens:
        ids, finish = ids[: wish.max_tokens], Finish.LENGTH
        text = bundle.tokens.text(ids)
    for place in range(count):
        yield place, Piece(text, len(ids), finish)
