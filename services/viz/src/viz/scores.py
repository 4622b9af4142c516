"""The scores API as viz sees it: the one module that talks to it, by the generated client, asynchronously.

A run never changes once published, so the factors of the last few runs are kept in memory; the list of runs is asked for anew
once a second at most, however many pages are open.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import numpy as np
from cachetools import LRUCache
from pydantic import SecretStr

from contracts.evidence import MATRIX_FRAGMENTS
from contracts.kinds import ChangeUnit, SimilarityKind
from scores_client import Client, models
from scores_client.api.factors import list_factors
from scores_client.api.fragments import get_fragment, list_fragments, list_neighbours
from scores_client.api.predictions import ask_predictions
from scores_client.api.runs import get_curve, get_map, get_run, get_trajectory, list_runs
from scores_client.api.similarities import ask_similarities
from scores_client.types import UNSET
from servicekit.client import ServiceAway, ServiceProblem, answer_of, bearer
from servicekit.tracing import propagating
from viz.answers import (
    Change,
    Curve,
    Floats,
    Fragment,
    FragmentPage,
    Left,
    Matrix,
    Neighbour,
    NeighbourhoodMap,
    Prediction,
    Run,
    RunDetails,
    Space,
    Trajectory,
)
from viz.failures import NoRun, NotInRun, NotTold, Unreadable, Unshowable, UpstreamAway
from viz.language import N_, _
from viz.pairs import Pairs, every_pair, one_with_all
from viz.predicted import left_of, many_question, predictions_of
from viz.view import CURRENT
from viz.wanted import Wanted

__all__ = ["Scores"]

D = TypeVar("D", bound="Run | Fragment")
T = TypeVar("T")
_SCORES_API: Final = "the scores API"
_PATIENCE_S: Final = 20.0
_FRESH_S: Final = 1.0
_KEPT: Final = 4
_LISTED_RUNS: Final = 50
_PAGE: Final = 1000
_REFUSALS: Final = {
    "target-not-found": None,
    "order-unavailable": None,
    "structure-unreadable": None,
    "similarity-unavailable": N_(
        "This run tells nothing of structures or of what was measured together: its data state none, or an older release "
        "trained it."
    ),
    "nothing-predicts": N_("This run predicts nothing. Choose another one above."),
    "replacements-unavailable": None,
    "map-missing": None,
}
"""Of a question that is well asked, in our words where the scores API's are for programs."""


