"""A run: what was learned from one table, and every question it answers."""

import html
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, Self

from ntdemo._async.jobs import AsyncJob
from ntdemo._async.services import AsyncServices, expected
from ntdemo.answers import (
    AT_TARGET,
    CURVE,
    FACTORS,
    FRAGMENTS,
    NEIGHBOURS,
    PREDICTIONS,
    PRODUCTS,
    REJECTS,
    REPLACEMENTS,
    prediction_rows,
    product_rows,
    replacement_rows,
)
from ntdemo.errors import NtdemoError
from ntdemo.generated.scores.api.factors import list_factors
from ntdemo.generated.scores.api.fragments import get_fragment, list_fragments, list_neighbours
from ntdemo.generated.scores.api.predictions import ask_predictions
from ntdemo.generated.scores.api.replacements import ask_replacements, list_replacements
from ntdemo.generated.scores.api.runs import get_curve, get_run, list_rejects
from ntdemo.generated.scores.api.similarities import ask_similarities
from ntdemo.generated.scores.models import (
    CompoundQuestion,
    Curve,
    FactorPage,
    FactorSide,
    Fragment,
    FragmentDetail,
    FragmentPage,
    Neighbours,
    Order,
    PredictionQuestion,
    Predictions,
    Products,
    Reject,
    RejectPage,
    ReplacementList,
    ReplacementQuestion,
    RunDetail,
    Similarities,
    SimilarityKind,
    SimilarityQuestion,
)
from ntdemo.generated.scores.types import UNSET
from ntdemo.pauses import async_pause
from ntdemo.problem_types import RunNotFound
from ntdemo.tables import Table, TableKind, named_column, table_of

__all__ = ["AsyncRun"]

_PAGE: Final = 1000
_COMPOUNDS: Final = 500
_PREDICTIONS: Final = 100_000
"""Asked for at once, at most; the scores API refuses more predictions, a compound and a target each, in one answer."""
_FIRST: Final = 10
"""Targets of an answer where neither they nor a limit are given."""
_VISIBLE_S: Final = 30.0
_POLL_S: Final = 0.2


