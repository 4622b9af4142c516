"""The client: hands in trainings, finds runs and jobs, chats."""

import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

import httpx

from ntdemo._async.jobs import AsyncJob
from ntdemo._async.runs import AsyncRun
from ntdemo._async.services import AsyncServices, expected
from ntdemo.addresses import Addresses
from ntdemo.drawings import Drawing, DrawnTable, structures_of
from ntdemo.generated.chatbot.api.chat import create_chat_completion
from ntdemo.generated.chatbot.models import ChatCompletion, ChatCompletionRequest, Message, MessageRole
from ntdemo.generated.scores.api.drawings import get_drawing
from ntdemo.generated.scores.api.runs import get_run, list_runs
from ntdemo.generated.scores.models import RunDetail, RunPage
from ntdemo.generated.scores.types import File as ScoresFile
from ntdemo.generated.trainer.api.datasets import create_dataset, plan_dataset
from ntdemo.generated.trainer.api.devices import list_devices
from ntdemo.generated.trainer.api.jobs import create_job, get_job, list_jobs
from ntdemo.generated.trainer.models import (
    DatasetResource,
    DeviceList,
    FactorsSpec,
    IngestOptions,
    JobPage,
    JobRequest,
    JobResource,
    JobState,
    PlanResource,
)
from ntdemo.generated.trainer.types import UNSET, File
from ntdemo.problem_types import InvalidRequest, StructureUnreadable
from ntdemo.tables import TableKind, file_of, is_file

__all__ = ["AsyncClient"]

_PAGE: Final = 100
_NAMED: Final = ("built-in", "default", "dataset:", "postgresql://")
"""Sources that the trainer knows by these words, or that begin with them."""


