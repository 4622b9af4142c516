"""Data sets: files handed to the trainer, the plan of how one would be read, and jobs that learn from it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydantic import SecretStr

from servicekit.client import ServiceAway, ServiceProblem, asking, bearer, checked
from servicekit.tracing import propagating
from trainer_client import models
from viz.failures import Refused, UpstreamAway
from viz.plans import Plan, PlannedColumn, PlannedFile, PlannedRows, PlannedTarget, RejectedPlace

__all__ = ["Dataset", "Datasets"]

_TRAINER: Final = "the trainer"
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
        self._client = httpx.AsyncClient(
            base_url=self._url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S, connect=2.0),
            trust_env=False,
            **propagating(),
            transport=transport,
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
        headers = {"Content-Type": "application/octet-stream"}
        answer = await self._ask("POST", "/v1/datasets", params={"name": name}, content=body, headers=headers)
        return _dataset(models.DatasetResource.from_dict(answer.json()))

    async def all(self) -> tuple[Dataset, ...]:
        """Every upload, the newest first."""
        answer = await self._ask("GET", "/v1/datasets")
        return tuple(_dataset(item) for item in models.DatasetList.from_dict(answer.json()).items)

    async def plan(self, dataset: str, ingest: Mapping[str, Any]) -> Plan:
        """How an upload would be read with these options."""
        answer = await self._ask("POST", f"/v1/datasets/{dataset}/plan", json=dict(ingest))
        return _plan(models.PlanResource.from_dict(answer.json()))

    async def start(self, spec: Mapping[str, Any]) -> str:
        """Hand in a job; its id."""
        answer = await self._ask("POST", "/v1/jobs", json={"spec": dict(spec)})
        return models.JobResource.from_dict(answer.json()).id

    async def cancel(self, job: str) -> None:
        """Ask for the end of a job."""
        await self._ask("DELETE", f"/v1/jobs/{job}")

    async def log(self, job: str) -> str:
        """What a job printed so far."""
        return (await self._ask("GET", f"/v1/jobs/{job}/log")).text

    async def _ask(self, method: str, path: str, **question: Any) -> httpx.Response:
        try:
            with asking(_TRAINER):
                return checked(await self._client.request(method, path, **question))
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
