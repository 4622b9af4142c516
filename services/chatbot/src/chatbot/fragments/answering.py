"""Answering: a message about fragments, by what the scores API knows of them."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog

from chatbot.fragments import notices
from chatbot.fragments.finding import Answered, Findings
from chatbot.fragments.intents import Intent
from chatbot.fragments.lookups import (
    AmbiguousName,
    Drawing,
    KnownFragment,
    ScoresRefuse,
    Unanswered,
    UnknownFragment,
    UnreadableStructure,
)
from chatbot.fragments.questions import Name, Question, recognise
from chatbot.fragments.wording import Links
from dialogue.bundle import Language

if TYPE_CHECKING:
    from chatbot.fragments.scores import FragmentScores

__all__ = ["FragmentAnswers"]

_EXAMPLES: Final = 5
_ATTACHMENT: Final = "*"
_PAIR: Final = 2
_log = structlog.stdlib.get_logger(__name__)


class FragmentAnswers:
    """A question that can be about nothing but fragments is answered here whatever comes of it.

    Any other, `what is like love?`, only if there are fragments of these names. The first such question opens the scores: most
    chats ask none. To be entered on the event loop that uses it, and left on the same.
    """

    def __init__(self, open_scores: "Callable[[], FragmentScores]", *, viz_url: str) -> None:
        self._open_scores = open_scores
        self._scores: FragmentScores | None = None
        self._links = Links(viz_url)
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    def question(self, messages: Sequence[str]) -> Question | None:
        """What the last of a user's messages, oldest first, asks about fragments; None for messages that are for the bot."""
        return recognise(messages)

    async def answer(self, question: Question, language: Language) -> Answered | None:
        """The answer; None where the question turns out to be about something else, or may be and cannot be looked up."""
        try:
            return await self._answer(question, language)
        except Unanswered as error:
            _tell(error, said=question.certain)
            return Answered(notices.unanswered(error, language)) if question.certain else None

    async def suggestions(self, language: Language) -> list[str]:
        """Questions about the current run's fragments; none where the scores API cannot be asked."""
        try:
            return notices.suggestions(await (await self._open()).examples(_EXAMPLES), language)
        except Unanswered as error:
            _tell(error, said=False)
            return []

    async def drawing(self, smiles: str, held: str | None) -> Drawing:
        """A structure's picture; raises as `FragmentScores` does."""
        return await (await self._open()).drawing(smiles, held)

    async def _open(self) -> "FragmentScores":
        if self._scores is None:
            self._scores = self._open_scores()
            await self._opened.enter_async_context(self._scores)
        return self._scores

    async def _answer(self, question: Question, language: Language) -> Answered | None:
        scores = await self._open()
        findings = Findings(scores, self._links, language)
        asked = question.of if question.intent is Intent.WHY and question.of is not None else question
        molecule = _molecule(asked)
        if molecule is not None:
            return await findings.predicted(molecule, question)
        found = [await scores.find(name) for name in asked.names]
        if asked.intent is Intent.REPLACE or (asked.intent is Intent.COMPARE and len(found) == _PAIR):
            found = [
                (await scores.group(name) or each) if isinstance(each, UnknownFragment) else each
                for name, each in zip(asked.names, found, strict=True)
            ]
            if any(isinstance(each, KnownFragment) and not each.is_listed for each in found):
                question = replace(question, is_swap=True)  # all that is told of them
        missing = [each for each in found if isinstance(each, UnknownFragment)]
        if missing:
            return await self._missing(missing, question, findings)
        for each in found:
            if isinstance(each, UnreadableStructure):
                return Answered(notices.unreadable(each, language)) if question.certain else None
            if isinstance(each, AmbiguousName):
                return Answered(notices.ambiguous(each, language))
        return await findings.answer(question, [each for each in found if isinstance(each, KnownFragment)])

    async def _missing(self, missing: Sequence[UnknownFragment], question: Question, findings: Findings) -> Answered | None:
        if not question.certain:
            return None
        if question.intent is Intent.ABOUT and len(question.names) == 1 and _is_molecule(question.names[0]):
            return await findings.predicted(question.names[0].text, question)
        scores = await self._open()
        examples = await scores.examples(_EXAMPLES)
        drawn = [{"name": each.name, "smiles": each.smiles} for each in missing if each.smiles is not None]
        names = {each.text: each for each in question.names}
        replaced = [each for each in missing if each.name in names and await scores.group(names[each.name]) is not None]
        text = notices.unknown(missing, examples, findings.language, replaced=replaced)
        return Answered(text, {"fragments": drawn} if drawn else {})


def _molecule(question: Question) -> str | None:
    """The whole molecule whose activity is asked for."""
    if question.intent is not Intent.PREDICT or len(question.names) != 1 or not _is_molecule(question.names[0]):
        return None
    return question.names[0].text


def _is_molecule(name: Name) -> bool:
    return name.is_smiles and _ATTACHMENT not in name.text


def _tell(error: Unanswered, *, said: bool) -> None:
    """Log why nothing was looked up, without what was asked; `said` is whether the user is told as well."""
    reason = error.slug if isinstance(error, ScoresRefuse) else str(error)
    _log.info("fragments_not_looked_up", failure=type(error).__name__, reason=reason, said=said)
