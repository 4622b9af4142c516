"""Findings: the answer to each kind of question about fragments that the run has, in words and as data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from chatbot.fragments import notices, sentences
from chatbot.fragments.intents import Intent
from chatbot.fragments.lookups import Compared, KnownFragment, Predicted, Relative, Told
from chatbot.fragments.questions import Question
from chatbot.fragments.wording import Links
from dialogue.bundle import Language

if TYPE_CHECKING:
    from chatbot.fragments.scores import FragmentScores

__all__ = ["Answered", "Findings"]

_FUNCTION: Final = "function"
_SHOWN: Final = 5
_ABOUT: Final = 3
_TARGETS: Final = 20
_EXAMPLES: Final = 5
_PAIR: Final = 2
_COMPARED: Final = 4
"""Names whose pairs are all compared."""
_Facts = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """An answer in words, and the same as data."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """JSON values: `intent`, `run`, `link`, `fragments` and what was found; empty where nothing was looked up."""


class Findings:
    """Looks up and words answers in one language; methods raise as those of `FragmentScores` do."""

    def __init__(self, scores: "FragmentScores", links: Links, language: Language) -> None:
        self._scores = scores
        self._links = links
        self.language = language

    async def answer(self, question: Question, fragments: Sequence[KnownFragment]) -> Answered:
        """The answer to a question whose names are these fragments."""
        if question.intent is Intent.WHY:
            return await self._why(question.of, fragments)
        if not fragments:
            return await self._of_the_run(question.intent, question)
        if question.intent in {Intent.PREDICT, Intent.TARGETS}:
            return await self.predicted(fragments[0], question)
        if question.is_swap and len(fragments) == _PAIR:
            return await self._swapped(question, *fragments)
        if len(fragments) > 1:
            return await self._compared(question, fragments[:_COMPARED])
        return await self._beside(fragments[0], question)

    async def _beside(self, fragment: KnownFragment, question: Question) -> Answered:
        """One fragment and others beside it."""
        intent, limit, language = question.intent, question.limit or _SHOWN, self.language
        if intent is Intent.REPLACE and question.kind not in {None, _FUNCTION}:
            intent = Intent.SIMILAR  # replacements are told by what they change alone
        told = await self._scores.told(fragment.run)
        kind = question.kind or told.first
        if intent is Intent.REPLACE:
            replacing = await self._scores.replacements(fragment, limit)
            items = replacing if replacing is not None else await self._scores.neighbours(fragment, told.first, limit)
            link = self._link(fragment, kind=told.first)
            text = (
                sentences.replacements(fragment, told, items, language, link)
                if replacing is not None
                else sentences.instead(fragment, told.first, told, items, language, link)
            )
        elif intent is Intent.UNLIKE:
            items = await self._scores.neighbours(fragment, _FUNCTION, limit, is_unlike=True)
            link = self._links.fragment(fragment, is_unlike=True)
            text = sentences.unlike(fragment, told, items, language, link)
        elif intent is Intent.ABOUT:
            items = await self._scores.neighbours(fragment, kind, _ABOUT)
            link = self._links.fragment(fragment, kind)
            text = sentences.about(fragment, kind, told, items, language, link)
        else:
            items = await self._scores.neighbours(fragment, kind, limit)
            link = self._links.fragment(fragment, kind)
            text = sentences.similar(fragment, kind, told, items, language, link)
        return self._found(intent, [fragment], items, link, text)

    async def predicted(self, asked: str | KnownFragment, question: Question) -> Answered:
        """What a molecule or a fragment is expected to do."""
        expected = await self._scores.predict(asked, question.limit or _SHOWN, question.targets)
        link = self._links.prediction(expected.run, expected.asked)
        say = sentences.why_predicted if question.intent is Intent.WHY else sentences.predicted
        return Answered(say(expected, self.language, link), _prediction(question.intent, expected, asked, link))

    async def _of_the_run(self, intent: Intent, question: Question) -> Answered:
        if intent is Intent.HELP:
            return Answered(notices.can_answer(await self._scores.examples(_EXAMPLES), self.language))
        facts = await self._scores.facts()
        link = self._links.run(facts.run)
        stated = {"intent": intent.value, "link": link, **asdict(facts)}
        if intent is Intent.COUNT:
            return Answered(sentences.counted(facts, self.language, link), stated)
        if intent is Intent.TARGETS:
            names = await self._scores.targets(question.limit or _TARGETS)
            return Answered(sentences.targets(names, facts, self.language, link), {**stated, "names": names})
        return Answered(notices.meaning(facts.told, self.language, link), {"intent": intent.value, "link": link})

    async def _swapped(self, question: Question, one: KnownFragment, two: KnownFragment) -> Answered:
        """What a swap is expected to change; how alike the two are, where the run does not tell."""
        change = await self._scores.swap(one, two)
        if change is None and one.is_listed and two.is_listed:
            return await self._compared(question, (one, two))
        told = await self._scores.told(one.run)
        link = self._link(one, two)
        if change is None:
            return Answered(sentences.unlisted(one, two, self.language, link), _stated(Intent.COMPARE, (one, two), link))
        text = sentences.swapped(one, change, told, self.language, link)
        pair = _pair(Compared(one, two, change.figures))
        return Answered(text, {**_stated(Intent.COMPARE, (one, two), link), "pairs": [pair]})

    def _link(self, *fragments: KnownFragment, kind: str = _FUNCTION) -> str:
        """The page of the first of these that is a fragment of the run."""
        listed = next((each for each in fragments if each.is_listed), None)
        return self._links.run(fragments[0].run) if listed is None else self._links.fragment(listed, kind)

    async def _compared(self, question: Question, fragments: Sequence[KnownFragment]) -> Answered:
        say = sentences.compared_to_swap if question.is_swap else sentences.compared
        pairs = [await self._scores.compare(one, two) for one, two in combinations(fragments, 2)]
        told = await self._scores.told(fragments[0].run)
        links = [self._links.fragment(pair.one, question.kind or told.first) for pair in pairs]
        text = "\n".join(say(pair, told, self.language, link) for pair, link in zip(pairs, links, strict=True))
        facts = {**_stated(Intent.COMPARE, fragments, links[0]), "pairs": [_pair(pair) for pair in pairs]}
        return Answered(text, facts)

    async def _why(self, asked: Question | None, fragments: Sequence[KnownFragment]) -> Answered:
        """What the answer to an earlier question is founded on."""
        if asked is None or not fragments:
            facts = await self._scores.facts()
            return Answered(notices.meaning(facts.told, self.language, self._links.run(facts.run)))
        first = fragments[0]
        if asked.intent in {Intent.PREDICT, Intent.TARGETS}:
            return await self.predicted(first, Question(Intent.WHY, asked.names, limit=asked.limit, targets=asked.targets))
        told = await self._scores.told(first.run)
        kind = self._kind_asked(asked, told)
        if asked.is_swap and len(fragments) > 1 and (change := await self._scores.swap(first, fragments[1])) is not None:
            other = change
        elif len(fragments) > 1:
            pair = await self._scores.compare(first, fragments[1])
            other = Relative(pair.two.name, pair.two.smiles, pair.two.support, pair.figures)
        else:
            nearest = await self._nearest(asked, first, kind)
            if not nearest:
                return Answered(sentences.similar(first, kind, told, (), self.language, self._links.fragment(first, kind)))
            other = nearest[0]
        facts, link = await self._scores.facts(), self._link(first, *fragments[1:], kind=kind)
        text = sentences.why_alike(first, kind, other, facts, self.language, link)
        return self._found(Intent.WHY, [first], (other,), link, text)

    async def _nearest(self, asked: Question, fragment: KnownFragment, kind: str) -> tuple[Relative, ...]:
        """The first of the answer that is asked after."""
        if asked.intent is Intent.REPLACE and (found := await self._scores.replacements(fragment, 1)) is not None:
            return found
        return await self._scores.neighbours(fragment, kind, 1, is_unlike=asked.intent is Intent.UNLIKE)

    @staticmethod
    def _kind_asked(asked: Question, told: Told) -> str:
        """The kind of similarity that an answer was given by."""
        if asked.intent is Intent.UNLIKE:
            return _FUNCTION
        return told.first if asked.intent is Intent.REPLACE else asked.kind or told.first

    @staticmethod
    def _found(intent: Intent, asked: Sequence[KnownFragment], items: Sequence[Relative], link: str, text: str) -> Answered:
        found = [{"name": item.name, "smiles": item.smiles, "support": item.support, **item.figures} for item in items]
        return Answered(text, {**_stated(intent, asked, link), "items": found})


def _stated(intent: Intent, fragments: Sequence[KnownFragment], link: str) -> _Facts:
    named = [{"name": each.name, "smiles": each.smiles, "support": each.support} for each in fragments]
    return {"intent": intent.value, "run": fragments[0].run, "link": link, "fragments": named}


def _pair(pair: Compared) -> _Facts:
    return {"one": pair.one.name, "two": pair.two.name, **pair.figures}


def _prediction(intent: Intent, expected: Predicted, asked: str | KnownFragment, link: str) -> _Facts:
    smiles = asked.smiles if isinstance(asked, KnownFragment) else asked
    targets = [{**asdict(each), "shares": dict(each.shares)} for each in expected.targets]
    return {
        "intent": intent.value,
        "run": expected.run,
        "link": link,
        "fragments": [{"name": expected.asked, "smiles": smiles}],
        "scale": expected.scale,
        "targets": targets,
    }
