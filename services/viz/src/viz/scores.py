"""The scores API as viz sees it: the one module that talks to it, by the generated client, asynchronously.

A run never changes once published, so the factors of the last few runs are kept in memory; the list of runs is asked for anew
once a second at most, however many pages are open.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
import numpy as np

from scores_client import Client
from scores_client.api.factors import list_factors
from scores_client.api.fragments import get_fragment, list_fragments, list_neighbours
from scores_client.api.predictions import ask_predictions
from scores_client.api.runs import get_curve, get_run, get_trajectory, list_runs
from scores_client.api.similarities import ask_similarities
from scores_client.models import (
    CompoundQuestion,
    Factor,
    FactorSide,
    PredictionQuestion,
    ProblemDocument,
    RunDetail,
    RunSummary,
    SimilarityKind,
    SimilarityQuestion,
)
from scores_client.models import Fragment as WireFragment
from scores_client.models import TargetPrediction as WireExpectation
from scores_client.types import UNSET
from viz.answers import (
    Curve,
    Expectation,
    Fragment,
    FragmentPage,
    Matrix,
    Neighbour,
    Part,
    Prediction,
    Run,
    Similarity,
    Space,
    Trajectory,
)
from viz.failures import Missing, NoRun, Refused, ScoresAway
from viz.view import CURRENT

__all__ = ["Scores"]

_PATIENCE_S: Final = 20.0
_FRESH_S: Final = 1.0
_KEPT_SPACES: Final = 4
_LISTED_RUNS: Final = 50
_PAGE: Final = 1000
_REASONED: Final = {"molecules-unreadable": "This molecule cannot be predicted", "invalid-request": "This cannot be asked"}
_REFUSALS: Final = {
    "target-not-found": None,
    "similarity-unavailable": "This run tells nothing of structures: its data state none, or an older release trained it.",
    "nothing-predicts": "This run predicts nothing. Choose another one above.",
}
"""Of a question that is well asked, in our words where the scores API's are for programs."""


