"""Conversation: who answers a message, the scores API or the bot's network, and what comes of it piece by piece."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chatbot.fragments.answering import FragmentAnswers
from chatbot.network.bundle import Bundle
from chatbot.network.engine import ReplyEngine
from chatbot.network.filtering import printable
from chatbot.network.reply import Finish, Piece, Reply, ReplyOptions

__all__ = ["Answer", "Conversation", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What was said by one side."""

    text: str
    is_users: bool


@dataclass(frozen=True)
class Answer:
    """What comes: pieces, each with the index of its reply among those asked for."""

    prompt_tokens: int
    pieces: AsyncIterator[tuple[int, Piece]]


class Conversation:
    """Keeps nothing: every question brings the turns before it."""

    def __init__(self, engine: ReplyEngine, fragments: FragmentAnswers, *, viz_url: str) -> None:
        self._engine = engine
        self._fragments = fragments
        self._viz_url = viz_url

    @asynccontextmanager
    async def answer(
        self, bundle: Bundle, turns: Sequence[Turn], options: ReplyOptions, *, count: int
    ) -> AsyncIterator[Answer]:
        """The replies to the last turn; leaving the context stops the work on what is not finished.

        Raises:
            Unanswerable: at once or while the pieces come.
        """
        message = printable(turns[-1].text)
        known = await self._fragments.answer(message, bundle.language)
        if known is not None:
            prompt_tokens = len(bundle.tokens.ids(message))
            yield Answer(prompt_tokens, _read_out(bundle, known, options, count))
            return
        replies = Reply.several(bundle, self.network_turns(turns), options, count=count)
        async with self._engine.write(replies) as pieces:
            yield Answer(len(replies[0].context), pieces)

    def network_turns(self, turns: Sequence[Turn]) -> list[str]:
        """What the network reads: without questions about fragments and their answers, which it cannot make anything of."""
        kept: list[str] = []
        for turn in turns:
            if not turn.is_users and self._viz_url in turn.text:
                kept = kept[:-1]
            else:
                kept.append(printable(turn.text))
        return kept


async def _read_out(bundle: Bundle, known: str, options: ReplyOptions, count: int) -> AsyncIterator[tuple[int, Piece]]:
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