class AsyncRun:
    """A run by its id; one that is being trained has a `job` and gets its id when that has ended (`wait`).

    Every question is answered by this very run, whatever is published meanwhile. Tables are those of the library that the
    client was made with.
    """

    def __init__(
        self, services: AsyncServices, tables: TableKind, *, id_: str | None = None, job: AsyncJob | None = None
    ) -> None:
        self._services = services
        self._tables: TableKind = tables
        self._id = id_
        self.job = job
        """The job that trains it; None where this client did not ask for the training."""

    @property
    def id(self) -> str:
        """Its id.

        Raises:
            NtdemoError: it is still being trained.
        """
        if self._id is None:
            raise NtdemoError("this run is not published yet: call wait() first")
        return self._id

    async def wait(self, *, progress: bool = True) -> Self:
        """Wait until it is published and can be asked; `progress` shows how far the training is.

        Raises:
            JobFailed: the training failed, and why.
            JobCancelled: it was cancelled.
            NtdemoError: the trainer published it, but the scores API does not see it: do they share their state?
        """
        if self.job is None:
            return self
        await self.job.wait(progress=progress)
        self._id = self.job.resource.run
        for _ in range(round(_VISIBLE_S / _POLL_S)):
            try:
                await self.detail()
            except RunNotFound:
                await async_pause(_POLL_S)
            else:
                return self
        raise NtdemoError(f"run {self.id} is published, but the scores API does not see it: do both use the same NTDEMO_STATE?")

    async def detail(self) -> RunDetail:
        """Its parameters, counts and measurements."""
        return expected(await get_run.asyncio(self.id, client=self._services.scores), RunDetail)

    async def neighbours(
        self, fragment: str, *, by: str | None = None, max_structure: float | None = None, limit: int = 10
    ) -> Table:
        """What is most alike to a fragment, the nearest first, with every similarity in percent and the evidence.

        `by` is `function`, `structure`, `coassay` or `balanced`; the service chooses where it is None.
        `max_structure` leaves out what looks more alike than so many percent.

        Raises:
            errors.FragmentNotFound: the run has no such fragment; its message names some that are written alike.
            ValueError: there is no such similarity.
        """
        answer = await list_neighbours.asyncio(
            fragment,
            client=self._services.scores,
            run=self.id,
            similarity=UNSET if by is None else SimilarityKind(by),
            max_structure=max_structure,
            limit=limit,
        )
        return self._table(expected(answer, Neighbours).items, NEIGHBOURS)

    async def replacements(self, fragment: str, target: str | None = None, *, limit: int = 10) -> Table:
        """What can take the place of a fragment, by how little that is expected to change activity, with the evidence.

        `expected_change` is absolute, in the run's `change_unit`, with a 90 % interval; `percent` says how often it is kept.
        At a `target` the rows come by what a replacement adds there: `shift`, above 0 where the new molecule is more active.

        Raises:
            errors.FragmentNotFound: the run has no such fragment.
            errors.TargetNotFound: the run has no such target.
            errors.ReplacementsUnavailable: no compounds of its data differ by one fragment alone, or it is of counts.
        """
        answer = await list_replacements.asyncio(
            fragment, client=self._services.scores, run=self.id, target=UNSET if target is None else target, limit=limit
        )
        rows = replacement_rows(expected(answer, ReplacementList))
        return table_of(rows, REPLACEMENTS if target is None else (*REPLACEMENTS, *AT_TARGET), self._tables)

    async def products(
        self,
        molecule: str,
        fragment: str | None = None,
        *,
        by: Sequence[str] | None = None,
        targets: Sequence[str] = (),
        keep: Sequence[str] = (),
        lose: Sequence[str] = (),
        limit: int = 10,
    ) -> Table:
        """What a molecule (a SMILES) becomes where a fragment in it is replaced, with what is expected of each product.

        Without `by` it is replaced by what is expected to change activity least. At `targets`, a row a product and target,
        products come by what they add at the first (`shift`); those that lose activity at one of `keep`, or do not at one of
        `lose`, are left out.

        Raises:
            errors.FragmentNotFound: the molecule has no such fragment that the run knows.
            errors.TargetNotFound: the run has no such target.
            errors.ReplacementsUnavailable: no compounds of its data differ by one fragment alone, or it is of counts.
        """
        question = ReplacementQuestion(
            smiles=molecule,
            fragment=fragment,
            by=None if by is None else list(by),
            targets=list(targets),
            keep=list(keep),
            lose=list(lose),
            limit=limit,
        )
        answer = expected(await ask_replacements.asyncio(client=self._services.scores, body=question, run=self.id), Products)
        columns = (*PRODUCTS, *AT_TARGET) if targets or keep or lose else PRODUCTS
        return table_of(product_rows(answer), columns, self._tables)

    async def similarities(self, fragments: Sequence[str], *, by: str = "function") -> Table:
        """A square of similarities in percent: a row and a column a fragment, the names in the column `fragment`."""
        question = SimilarityQuestion(fragments=list(fragments), similarity=SimilarityKind(by))
        answer = await ask_similarities.asyncio(client=self._services.scores, body=question, run=self.id)
        square = expected(answer, Similarities)
        rows = [
            {"fragment": name, **dict(zip(square.names, row, strict=True))}
            for name, row in zip(square.names, square.percents, strict=True)
        ]
        return table_of(rows, ("fragment", *square.names), self._tables)

    async def predict(
        self,
        compounds: Any,
        *,
        targets: Sequence[str] | None = None,
        limit: int | None = None,
        order: str | None = None,
        smiles: str = "smiles",
    ) -> Table:
        """What to expect of compounds: a row a compound and target, with the 90 % interval.

        `compounds` is a SMILES, a sequence or column of them, or a table with a column `smiles`. Without `targets` the ten
        are answered that come first by `order` (`excess`, `prediction` or `certainty`), or `limit` of them. The column
        `compound` counts from 0 in the order of the question.

        Raises:
            errors.MoleculesUnreadable: some are no molecules; `members` says which.
        """
        listed = named_column(compounds, smiles)
        rows: list[dict[str, Any]] = []
        answered = len(targets) if targets is not None else limit if limit is not None else _FIRST
        step = max(1, min(_COMPOUNDS, _PREDICTIONS // max(1, answered)))
        for first in range(0, len(listed), step):
            question = PredictionQuestion(
                compounds=[CompoundQuestion(smiles=each) for each in listed[first : first + step]],
                targets=None if targets is None else list(targets),
                limit=limit,
                order=None if order is None else Order(order),
            )
            rows += prediction_rows(await self.explain(question), first)
        return table_of(rows, PREDICTIONS, self._tables)

    async def explain(self, question: PredictionQuestion) -> Predictions:
        """Predictions with all that they come from: contributions of fragments, relatives, the level of each target."""
        answer = await ask_predictions.asyncio(client=self._services.scores, body=question, run=self.id)
        return expected(answer, Predictions)

    async def fragment(self, name: str) -> FragmentDetail:
        """A fragment, and the evidence for it."""
        return expected(await get_fragment.asyncio(name, client=self._services.scores, run=self.id), FragmentDetail)

    async def each_fragment(self, query: str | None = None, *, shown: bool = True) -> AsyncIterator[Fragment]:
        """Every fragment whose name holds `query`, page by page as they are needed.

        `shown` leaves out those with little evidence.
        """
        cursor: str | None = None
        while True:
            answer = await list_fragments.asyncio(
                client=self._services.scores,
                run=self.id,
                query=query or "",
                shown=shown,
                cursor=cursor,
                limit=_PAGE,
            )
            page = expected(answer, FragmentPage)
            for item in page.items:
                yield item
            cursor = page.next_
            if cursor is None:
                return

    async def fragments(self, query: str | None = None, *, shown: bool = True) -> Table:
        """The same as a table."""
        return self._table([item async for item in self.each_fragment(query, shown=shown)], FRAGMENTS)

    async def factors(self, side: str = "fragments") -> Table:
        """The vectors of all `fragments` or `targets`: canonical (`vector`) and balanced."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            answer = await list_factors.asyncio(
                FactorSide(side),
                client=self._services.scores,
                run=self.id,
                cursor=cursor,
                limit=_PAGE,
            )
            page = expected(answer, FactorPage)
            items += page.items
            cursor = page.next_
            if cursor is None:
                return self._table(items, FACTORS)

    async def each_reject(self) -> AsyncIterator[Reject]:
        """Every row or cell of the data that was left out, and why."""
        cursor: str | None = None
        while True:
            answer = await list_rejects.asyncio(self.id, client=self._services.scores, cursor=cursor, limit=_PAGE)
            page = expected(answer, RejectPage)
            for item in page.items:
                yield item
            cursor = page.next_
            if cursor is None:
                return

    async def rejects(self) -> Table:
        """The same as a table."""
        return self._table([item async for item in self.each_reject()], REJECTS)

    async def curve(self) -> Table:
        """The training curve: the loss after so many steps."""
        curve = expected(await get_curve.asyncio(self.id, client=self._services.scores), Curve)
        rows = [{"step": step, "loss": loss} for step, loss in zip(curve.steps, curve.losses, strict=True)]
        return table_of(rows, CURVE, self._tables)

    def _table(self, items: Sequence[Any], columns: Sequence[str]) -> Table:
        return table_of((item.to_dict() for item in items), columns, self._tables)

    def __repr__(self) -> str:
        return f"<run {self._id or 'in training'}>"

    def _repr_html_(self) -> str:
        return "".join(self._html())

    def _html(self) -> Iterator[str]:
        yield f"<b>run</b> <code>{html.escape(self._id or 'in training')}</code>"
        if self.job is not None:
            yield f" by job <code>{html.escape(self.job.id)}</code>: {self.job.state.value}"
