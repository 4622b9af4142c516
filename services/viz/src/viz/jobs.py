"""The trainer's jobs: what is being trained now, and how far it is, live.

The list of jobs says their states. How far an unfinished one is comes as server-sent events: each is followed once, however
many pages look at it, and the newest progress is kept.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import httpx
import structlog

from viz.answers import Job
from viz.failures import TrainerAway

__all__ = ["ServerEvent", "TrainerJobs", "server_events"]

_PATIENCE_S: Final = 3.0
_SILENCE_S: Final = 60.0
_UNFINISHED: Final = frozenset({"queued", "running", "publishing"})
_STAGES: Final = {
    "spark": "starting Spark",
    "read": "reading and checking the data",
    "fit": "fitting the factors",
    "neighbours": "ranking neighbours",
    "network": "checking the ONNX network",
    "write": "writing tables",
    "commit": "committing tables",
    "publish": "publishing",
}
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ServerEvent:
    """One server-sent event."""

    kind: str
    data: Mapping[str, Any]


async def server_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """The events of a `text/event-stream` whose data are JSON objects; comments and events without data are passed over."""
    kind, data = "message", ""
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data += value
        elif not line:
            if data:
                yield ServerEvent(kind, json.loads(data))
            kind, data = "message", ""


class TrainerJobs:
    """A client to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE_S, transport=transport, trust_env=False)
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Mapping[str, Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for follower in self._followers.values():
            follower.cancel()
        await asyncio.gather(*self._followers.values(), return_exceptions=True)
        await self._http.aclose()

    async def newest(self, limit: int) -> tuple[Job, ...]:
        """The newest jobs, the newest first.

        Raises:
            TrainerAway: it does not answer, or what answers is not the trainer.
        """
        try:
            response = await self._http.get("/v1/jobs", params={"limit": limit})
            response.raise_for_status()
            items = response.json()["items"]
            jobs = tuple(self._job(item) for item in items)
        except httpx.ConnectError as error:
            raise TrainerAway(self._url, "nothing listens there") from error
        except httpx.HTTPStatusError as error:
            raise TrainerAway(self._url, f"status {error.response.status_code}") from error
        except httpx.HTTPError as error:
            raise TrainerAway(self._url, "it takes too long") from error
        except (ValueError, KeyError, TypeError) as error:
            raise TrainerAway(self._url, "what answers there is not the trainer") from error
        for job in jobs:
            if job.unfinished and job.id not in self._followers:
                follower = asyncio.create_task(self._follow(job.id))
                self._followers[job.id] = follower
                follower.add_done_callback(partial(self._forget, job.id))
        return jobs

    async def _follow(self, job: str) -> None:
        """Keep the newest progress of a job until it ends."""
        patience = httpx.Timeout(_PATIENCE_S, read=_SILENCE_S)
        try:
            async with self._http.stream("GET", f"/v1/jobs/{job}/events", timeout=patience) as response:
                if response.is_error:
                    return
                async for event in server_events(response.aiter_lines()):
                    if event.kind == "stage-started":
                        self._progress[job] = {"stage": event.data.get("stage")}
                    elif event.kind == "progress":
                        self._progress[job] = event.data
        except (httpx.HTTPError, ValueError) as error:
            _log.info("job_no_longer_followed", job=job, reason=type(error).__name__)

    def _forget(self, job: str, _: asyncio.Task[None]) -> None:
        self._followers.pop(job, None)
        self._progress.pop(job, None)

    def _job(self, item: Mapping[str, Any]) -> Job:
        spec: Mapping[str, Any] = item.get("spec") or {}
        progress = self._progress.get(item["id"], {})
        done, total = progress.get("done"), progress.get("total")
        problem: Mapping[str, Any] = item.get("problem") or {}
        stage = progress.get("stage")
        return Job(
            id=item["id"],
            state=item["state"],
            unfinished=item["state"] in _UNFINISHED,
            title=_title(spec),
            created=datetime.fromisoformat(item["created"]),
            run=item.get("run"),
            stage=_STAGES.get(stage, stage) if isinstance(stage, str) else None,
            percent=100.0 * done / total if done is not None and total else None,
            loss=progress.get("loss"),
            eta_s=progress.get("eta_s"),
            problem=problem.get("detail"),
        )


def _title(spec: Mapping[str, Any]) -> str:
    sources = [str(source) for source in spec.get("sources") or ()]
    data = ", ".join("the trainer's own data" if source == "default" else source for source in sources)
    return f"{spec.get('objective', 'run')} of rank {spec.get('rank', '–')} from {data or 'unnamed data'}"
