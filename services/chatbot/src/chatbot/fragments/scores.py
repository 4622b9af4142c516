"""The scores API as the conversation sees it: names looked up, and everything about fragments by the generated client."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import SecretStr

from chatbot.fragments.lookups import (
    AmbiguousName,
    Compared,
    Drawing,
    KnownFragment,
    MoleculeUnreadable,
    NotAllowed,
    NothingPublished,
    Predicted,
    Relative,
    RunFacts,
    ScoresAway,
    ScoresFail,
    ScoresRefuse,
    Told,
    TooManyQuestions,
    UnknownFragment,
    UnreadableStructure,
)
from chatbot.fragments.predictions import predicted
from chatbot.fragments.questions import Name
from chatbot.fragments.stated import neighbour, replacement, swap, told
from chatbot.fragments.wording import is_common
from scores_client import Client
from scores_client.api.factors import list_factors
from scores_client.api.fragments import get_fragment, list_fragments, list_neighbours
from scores_client.api.predictions import ask_predictions
from scores_client.api.replacements import list_pairs, list_replacements
from scores_client.api.runs import get_run, list_runs
from scores_client.api.similarities import ask_similarities
from scores_client.models import (
    CompoundQuestion,
    FactorPage,
    FactorSide,
    FragmentDetail,
    FragmentPage,
    Neighbours,
    PairPage,
    PredictionQuestion,
    Predictions,
    ReplacementList,
    RunDetail,
    RunPage,
    Similarities,
    SimilarityKind,
    SimilarityQuestion,
    Sort,
)
from servicekit.client import ServiceAway, ServiceProblem, answer_of, asking, bearer, checked
from servicekit.tracing import propagating

__all__ = ["FragmentScores"]

A = TypeVar("A")
_SCORES_API: Final = "the scores API"
_TIMEOUT_S: Final = 10.0
_PAUSE_S: Final = 60
"""After too many questions, where the answer states none."""
_CANDIDATES: Final = 100
_SPELLINGS: Final = 12
_NEIGHBOURS: Final = 100
_REPLACEMENTS: Final = 50
_RUNS: Final = 1000
_CURRENT: Final = "current"
_OPEN_END: Final = "*"
_MISSING: Final = "fragment-not-found"
_NO_STRUCTURE: Final = "structure-unreadable"
_NO_MOLECULE: Final = "molecules-unreadable"
_WITHOUT_SIMILARITY: Final = "similarity-unavailable"
_WITHOUT_REPLACEMENTS: Final = frozenset({"replacements-unavailable", _MISSING})
"""Of a run that measured no replacements, and of a fragment without open ends."""
_WITHOUT_PAIRS: Final = _WITHOUT_REPLACEMENTS | {"nothing-predicts"}
"""Of a run that does not know its compounds as well."""
_OF_THE_QUESTION: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
"""What a question of this run may be answered; other refusals are of the chatbot, whatever it asks."""
_HANDED_ON: Final = ("ETag", "Cache-Control", "Content-Security-Policy", "Content-Type")
_UNLIKE_PERCENT: Final = 30.0
"""Of structure, up to which two fragments look different, as on the pages of viz."""


class FragmentScores:
    """To be entered on the event loop that uses it, and left on the same.

    Every method raises what is an `Unanswered` of `lookups`, each for its reason.
    """

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: Any = None) -> None:
        hooks = {**propagating()["event_hooks"], "response": [_hold_back]}
        arguments = {"trust_env": False, "event_hooks": hooks} | ({"transport": transport} if transport is not None else {})
        self._client = Client(
            base_url=url, timeout=httpx.Timeout(_TIMEOUT_S, connect=1.0), headers=bearer(key), httpx_args=arguments
        )
        self._told: dict[str, Told] = {}

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def find(self, name: Name) -> KnownFragment | AmbiguousName | UnknownFragment | UnreadableStructure:
        """The fragment that a user means: by its exact name, a group's common name, a SMILES in any spelling, or in any case.

        A group's name means the first of its fragments that has as many open ends as the usual one and is shown: `phenyl` is no
        linker. A SMILES that may be attached in several ways means the one in most compounds; in another case it is another
        molecule.
        """
        if name.is_smiles:
            return await self._spelled(name.text)
        exact = await self._get(name.text)
        if isinstance(exact, KnownFragment):
            return exact
        if not name.group_smiles:
            return await self._in_any_case(name.text, exact)
        found = await asyncio.gather(*map(self._get, name.group_smiles))
        known = [each for each in found if isinstance(each, KnownFragment)]
        if not known:
            return UnknownFragment(name.text, (), name.group_smiles[0])
        ends = name.group_smiles[0].count(_OPEN_END)
        meant = max(known, key=lambda each: (each.name.count(_OPEN_END) == ends, each.shown))
        return replace(meant, forms=tuple(each.name for each in known if each is not meant))

    async def drawing(self, smiles: str, held: str | None) -> Drawing:
        """The picture of a fragment or molecule, as the API draws it; `held` is the tag of the one that the asker has."""
        headers = {} if held is None else {"If-None-Match": held}
        with _asking(), asking(_SCORES_API):
            http = self._client.get_async_httpx_client()
            drawn = checked(await http.get("/v1/drawings", params={"smiles": smiles}, headers=headers))
        said = {name: drawn.headers[name] for name in _HANDED_ON if name in drawn.headers}
        return Drawing(None if drawn.status_code == HTTPStatus.NOT_MODIFIED else drawn.content, said)

    async def neighbours(
        self, fragment: KnownFragment, kind: str, limit: int, *, is_unlike: bool = False
    ) -> tuple[Relative, ...]:
        """The nearest by a kind of similarity; `is_unlike` leaves out what looks alike."""
        question = list_neighbours.asyncio(
            fragment.name,
            client=self._client,
            run=fragment.run,
            similarity=SimilarityKind(kind),
            limit=min(limit, _NEIGHBOURS),
            **({"max_structure": _UNLIKE_PERCENT} if is_unlike else {}),
        )
        answer = await _answer(question, Neighbours)
        return tuple(map(neighbour, answer.items))

    async def replacements(self, fragment: KnownFragment, limit: int) -> tuple[Relative, ...] | None:
        """What may stand in place of a fragment, by how little it is expected to change; None where the run cannot tell.

        Figures are named as those of neighbours: `function` in percent, `expected_change` between `change_low` and
        `change_high`, `swaps` and `basis`.
        """
        question = list_replacements.asyncio(
            fragment.name, client=self._client, run=fragment.run, limit=min(limit, _REPLACEMENTS)
        )
        try:
            answer = await _answer(question, ReplacementList)
        except ScoresRefuse as refusal:
            if refusal.slug in _WITHOUT_REPLACEMENTS:
                return None
            raise
        return tuple(replacement(item) for item in answer.items)

    async def group(self, name: Name) -> KnownFragment | None:
        """What is no fragment of the run and took the place of fragments in its compounds; None where it is not that either."""
        if not name.group_smiles:
            return None
        try:
            known = await _answer(
                list_replacements.asyncio(name.group_smiles[0], client=self._client, limit=1), ReplacementList
            )
        except ScoresRefuse as refusal:
            if refusal.slug in _WITHOUT_REPLACEMENTS:
                return None
            raise
        return KnownFragment(known.fragment, known.run, known.fragment, known.support, shown=False, is_listed=False)

    async def swap(self, one: KnownFragment, two: KnownFragment) -> Relative | None:
        """What putting the second in place of the first is expected to change; None where that is not told."""
        found = await self.replacements(one, _REPLACEMENTS)
        if found is None or one.name.count("*") != two.name.count("*"):
            return None
        for item in found:
            if item.name == two.name:
                return item
        try:
            page = await _answer(
                list_pairs.asyncio(client=self._client, a=one.name, b=two.name, run=one.run, limit=1), PairPage
            )
        except ScoresRefuse as refusal:
            if refusal.slug in _WITHOUT_PAIRS:
                return None
            raise
        return swap(page, two)

    async def told(self, run: str) -> Told:
        """Which similarities a run tells, and what it means by `function`; asked for once, since runs never change."""
        if run not in self._told:
            found = await _answer(get_run.asyncio(run, client=self._client), RunDetail)
            self._told = {run: told(found)}
        return self._told[run]

    async def compare(self, one: KnownFragment, two: KnownFragment) -> Compared:
        """How alike two are, by every kind that the run publishes."""
        kinds = [SimilarityKind(kind) for kind in (await self.told(one.run)).kinds]
        figures: dict[str, float | str | None] = {}
        for kind, answer in zip(
            kinds, await asyncio.gather(*(self._similarity(one, two, kind) for kind in kinds)), strict=True
        ):
            if answer is None:
                continue
            figures[kind.value] = answer.percents[0][-1]
            if kind is SimilarityKind.FUNCTION and answer.low and answer.high:
                figures["low"], figures["high"] = answer.low[0][-1], answer.high[0][-1]
        return Compared(one, two, figures)

    async def facts(self) -> RunFacts:
        """Of the current run."""
        run, runs = await asyncio.gather(
            _answer(get_run.asyncio(_CURRENT, client=self._client), RunDetail),
            _answer(list_runs.asyncio(client=self._client, limit=_RUNS), RunPage),
        )
        return RunFacts(
            run=run.id,
            source=run.source,
            objective=run.objective.value,
            fragments=run.fragments,
            shown=run.shown_fragments,
            compounds=run.compounds,
            targets=run.targets,
            runs=len(runs.items),
            runs_are_all=runs.next_ is None,
            told=told(run),
        )

    async def targets(self, limit: int) -> list[str]:
        """Names of the first targets of the current run."""
        page = await _answer(list_factors.asyncio(FactorSide.TARGETS, client=self._client, limit=limit), FactorPage)
        return [item.name for item in page.items]

    async def examples(self, limit: int) -> list[KnownFragment]:
        """Shown fragments of the current run: those with a common name first, then those in most compounds."""
        page = await _answer(list_fragments.asyncio(client=self._client, limit=_RUNS), FragmentPage)
        items = sorted(page.items, key=lambda item: (item.smiles is not None and not is_common(item.name), -item.support))[
            :limit
        ]
        return [KnownFragment(item.name, page.run, item.smiles, item.support, item.shown) for item in items]

    async def predict(self, asked: str | KnownFragment, limit: int, targets: Sequence[str] = ()) -> Predicted:
        """What is expected of a molecule, by its SMILES, or of one fragment."""
        if isinstance(asked, KnownFragment):
            compound, run, name = CompoundQuestion(fragments=[asked.name]), asked.run, asked.name
        else:
            compound, run, name = CompoundQuestion(smiles=asked), _CURRENT, asked
        chosen = {"targets": list(targets)} if targets else {"limit": limit}
        question = PredictionQuestion(compounds=[compound], **chosen)
        try:
            answer = await _answer(ask_predictions.asyncio(client=self._client, body=question, run=run), Predictions)
        except ScoresRefuse as refusal:
            if refusal.slug == _NO_MOLECULE:
                raise MoleculeUnreadable(name, _reason(refusal)) from refusal
            raise
        return predicted(name, answer, is_chosen=bool(targets))

    async def _get(self, name: str) -> KnownFragment | UnknownFragment:
        try:
            fragment = await _answer(get_fragment.asyncio(name, client=self._client), FragmentDetail)
        except ScoresRefuse as refusal:
            problem = refusal.__cause__
            if not isinstance(problem, ServiceProblem) or refusal.slug != _MISSING:
                raise
            near = problem.members.get("near")
            return UnknownFragment(name, tuple(map(str, near)) if isinstance(near, list) else ())
        return KnownFragment(fragment.name, fragment.run, fragment.smiles, fragment.support, fragment.shown)

    async def _spelled(self, smiles: str) -> KnownFragment | UnknownFragment | UnreadableStructure:
        """By structure, else by a name that is no SMILES as this project writes it; never in the path, which is logged."""
        missing: UnknownFragment | UnreadableStructure = UnknownFragment(smiles, (), smiles)
        try:
            known = await self._listed(spelled=smiles, sort=Sort.SUPPORT, limit=_SPELLINGS)
        except ScoresRefuse as refusal:
            if refusal.slug != _NO_STRUCTURE:
                raise
            known, missing = [], UnreadableStructure(smiles, _reason(refusal))
        known = known or [each for each in await self._listed(query=smiles, limit=_CANDIDATES) if each.name == smiles]
        if not known:
            return missing
        return replace(known[0], forms=tuple(each.name for each in known[1:]))

    async def _in_any_case(self, name: str, exact: UnknownFragment) -> KnownFragment | AmbiguousName | UnknownFragment:
        listed = await self._listed(query=name, limit=_CANDIDATES)
        match [each for each in listed if _folded(each.name) == _folded(name)]:
            case [known]:
                return known
            case []:
                return exact
            case several:
                return AmbiguousName(name, tuple(each.name for each in several))

    async def _listed(self, **chosen: Any) -> list[KnownFragment]:
        """Fragments of the current run, those without enough evidence to be listed by default among them."""
        page = await _answer(list_fragments.asyncio(client=self._client, shown=False, **chosen), FragmentPage)
        return [KnownFragment(item.name, page.run, item.smiles, item.support, item.shown) for item in page.items]

    async def _similarity(self, one: KnownFragment, two: KnownFragment, kind: SimilarityKind) -> Similarities | None:
        question = SimilarityQuestion(fragments=list(dict.fromkeys([one.name, two.name])), similarity=kind)
        try:
            return await _answer(ask_similarities.asyncio(client=self._client, body=question, run=one.run), Similarities)
        except ScoresRefuse as refusal:
            if refusal.slug == _WITHOUT_SIMILARITY:
                return None
            raise


async def _answer(question: Awaitable[Any], kind: type[A]) -> A:
    with _asking():
        return await answer_of(question, kind, service=_SCORES_API)


async def _hold_back(response: httpx.Response) -> None:
    """A hook that reads how long to wait, which a problem document does not hold."""
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        stated = response.headers.get("Retry-After", "")
        raise TooManyQuestions(int(stated) if stated.isdecimal() else _PAUSE_S)


@contextmanager
def _asking() -> Iterator[None]:
    """Failures of the scores API, in the words of a conversation."""
    try:
        yield
    except ServiceAway as away:
        raise ScoresAway(str(away)) from away
    except ServiceProblem as problem:
        if problem.slug == "not-ready":
            raise NothingPublished(problem.detail) from problem
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ScoresFail(problem.title) from problem
        if problem.status not in _OF_THE_QUESTION:
            raise NotAllowed(problem.title) from problem
        raise ScoresRefuse(problem.detail, problem.slug) from problem


def _reason(refusal: ScoresRefuse) -> str:
    """Why the first thing that was asked about could not be read."""
    problem = refusal.__cause__
    errors = problem.members.get("errors") if isinstance(problem, ServiceProblem) else None
    return str(errors[0].get("reason", refusal)) if isinstance(errors, list) and errors else str(refusal)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