class AsyncClient:
    """Speaks to all services; connections are opened when they are needed and kept.

    Where they are is told by the environment (`Addresses.of_environment`) or by `addresses`. `tables` is the library whose
    tables come out. `proxy` is the address of a proxy; those of the environment are not used.
    """

    def __init__(
        self,
        addresses: Addresses | None = None,
        *,
        tables: TableKind = "pandas",
        verify: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.services = AsyncServices(addresses or Addresses.of_environment(), verify=verify, proxy=proxy, transport=transport)
        """For the functions of `ntdemo.generated`: `services.scores`, `.trainer` and `.chatbot`."""
        self._tables: TableKind = tables

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self.services.aclose()

    async def train(
        self,
        data: Any,
        *,
        target: str | Sequence[str] | None = None,
        read: Mapping[str, Any] | None = None,
        key: str | None = None,
        **spec: Any,
    ) -> AsyncRun:
        """Hand in a training, and come back at once with its run; `wait` on that.

        `data` is a table (pandas, polars, pyarrow), a file of this machine, a source that the trainer knows (`built-in`,
        `default`, `dataset:…`, `postgresql://…`), or a sequence of such sources. `target` names the columns of values; all
        that look like one where it is None. `read` has further members of `IngestOptions` (`unit`, `smiles_column`, …) and
        `spec` those of `FactorsSpec` (`objective`, `rank`, `holdout`, `device`, …). A training with a `key` of before is that
        training, however often it is handed in.

        Raises:
            errors.InvalidData: the table cannot be learned from; `members["errors"]` names rows and columns.
            errors.Unauthorized: the trainer wants a key: `NTDEMO_API_KEY`.
        """
        document: dict[str, Any] = {"kind": "factors", "sources": await self._sources(data), **spec}
        options = {**({} if target is None else {"target_columns": _listed(target)}), **(read or {})}
        if options:
            document["ingest"] = options
        request = JobRequest(spec=FactorsSpec.from_dict(document))
        answer = await create_job.asyncio(client=self.services.trainer, body=request, idempotency_key=key or uuid.uuid4().hex)
        return AsyncRun(self.services, self._tables, job=AsyncJob(self.services, expected(answer, JobResource)))

    async def inspect(self, data: Any, *, target: str | Sequence[str] | None = None, **read: Any) -> PlanResource:
        """How a table would be read: what each column is taken for and why, before anything is trained."""
        uploaded = await self.upload(data)
        options = {**({} if target is None else {"target_columns": _listed(target)}), **read}
        answer = await plan_dataset.asyncio(
            uploaded.sha256, client=self.services.trainer, body=IngestOptions.from_dict(options)
        )
        return expected(answer, PlanResource)

    async def upload(self, data: Any, *, name: str | None = None) -> DatasetResource:
        """Give the trainer a table or a file of this machine. The same bytes are stored once."""
        own, content = file_of(data)
        payload = cast("Any", content)  # the generated class asks for a file; httpx takes bytes, and may send them twice
        answer = await create_dataset.asyncio(client=self.services.trainer, body=File(payload=payload), name=name or own)
        return expected(answer, DatasetResource)

    async def run(self, id_: str = "current") -> AsyncRun:
        """A published run; `current` is what that alias names now; it stays that run.

        Raises:
            errors.RunNotFound: there is none of this id.
        """
        detail = expected(await get_run.asyncio(id_, client=self.services.scores), RunDetail)
        return AsyncRun(self.services, self._tables, id_=detail.id)

    async def runs(self) -> AsyncIterator[AsyncRun]:
        """Every published run, the newest first, page by page as they are needed."""
        cursor: str | None = None
        while True:
            answer = await list_runs.asyncio(client=self.services.scores, cursor=cursor, limit=_PAGE)
            page = expected(answer, RunPage)
            for item in page.items:
                yield AsyncRun(self.services, self._tables, id_=item.id)
            cursor = page.next_
            if cursor is None:
                return

    async def job(self, id_: str) -> AsyncJob:
        """A job of the trainer.

        Raises:
            errors.JobNotFound: there is none of this id.
        """
        return AsyncJob(self.services, expected(await get_job.asyncio(id_, client=self.services.trainer), JobResource))

    async def jobs(self, *states: str) -> AsyncIterator[AsyncJob]:
        """Every job, or those in one of these states, the newest first, page by page as they are needed."""
        cursor: str | None = None
        while True:
            answer = await list_jobs.asyncio(
                client=self.services.trainer,
                state=[JobState(state) for state in states] or UNSET,
                cursor=cursor,
                limit=_PAGE,
            )
            page = expected(answer, JobPage)
            for item in page.items:
                yield AsyncJob(self.services, item)
            cursor = page.next_
            if cursor is None:
                return

    async def devices(self) -> DeviceList:
        """The processors that the trainer can compute on."""
        return expected(await list_devices.asyncio(client=self.services.trainer), DeviceList)

    async def chat(
        self, message: str, *, model: str = "ntdemo-en", before: Sequence[tuple[str, str]] = (), seed: int | None = None
    ) -> str:
        """What a bot replies; `before` are the exchanges so far, `ntdemo-ja` speaks Japanese."""
        said = [
            (role, text) for pair in before for role, text in zip((MessageRole.USER, MessageRole.ASSISTANT), pair, strict=True)
        ]
        messages = [Message(role=role, content=text) for role, text in [*said, (MessageRole.USER, message)]]
        request = ChatCompletionRequest(model=model, messages=messages, seed=seed)
        answer = await create_chat_completion.asyncio(client=self.services.chatbot, body=request)
        return (
            expected(answer, ChatCompletion).choices[0].message.content or ""
        )  # null beside calls of tools, which are not asked for

    async def draw(self, smiles: str, *, highlight: Sequence[str] | Mapping[str, float] = ()) -> Drawing:
        """A molecule or fragment, drawn; a notebook shows it where it ends a cell.

        `highlight` names fragments, or gives SMARTS, whose atoms are lit; as a mapping also what each adds: blue raises,
        orange lowers.

        Raises:
            errors.StructureUnreadable: it is none.
        """
        weights = list(highlight.values()) if isinstance(highlight, Mapping) else []
        answer = await get_drawing.asyncio(
            client=self.services.scores, smiles=smiles, highlight=list(highlight), weight=weights
        )
        return Drawing(smiles, expected(answer, ScoresFile).payload.read().decode())

    async def drawn(self, table: Any, *, smiles: str = "smiles", limit: int = 20) -> DrawnTable:
        """The first rows of a table, each with the drawing of its column `smiles`; a notebook shows it where it ends a cell.

        Raises:
            KeyError: the table has no such column.
        """
        rows, structures = structures_of(table, smiles, limit)
        drawings = {each: await self._drawing(each) for each in dict.fromkeys(structures) if each is not None}
        return DrawnTable(rows, [None if each is None else drawings[each] for each in structures])

    async def _drawing(self, smiles: str) -> Drawing | None:
        try:
            return await self.draw(smiles)
        except (InvalidRequest, StructureUnreadable):  # a name that is no SMILES, or a text too long to draw
            return None

    async def _sources(self, data: Any) -> list[str]:
        if isinstance(data, str) and data.startswith(_NAMED):
            return [data]
        if isinstance(data, list | tuple):
            return [source for each in data for source in await self._sources(each)]
        if isinstance(data, str) and not is_file(data):
            raise FileNotFoundError(f"{data!r} is neither a file of this machine nor {', '.join(_NAMED)}…")
        return [(await self.upload(data)).source]


def _listed(target: str | Sequence[str]) -> list[str]:
    return [target] if isinstance(target, str) else list(target)
