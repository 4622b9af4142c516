"""Desk: takes a message, and answers it if it asks about fragments."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from chatbot.fragments import sentences
from chatbot.fragments.findings import Ambiguous, Found, NothingPublished, ScoresAway, Unknown
from chatbot.fragments.questions import Question, looks_chemical, recognise
from dialogue.bundle import Language

if TYPE_CHECKING:
    from chatbot.fragments.scores import FragmentScores

__all__ = ["FragmentDesk"]

_log = structlog.stdlib.get_logger(__name__)


class FragmentDesk:
    """A question that speaks of fragments, or whose names can be nothing else, is answered here whatever comes of it.

    Any other, `what is like love?`, only if there are fragments of these names. The first such question opens the scores: most
    chats ask none. To be entered on the event loop that uses it, and left on the same.
    """

    def __init__(self, open_scores: "Callable[[], FragmentScores]", *, viz_url: str) -> None:
        self._open_scores = open_scores
        self._scores: FragmentScores | None = None
        self._viz_url = viz_url
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    def asks(self, message: str) -> bool:
        """Whether a message can only be about fragments."""
        question = recognise(message)
        return question is not None and _certain(question)

    async def answer(self, message: str, language: Language) -> str | None:
        """The answer; None for messages that are for the bot to answer."""
        question = recognise(message)
        if question is None:
            return None
        try:
            return await self._answer(question, language)
        except ScoresAway as error:
            _log.info("scores_api_away", reason=str(error))
            return sentences.away(language) if _certain(question) else None
        except NothingPublished:
            return sentences.nothing_published(language) if _certain(question) else None

    async def _answer(self, question: Question, language: Language) -> str | None:
        if self._scores is None:
            self._scores = self._open_scores()
            await self._opened.enter_async_context(self._scores)
        found = [await self._scores.find(name) for name in question.names]
        missing = [each for each in found if isinstance(each, Unknown)]
        if missing and not _certain(question):
            return None
        if missing:
            return sentences.unknown(missing, language)
        for each in found:
            if isinstance(each, Ambiguous):
                return sentences.ambiguous(each, language)
        match [each for each in found if isinstance(each, Found)]:
            case [one]:
                return sentences.neighbours(await self._scores.nearest(one), language, self._viz_url)
            case [one, two]:
                return sentences.compared(await self._scores.compare(one, two), language, self._viz_url)
            case _:
                return None


def _certain(question: Question) -> bool:
    return question.explicit or any(looks_chemical(name) for name in question.names)