class Scores:
    """A client to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, key: SecretStr | None = None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock_s = clock_s
        self._client = Client(
            base_url=url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S, connect=2.0),
            httpx_args={"trust_env": False, **propagating()},
        )
        self._runs: tuple[Run, ...] = ()
        self._runs_s = float("-inf")
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._gathering = asyncio.Lock()
        self._spaces: LRUCache[str, Space] = LRUCache(_KEPT)
        self._maps: LRUCache[str, NeighbourhoodMap] = LRUCache(_KEPT)
        self._targets: LRUCache[str, tuple[str, ...]] = LRUCache(_KEPT)
        self._details: LRUCache[str, RunDetails] = LRUCache(_LISTED_RUNS)
        self._pairs: LRUCache[tuple[str, SimilarityKind], Pairs] = LRUCache(_KEPT)
        self._with_all: LRUCache[tuple[str, SimilarityKind, str], Floats] = LRUCache(_KEPT)

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
            UpstreamAway: the API cannot be asked. So does every other method.
        """
        async with self._asking:
            if self._clock_s() - self._runs_s >= _FRESH_S:
                page = await self._ask(list_runs.asyncio(client=self._client, limit=_LISTED_RUNS), models.RunPage)
                self._runs, self._runs_s = tuple(_run(item) for item in page.items), self._clock_s()
            if not self._runs:
                raise NoRun
            return self._runs

    def forget_runs(self) -> None:
        """Ask for the list of runs anew: what is said of them has just been changed."""
        self._runs_s = float("-inf")

    async def run(self, run: str) -> Run:
        """One run by id or `current`.

        Raises:
            NotInRun: there is no such run. So do the methods below.
        """
        runs = await self.runs()
        listed = next((known for known in runs if (known.current if run == CURRENT else known.id == run)), None)
        return listed or _run(await self._ask(get_run.asyncio(run, client=self._client), models.RunDetail))

    async def details(self, run: str) -> RunDetails:
        """Parameters and measurements of one run by its id."""
        if run not in self._details:
            told = await self._ask(get_run.asyncio(run, client=self._client), models.RunDetail)
            self._details[run] = RunDetails(
                spec=told.spec.additional_properties,
                ingest=told.ingest.additional_properties,
                metrics=told.metrics.additional_properties,
                decision=told.decision or None,
            )
        return self._details[run]

    async def space(self, run: str) -> Space:
        """The shown fragments of a run with their factors, complete."""
        run = (await self.run(run)).id
        async with self._reading:
            if run not in self._spaces:
                self._spaces[run] = await self._read_space(run)
            return self._spaces[run]

    async def fragments(self, run: str, wanted: Wanted, *, limit: int) -> FragmentPage:
        """The first shown fragments that are wanted.

        Raises:
            NotTold: what is wanted as a structure is none.
        """
        question = list_fragments.asyncio(client=self._client, limit=min(limit, _PAGE), run=run, **wanted.parameters)
        page = await self._ask(question, models.FragmentPage)
        return FragmentPage(items=tuple(_taken(Fragment, item) for item in page.items), next=page.next_)

    async def fragment(self, run: str, name: str) -> Fragment:
        """One fragment, shown or not."""
        return _taken(
            Fragment, await self._ask(get_fragment.asyncio(name, client=self._client, run=run), models.FragmentDetail)
        )

    async def neighbours(
        self, run: str, name: str, similarity: SimilarityKind, limit: int, *, max_structure: float | None = None
    ) -> tuple[Neighbour, ...]:
        """The nearest shown fragments of one, at most 100, the nearest first; with `max_structure` those that look unlike it.

        Raises:
            NotTold: the run does not know this similarity, or no structures to take `max_structure` percent of.
        """
        question = list_neighbours.asyncio(
            name,
            client=self._client,
            similarity=models.SimilarityKind(similarity),
            max_structure=UNSET if max_structure is None else max_structure,
            limit=limit,
            run=run,
        )
        return tuple(_neighbour(item) for item in (await self._ask(question, models.Neighbours)).items)

    async def prediction(
        self, run: str, compound: str | Sequence[str], *, target: str | None = None, limit: int, order: str = "excess"
    ) -> Prediction:
        """What is expected of a SMILES or of fragments on the `limit` first targets, or on one named target.

        Raises:
            NotTold: the SMILES is none, there is no such target, or the run predicts nothing.
        """
        named = {"smiles": compound} if isinstance(compound, str) else {"fragments": list(compound)}
        body = models.PredictionQuestion(
            compounds=[models.CompoundQuestion(**named)],
            targets=UNSET if target is None else [target],
            limit=limit if target is None else UNSET,
            order=UNSET if order == "excess" else models.Order(order),
        )
        answer = await self._ask(ask_predictions.asyncio(client=self._client, body=body, run=run), models.Predictions)
        (predicted,) = predictions_of(answer)
        return predicted

    async def predictions(
        self, run: str, smiles: Sequence[str], *, target: str | None, limit: int
    ) -> tuple[tuple[Prediction, ...], tuple[Left, ...]]:
        """What is expected of many SMILES, in their order, and those that are no molecules, which are left out.

        Raises:
            NotTold: there is no such target, or the run predicts nothing.
        """
        left: dict[int, Left] = {}
        while asked := [place for place in range(len(smiles)) if place not in left]:
            question = many_question([smiles[place] for place in asked], target, limit)
            try:
                answer = await self._ask(
                    ask_predictions.asyncio(client=self._client, body=question, run=run), models.Predictions
                )
            except Unreadable as failure:  # names the first twenty
                left |= {asked[each.place]: replace(each, place=asked[each.place]) for each in failure.left}
            else:
                return predictions_of(answer), tuple(left.values())
        return (), tuple(left.values())

    async def similarities(self, run: str, names: Sequence[str], similarity: SimilarityKind) -> Matrix:
        """Similarity of every two of at most 500 fragments.

        Raises:
            NotTold: the run does not know this similarity of them.
        """
        body = models.SimilarityQuestion(fragments=list(names), similarity=models.SimilarityKind(similarity))
        answer = await self._ask(ask_similarities.asyncio(client=self._client, body=body, run=run), models.Similarities)
        return Matrix(names=tuple(answer.names), percent_FF=np.asarray(answer.percents, dtype=np.float64))

    async def with_all(self, run: str, chosen: str, similarity: SimilarityKind) -> Floats:
        """Similarity of one fragment with each fragment of the run's space, in its order, in percent."""
        space = await self.space(run)
        key = (space.run, similarity, chosen)
        if key not in self._with_all:
            self._with_all[key] = await one_with_all(
                lambda names: self.similarities(space.run, names, similarity), chosen, space.names
            )
        return self._with_all[key]

    async def pairs(self, run: str, similarity: SimilarityKind, *, on_block: Callable[[int, int], None]) -> Pairs:
        """Every pair of the shown fragments, of more than 2,000 of those with most support."""
        space = await self.space(run)
        key = (space.run, similarity)
        async with self._gathering:
            if key not in self._pairs:
                self._pairs[key] = await every_pair(
                    lambda names: self.similarities(space.run, names, similarity),
                    space.most_studied(MATRIX_FRAGMENTS),
                    on_block=on_block,
                )
            return self._pairs[key]

    async def curve(self, run: str) -> Curve:
        """The training curve."""
        answer = await self._ask(get_curve.asyncio(run, client=self._client), models.Curve)
        return Curve(np.asarray(answer.steps, dtype=np.int64), np.asarray(answer.losses, dtype=np.float64))

    async def neighbourhood_map(self, run: str) -> NeighbourhoodMap:
        """Where the fragments of a run by its id lie in a plane.

        Raises:
            NotTold: a release trained it that made no maps, or there is nothing to map.
        """
        if run not in self._maps:
            answer = await self._ask(get_map.asyncio(run, client=self._client), models.NeighbourhoodMap)
            if not answer.fragments:
                raise NotTold(_("There is no map of this run: it tells nothing of its fragments, or the same of all of them."))
            positions_FD = np.asarray(answer.positions, dtype=np.float64).reshape(-1, 2)
            self._maps[run] = NeighbourhoodMap(tuple(answer.fragments), positions_FD)
        return self._maps[run]

    async def trajectory(self, run: str) -> Trajectory:
        """How the recorded fragments moved during training; no steps when the run recorded none."""
        answer = await self._ask(get_trajectory.asyncio(run, client=self._client), models.Trajectory)
        names = tuple(answer.fragments)
        positions = np.asarray(answer.positions, dtype=np.float64).reshape(len(answer.steps), len(names), -1)
        return Trajectory(names, np.asarray(answer.steps, dtype=np.int64), positions)

    async def _read_space(self, run: str) -> Space:
        fragments: list[Fragment] = []
        cursor: str | None = None
        while True:
            question = list_fragments.asyncio(client=self._client, run=run, limit=_PAGE, cursor=cursor)
            page = await self._ask(question, models.FragmentPage)
            fragments += [_taken(Fragment, item) for item in page.items]
            cursor = page.next_
            if cursor is None:
                break
        wanted = {fragment.id for fragment in fragments}
        factors: dict[int, models.Factor] = {}
        while len(factors) < len(wanted):
            side = models.FactorSide.FRAGMENTS
            answer = await self._ask(
                list_factors.asyncio(side, client=self._client, run=run, limit=_PAGE, cursor=cursor), models.FactorPage
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

    async def targets(self, run: str) -> tuple[str, ...]:
        """Names of the first 1,000 targets of a run by its id, to choose from."""
        if run not in self._targets:
            question = list_factors.asyncio(models.FactorSide.TARGETS, client=self._client, run=run, limit=_PAGE)
            self._targets[run] = tuple(item.name for item in (await self._ask(question, models.FactorPage)).items)
        return self._targets[run]

    async def answer(self, question: Callable[[Client], Awaitable[Any]], kind: type[T]) -> T:
        """What a function of the generated client answers, if that is a `kind`."""
        return await self._ask(question(self._client), kind)

    async def _ask(self, question: Awaitable[Any], kind: type[T]) -> T:
        """The answer; anything else becomes a failure with a sentence."""
        try:
            return await answer_of(question, kind, service=_SCORES_API)
        except ServiceAway as away:
            raise UpstreamAway(_SCORES_API, self._url, away) from away
        except ServiceProblem as problem:
            raise self._failure(problem) from problem

    def _failure(self, problem: ServiceProblem) -> Unshowable:
        match problem.slug:
            case "not-ready":
                return NoRun()
            case "run-not-found" | "run-deleted" | "fragment-not-found":
                return NotInRun(problem.detail)
            case "molecules-unreadable":
                errors = problem.members["errors"]
                of_many = errors[0]["place"].startswith("body.compounds.")
                told = _("This cannot be replaced: {reason}.", reason=errors[0]["reason"])
                return Unreadable(left_of(errors)) if of_many else NotTold(told)
            case "invalid-request":
                return NotTold(_("This cannot be asked: {reason}.", reason=problem.members["errors"][0]["reason"]))
            case slug if slug in _REFUSALS:
                ours = _REFUSALS[slug]
                return NotTold(problem.detail if ours is None else _(ours))
            case _:
                return UpstreamAway(_SCORES_API, self._url, f"{problem.title}: {problem.detail}")


def _run(item: models.RunSummary | models.RunDetail) -> Run:
    named = {field.name: getattr(item, field.name) for field in fields(Run)}
    kinds = tuple(SimilarityKind(str(kind)) for kind in item.similarities)
    unit = None if item.change_unit is None else ChangeUnit(str(item.change_unit))
    told = {"similarities": kinds, "tags": tuple(item.tags), "aliases": tuple(item.aliases), "change_unit": unit}
    return Run(**named | told)


def _taken(kind: type[D], item: Any) -> D:
    """What viz keeps of a generated client's model that has the same attributes."""
    return kind(**{field.name: getattr(item, field.name) for field in fields(kind)})


def _neighbour(item: models.Neighbour) -> Neighbour:
    told: dict[str, Any] = item.to_dict()
    change = None
    if told.get("expected_change") is not None:
        change = Change(told["expected_change"], told["change_low"], told["change_high"], told["swaps"], told["basis"])
    percents = {kind: told[kind] for kind in SimilarityKind}
    return Neighbour(item.rank, item.name, item.smiles, item.support, percents, item.low, item.high, change)
