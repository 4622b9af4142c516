"""Data sets: files handed to the trainer, the plan of how one would be read, and jobs that learn from it."""

from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import SecretStr

from servicekit.client import ServiceAway, ServiceProblem, answer_of, bearer
from servicekit.tracing import propagating
from trainer_client import Client, models
from trainer_client.api.datasets import create_dataset, list_datasets, plan_dataset
from trainer_client.api.jobs import cancel_job, create_job, get_job_log
from trainer_client.types import File
from viz.failures import Refused, UpstreamAway
from viz.language import N_
from viz.plans import Plan, PlannedColumn, PlannedFile, PlannedRows, PlannedTarget, RejectedPlace

__all__ = ["Dataset", "Datasets"]

T = TypeVar("T")
_TRAINER: Final = N_("the trainer")
_USED: Final = "used"
_PATIENCE_S: Final = 60.0
"""A plan reads the first rows of a file, and chemistry takes its time."""


@dataclass(frozen=True)
class Dataset:
    """An uploaded file."""

    sha256: str
    name: str
    size_bytes: int
    created: datetime


class Datasets:
    """Asks the trainer, with its key where it has one; to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client: Any = Client(  # of the two generated classes, the other takes no client without a key
            base_url=self._url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S, connect=2.0),
            httpx_args={"trust_env": False, **propagating(), "transport": transport},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def receive(self, name: str, body: AsyncIterator[bytes]) -> Dataset:
        """Hand a file on as it comes.

        Raises:
            Refused: the trainer does not take it. So do all other methods.
            UpstreamAway: the trainer cannot be asked. So do all other methods.
        """
        file = File(payload=body)  # type: ignore[arg-type]  # the generated class asks for a file; httpx takes any stream
        question = create_dataset.asyncio(client=self._client, body=file, name=name)
        return _dataset(await self._ask(question, models.DatasetResource))

    async def all(self) -> tuple[Dataset, ...]:
        """Every upload, the newest first."""
        listed = await self._ask(list_datasets.asyncio(client=self._client), models.DatasetList)
        return tuple(_dataset(item) for item in listed.items)

    async def plan(self, dataset: str, ingest: Mapping[str, Any]) -> Plan:
        """How an upload would be read with these options."""
        question = plan_dataset.asyncio(dataset, client=self._client, body=models.IngestOptions.from_dict(ingest))
        return _plan(await self._ask(question, models.PlanResource))

    async def start(self, spec: Mapping[str, Any]) -> str:
        """Hand in a job; its id."""
        question = create_job.asyncio(client=self._client, body=models.JobRequest.from_dict({"spec": spec}))
        return (await self._ask(question, models.JobResource)).id

    async def cancel(self, job: str) -> None:
        """Ask for the end of a job."""
        await self._ask(cancel_job.asyncio(job, client=self._client), models.JobResource)

    async def log(self, job: str) -> str:
        """What a job printed so far."""
        return await self._ask(get_job_log.asyncio(job, client=self._client), str)

    async def _ask(self, question: Awaitable[Any], kind: type[T]) -> T:
        try:
            return await answer_of(question, kind, service=_TRAINER)
        except ServiceAway as away:
            raise UpstreamAway(_TRAINER, self._url, away) from away
        except ServiceProblem as problem:
            offences = problem.members.get("offences") or []
            raise Refused(problem.title, problem.detail, [each.get("reason", "") for each in offences]) from problem


def _dataset(item: models.DatasetResource) -> Dataset:
    return Dataset(item.sha256, item.name, item.size_bytes, item.created)


def _plan(item: models.PlanResource) -> Plan:
    rows = None if item.rows is None else _rows(item.rows)
    return Plan(str(item.objective), tuple(_file(file) for file in item.files), rows)


def _file(item: models.PlannedFile) -> PlannedFile:
    columns = (PlannedColumn(each.name, str(each.role), each.reason, each.unit, each.endpoint) for each in item.columns)
    return PlannedFile(item.name, str(item.format_), str(item.states), item.layout, tuple(columns), tuple(item.doubts))


def _rows(item: models.InspectedRows) -> PlannedRows:
    targets = (
        PlannedTarget(each.target, each.title, each.values, each.bounds, each.low, each.median, each.high)
        for each in item.targets
    )
    return PlannedRows(
        rows=item.rows,
        whole=item.whole,
        used=item.used,
        rejected=item.rejected,
        fates={fate: count for fate, count in item.fates.additional_properties.items() if fate != _USED},
        targets=tuple(targets),
        targets_found=item.targets_found,
        conflicts=tuple(item.conflicts),
        questions=tuple(item.questions),
        rejects=tuple(RejectedPlace(each.row, each.column, each.value, each.reason) for each in item.rejects),
    )
