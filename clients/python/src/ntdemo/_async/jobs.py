"""A job of the trainer: looked at, waited for with a bar, cancelled."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final, Self

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from ntdemo._async.services import AsyncServices, expected
from ntdemo.errors import JobCancelled, JobFailed, Unreachable, problem_of
from ntdemo.generated.trainer.api.jobs import cancel_job, follow_job, get_job, get_job_log
from ntdemo.generated.trainer.models import JobResource, JobState
from ntdemo.pauses import async_pause
from ntdemo.progress import Progress, shown

__all__ = ["AsyncJob"]

_SILENCE_S: Final = 60.0
"""The trainer sends a comment every 15 s."""
_BREAKS: Final = 5
"""So often in a row is a stream that broke taken up again."""
_PAUSE_S: Final = 1.0


class AsyncJob:
    """A job by its id. What is known of it is as of the last answer; `refresh` asks again."""

    def __init__(self, services: AsyncServices, resource: JobResource) -> None:
        self._services = services
        self.resource = resource

    @property
    def id(self) -> str:
        """Its id."""
        return self.resource.id

    @property
    def state(self) -> JobState:
        """Where it stood when it was last asked for."""
        return self.resource.state

    async def refresh(self) -> Self:
        """Ask where it stands."""
        self.resource = expected(await get_job.asyncio(self.id, client=self._services.trainer), JobResource)
        return self

    async def cancel(self) -> Self:
        """End it.

        Raises:
            errors.JobFinished: it has ended already.
        """
        self.resource = expected(await cancel_job.asyncio(self.id, client=self._services.trainer), JobResource)
        return self

    async def log(self) -> str:
        """What it printed so far."""
        return expected(await get_job_log.asyncio(self.id, client=self._services.trainer), str)

    async def wait(self, *, progress: bool = True) -> Self:
        """Wait until it has ended; `progress` shows how far it is, in the terminal or in the notebook.

        Raises:
            JobFailed: it failed, and why.
            JobCancelled: it was cancelled.
            Unreachable: the trainer went away.
        """
        with shown(f"job {self.id}", wanted=progress) as bar:
            async for event in self.events():
                self._take(event, bar)
        match self.state:
            case JobState.FAILED:
                problem = self.resource.problem
                raise JobFailed(self.id, None if problem is None else problem_of(problem.to_dict()))
            case JobState.CANCELLED:
                raise JobCancelled(f"job {self.id} was cancelled")
            case _:
                return self

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Everything that happens to it, from the beginning to its end; taken up again where a connection breaks."""
        seen, breaks = 0, 0
        while True:
            try:
                async for event in self._stream(seen):
                    seen, breaks = int(event.id), 0
                    yield event
                    if event.event == "end":
                        return
            except httpx.TransportError:
                pass
            breaks += 1
            if breaks > _BREAKS:
                raise Unreachable(f"the events of job {self.id} break off again and again")
            await async_pause(_PAUSE_S)

    async def _stream(self, seen: int) -> AsyncIterator[ServerSentEvent]:
        question: dict[str, Any] = follow_job._get_kwargs(self.id, last_event_id=seen)  # noqa: SLF001 - a stream has no function
        client = self._services.trainer.get_async_httpx_client()
        patience = httpx.Timeout(_SILENCE_S, connect=5.0)
        async with aconnect_sse(client, timeout=patience, **question) as stream:
            async for event in stream.aiter_sse():
                if event.data:  # httpx-sse makes an event of a comment, which keeps the connection alive and says nothing
                    yield event

    def _take(self, event: ServerSentEvent, bar: Progress) -> None:
        data: dict[str, Any] = json.loads(event.data)
        if event.event == "end":
            self.resource = JobResource.from_dict(data)
        else:
            bar.take(event.event, data)

    def __repr__(self) -> str:
        return f"<job {self.id}: {self.state.value}>"