class Scores:
    """A client to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock_s = clock_s
        self._client = Client(base_url=url, timeout=httpx.Timeout(_PATIENCE_S, connect=2.0), httpx_args={"trust_env": False})
        self._runs: tuple[Run, ...] = ()
        self._runs_s = float("-inf")
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._spaces: OrderedDict[str, Space] = OrderedDict()

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def runs(self) -> tuple[Run, ...]:
        """The newest runs, the newest first; never empty.

        Raises:
            NoRun: nothing is published.
            ScoresAway: the API cannot be asked. So does every other method.
        """
        async with self._asking:
            if self._clock_s() - self._runs_s >= _FRESH_S:
                page = await self._ask(list_runs.asyncio(client=self._client, limit=_LISTED_RUNS))
                self._runs, self._runs_s = tuple(_run(item) for item in page.items), self._clock_s()
            if not self._runs:
                raise NoRun
            return self._runs

    async def run(self, run: str) -> Run:
        """One run by id or `current`.

        Raises:
            Missing: there is no such run. So do the methods below.
        """
        runs = await self.runs()
        if run == CURRENT:
            return runs[0]
        listed = next((known for known in runs if known.id == run), None)
        return listed or _run(await self._ask(get_run.asyncio(run, client=self._client)))

    async def space(self, run: str) -> Space:
        """The shown fragments of a run with their factors, complete."""
        found = (await self.run(run)).id
        if found not in self._spaces:
            async with self._reading:
                if found not in self._spaces:
                    self._spaces[found] = await self._read_space(found)
                    while len(self._spaces) > _KEPT_SPACES:
                        self._spaces.popitem(last=False)
        space = self._spaces[found]
        self._spaces.move_to_end(found)
        return space

    async def fragments(self, run: str, query: str, *, limit: int) -> FragmentPage:
        """The first shown fragments whose name or SMILES contains `query`."""
        page = await self._ask(list_fragments.asyncio(client=self._client, query=query, limit=min(limit, _PAGE), run=run))
        return FragmentPage(items=tuple(_fragment(item) for item in page.items), next=page.next_)

    async def fragment(self, run: str, name: str) -> Fragment:
        """One fragment, shown or not."""
        return _fragment(await self._ask(get_fragment.asyncio(name, client=self._client, run=run)))

    async def neighbours(
        self, run: str, name: str, similarity: Similarity, limit: int, *, max_structure: float | None = None
    ) -> tuple[Neighbour, ...]:
        """The nearest shown fragments of one, at most 100, the nearest first; with `max_structure` those that look unlike it.

        Raises:
            Refused: `max_structure` percent are asked for in a run of data without structures.
        """
        kind, far = SimilarityKind(similarity), UNSET if max_structure is None else max_structure
        answer = await self._ask(
            list_neighbours.asyncio(name, client=self._client, similarity=kind, max_structure=far, limit=limit, run=run)
        )
        return tuple(
            Neighbour(
                rank=item.rank,
                name=item.name,
                smiles=item.smiles,
                support=item.support,
                function=item.function,
                low=item.low,
                high=item.high,
                balanced=item.balanced,
                structure=item.structure,
            )
            for item in answer.items
        )

    async def prediction(self, run: str, compound: str | Sequence[str], *, target: str | None = None, limit: int) -> Prediction:
        """What is expected of a SMILES or of fragments on the `limit` targets where that is highest, or on one named target.

        Raises:
            Refused: the SMILES is none, there is no such target, or the run predicts nothing.
        """
        asked = CompoundQuestion(smiles=compound) if isinstance(compound, str) else CompoundQuestion(fragments=list(compound))
        compounds = [asked]
        question = (
            PredictionQuestion(compounds=compounds, limit=limit)
            if target is None
            else PredictionQuestion(compounds=compounds, targets=[target])
        )
        answer = await self._ask(ask_predictions.asyncio(client=self._client, body=question, run=run))
        (told,) = answer.compounds
        return Prediction(
            run=answer.run,
            scale=str(answer.scale),
            meaning=answer.meaning,
            parent=told.parent,
            parts=tuple(Part(part.name, part.support) for part in told.fragments),
            flags=tuple(str(flag) for flag in told.flags),
            expected=tuple(_expectation(item) for item in told.predictions),
        )

    async def similarities(self, run: str, names: Sequence[str], similarity: Similarity) -> Matrix:
        """Similarity of every two of at most 500 fragments."""
        question = SimilarityQuestion(fragments=list(names), similarity=SimilarityKind(similarity))
        answer = await self._ask(ask_similarities.asyncio(client=self._client, body=question, run=run))
        return Matrix(names=tuple(answer.names), percent_FF=np.asarray(answer.percents, dtype=np.float64))

    async def curve(self, run: str) -> Curve:
        """The training curve."""
        answer = await self._ask(get_curve.asyncio(run, client=self._client))
        return Curve(np.asarray(answer.steps, dtype=np.int64), np.asarray(answer.losses, dtype=np.float64))

    async def trajectory(self, run: str) -> Trajectory:
        """How the recorded fragments moved during training; no steps when the run recorded none."""
        answer = await self._ask(get_trajectory.asyncio(run, client=self._client))
        names = tuple(answer.fragments)
        positions = np.asarray(answer.positions, dtype=np.float64).reshape(len(answer.steps), len(names), -1)
        return Trajectory(names, np.asarray(answer.steps, dtype=np.int64), positions)

    async def _read_space(self, run: str) -> Space:
        fragments: list[Fragment] = []
        cursor: str | None = None
        while True:
            page = await self._ask(list_fragments.asyncio(client=self._client, run=run, limit=_PAGE, cursor=cursor))
            fragments += [_fragment(item) for item in page.items]
            cursor = page.next_
            if cursor is None:
                break
        wanted = {fragment.id for fragment in fragments}
        factors: dict[int, Factor] = {}
        while len(factors) < len(wanted):
            answer = await self._ask(
                list_factors.asyncio(FactorSide.FRAGMENTS, client=self._client, run=run, limit=_PAGE, cursor=cursor)
            )
            factors |= {item.id: item for item in answer.items if item.id in wanted}
            cursor = answer.next_
            if cursor is None:
                break
        balanced = [factors[fragment.id].balanced for fragment in fragments]
        canonical = [factors[fragment.id].vector for fragment in fragments]
        return Space(
            run=run,
            fragments=tuple(fragments),
            balanced_FK=np.asarray(balanced, dtype=np.float64).reshape(len(fragments), -1),
            canonical_FK=np.asarray(canonical, dtype=np.float64).reshape(len(fragments), -1),
        )

    async def _ask(self, question: Awaitable[Any]) -> Any:
        """The parsed answer; anything else becomes a failure with a sentence."""
        try:
            answer = await question
        except httpx.TimeoutException as error:
            raise ScoresAway(self._url, "it takes too long") from error
        except httpx.HTTPError as error:
            raise ScoresAway(
                self._url, "nothing listens there" if isinstance(error, httpx.ConnectError) else str(error)
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ScoresAway(self._url, "what answers there is not the scores API") from error
        if not isinstance(answer, ProblemDocument):
            return answer
        slug = answer.type_.rsplit("/", 1)[-1]
        if slug == "not-ready":
            raise NoRun
        if slug in {"run-not-found", "fragment-not-found"}:
            raise Missing(answer.detail)
        if slug in _REASONED:
            raise Refused(f"{_REASONED[slug]}: {answer.additional_properties['errors'][0]['reason']}.")
        if slug in _REFUSALS:
            raise Refused(_REFUSALS[slug] or answer.detail)
        raise ScoresAway(self._url, f"{answer.title}: {answer.detail}")


def _run(item: RunSummary | RunDetail) -> Run:
    return Run(
        id=item.id,
        objective=str(item.objective),
        activity_kind=str(item.activity_kind),
        source=item.source,
        current=item.current,
        published=item.published,
        seconds=item.seconds,
        device=item.device,
        fragments=item.fragments,
        shown_fragments=item.shown_fragments,
        compounds=item.compounds,
        targets=item.targets,
        rank=item.rank,
    )


def _expectation(item: WireExpectation) -> Expectation:
    parts = item.contributions
    return Expectation(
        target=item.target,
        value=item.value,
        low=item.low,
        high=item.high,
        sum=item.sum_,
        mean=parts.mean,
        level=parts.target,
        added=tuple(parts.fragments),
    )


def _fragment(item: WireFragment | Any) -> Fragment:
    return Fragment(
        id=item.id, name=item.name, smiles=item.smiles, support=item.support, scaffolds=item.scaffolds, shown=item.shown
    )
