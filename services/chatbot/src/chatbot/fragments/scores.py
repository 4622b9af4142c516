"""The scores API as the conversation sees it: names looked up, neighbours and similarities by the generated client."""

import unicodedata
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from chatbot.fragments.lookups import (
    AmbiguousName,
    ComparedFragments,
    KnownFragment,
    NothingPublished,
    ScoresAway,
    SimilarFragment,
    SimilarFragments,
    UnknownFragment,
)
from chatbot.fragments.questions import looks_chemical
from scores_client import Client
from scores_client.api.fragments import get_fragment, list_fragments, list_neighbours
from scores_client.api.similarities import ask_similarities
from scores_client.models import (
    FragmentDetail,
    FragmentPage,
    Neighbours,
    Similarities,
    SimilarityKind,
    SimilarityQuestion,
)
from servicekit.client import ServiceAway, ServiceProblem, answer_of
from servicekit.tracing import propagating

__all__ = ["FragmentScores"]

A = TypeVar("A")
_TIMEOUT_S: Final = 5.0
_CANDIDATES: Final = 100
_NEIGHBOURS: Final = 100
_SHOWN: Final = 5
_MISSING: Final = "fragment-not-found"


class FragmentScores:
    """To be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, transport: Any = None) -> None:
        arguments = {"trust_env": False, **propagating()} | ({"transport": transport} if transport is not None else {})
        self._client = Client(base_url=url, timeout=httpx.Timeout(_TIMEOUT_S, connect=1.0), httpx_args=arguments)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def find(self, name: str) -> KnownFragment | AmbiguousName | UnknownFragment:
        """The fragment that a user means by a name: its exact name, its SMILES, or its name in other letters' case.

        A SMILES in another case is another molecule, so for names that look like one the case counts.

        Raises:
            ScoresAway: the API cannot be asked; so do the other methods.
            NothingPublished: it has no run; so do the other methods.
        """
        with _asking():
            try:
                fragment = await _answer(get_fragment.asyncio(name, client=self._client), FragmentDetail)
            except ServiceProblem as problem:
                if problem.slug != _MISSING:
                    raise
                near = problem.members.get("near")
            else:
                return KnownFragment(fragment.name, fragment.run)
            question = list_fragments.asyncio(client=self._client, query=name, shown=False, limit=_CANDIDATES)
            page = await _answer(question, FragmentPage)
        meant = [item.name for item in page.items if item.smiles == name]
        if not meant and not _is_smiles(name):
            meant = [item.name for item in page.items if _folded(item.name) == _folded(name)]
        match meant:
            case [only]:
                return KnownFragment(only, page.run)
            case []:
                return UnknownFragment(name, tuple(str(each) for each in near) if isinstance(near, list) else ())
            case several:
                return AmbiguousName(name, tuple(several))

    async def nearest(self, fragment: KnownFragment) -> SimilarFragments:
        """The five most like it."""
        items = await self._neighbours(fragment, _SHOWN)
        return SimilarFragments(fragment.run, fragment.name, items)

    async def compare(self, one: KnownFragment, two: KnownFragment) -> ComparedFragments:
        """How alike the two are, with the interval where the run states one for the pair."""
        similar = {item.name: item for item in await self._neighbours(one, _NEIGHBOURS)}
        if two.name in similar:
            return ComparedFragments(one.run, one.name, similar[two.name])
        function, balanced = [
            await self._similarity(one, two, kind) for kind in (SimilarityKind.FUNCTION, SimilarityKind.BALANCED)
        ]
        return ComparedFragments(one.run, one.name, SimilarFragment(two.name, function, balanced, None, None))

    async def _similarity(self, one: KnownFragment, two: KnownFragment, similarity: SimilarityKind) -> float:
        question = SimilarityQuestion(fragments=list(dict.fromkeys([one.name, two.name])), similarity=similarity)
        with _asking():
            answer = await _answer(ask_similarities.asyncio(client=self._client, body=question, run=one.run), Similarities)
        return answer.percents[0][-1]

    async def _neighbours(self, fragment: KnownFragment, limit: int) -> tuple[SimilarFragment, ...]:
        question = list_neighbours.asyncio(
            fragment.name, client=self._client, run=fragment.run, similarity=SimilarityKind.FUNCTION, limit=limit
        )
        with _asking():
            answer = await _answer(question, Neighbours)
        return tuple(SimilarFragment(item.name, item.function, item.balanced, item.low, item.high) for item in answer.items)


async def _answer(question: Awaitable[Any], kind: type[A]) -> A:
    return await answer_of(question, kind, service="the scores API")


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
        raise ScoresAway(f"{problem.title}: {problem.detail}") from problem


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_smiles(name: str) -> bool:
    """`fB` is a name of its own; with digits or bonds it is a structure, where `C1CCCCC1` and `c1ccccc1` differ."""
    return looks_chemical(name) and not name.isalpha()
