"""The Kubernetes executor: makes a Job for an attempt, watches it, deletes it, and adopts what a trainer before has made."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.executors.executor import Away, Execution, Outcome
from trainer.jobs.executors.kubernetes.following import Following
from trainer.jobs.executors.kubernetes.manifest import RUN, job_name, manifest
from trainer.jobs.executors.kubernetes.server import ApiServer, Exists, Kind, Refused
from trainer.jobs.executors.kubernetes.standing import Ended, Pending, Standing, standing
from trainer.jobs.job import Failure
from trainer.jobs.templates import JobTemplates
from trainer.runs import problems

__all__ = ["KubernetesExecution", "KubernetesExecutor", "Patience"]

_LEFT: Final = Outcome("the trainer let go of it")
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long something may take."""

    look_s: float = 5.0
    """Objects are looked at so often where nothing is told of them."""
    watch_s: float = 60.0
    """They are listed anew so often, whatever was told."""
    again_s: float = 2.0
    """A request is repeated so long after it was not answered."""
    stuck_s: float = 180.0
    """What seldom mends itself, such as an image that is not found."""
    deleted_s: float = 150.0
    """A Job with its pods, who have 30 s for a checkpoint; what is left then is left alone."""


class KubernetesExecution:
    """A Job of the cluster."""

    def __init__(self, executor: "KubernetesExecutor", name: str, job: dict[str, Any] | None) -> None:
        """`job` is to be made; None where it is there."""
        self._executor = executor
        self.name = name
        self._pending: str | None = "Its Job is not made yet."
        self._stopping: asyncio.Task[Outcome] | None = None
        self._living = asyncio.create_task(self._live(job), name=f"follow job {name}")
        self._living.add_done_callback(self._forget)

    @property
    def pending(self) -> str | None:
        """Why no pod of it runs yet, as the cluster says."""
        return self._pending

    async def wait(self) -> Outcome:
        """Wait until the Job has ended, was deleted with its pods, or was let go of."""
        await asyncio.wait({self._living})
        if self._stopping is not None:
            return await asyncio.shield(self._stopping)
        return _LEFT if self._living.cancelled() else self._living.result()

    async def stop(self, *, grace_s: float = 0.0) -> None:  # noqa: ARG002 - a pod has the time that its template gives it
        """Delete the Job with its pods, which are told before, and wait until they are gone."""
        if self._stopping is None and not self._living.done():
            self._stopping = asyncio.create_task(self._end(), name=f"delete job {self.name}")
            self._stopping.add_done_callback(self._forget)
            self._living.cancel()
        if self._stopping is not None:
            await asyncio.shield(self._stopping)

    async def leave(self) -> None:
        """Let go of the Job, which goes on; what is being deleted already is gone soon."""
        if self._stopping is None:
            self._living.cancel()
        await asyncio.wait({self._living})

    async def _live(self, job: dict[str, Any] | None) -> Outcome:
        try:
            if job is not None:
                await self._executor.make(job, self._tell)
            return await self._executor.ended(self.name, self._tell)
        except Refused as refused:  # a request before, whose answer was lost, may have been done
            return Outcome(str(refused), Failure(problems.POD_NOT_STARTED.slug, str(refused)), is_left=True)

    async def _end(self) -> Outcome:
        """Only when nobody makes it any more: a request on its way would be heard after its end."""
        await asyncio.wait({self._living})
        return await self._executor.delete(self.name)

    def _forget(self, task: "asyncio.Task[Outcome]") -> None:
        """However it ended, with a defect of ours too, nobody waits for the Job any more; unless it was let go of."""
        if not task.cancelled():
            self._executor.forget(self.name)

    def _tell(self, pending: str | None) -> None:
        self._pending = pending


class KubernetesExecutor:
    """Starts attempts in a cluster, and ends what nobody asked for."""

    def __init__(
        self,
        server: ApiServer,
        templates: JobTemplates,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_s: Callable[[], float] = time.monotonic,
        patience: Patience | None = None,
    ) -> None:
        self._server = server
        self._templates = templates
        self._clock = clock
        self._clock_s = clock_s
        self._patience = patience or Patience()
        self._following = Following(server, templates.selector, watch_s=self._patience.watch_s)
        self._known: set[str] = set()
        """Names of Jobs that somebody here waits for, or let go of."""
        self._owner_uid: str | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def outlives(self) -> bool:
        """A Job goes on without the trainer."""
        return True

    async def start(self, directory: JobDirectory) -> KubernetesExecution:
        """Begin to make the Job."""
        assignment = directory.assignment()
        job = manifest(self._templates, directory, assignment, self._owner_uid)
        return self._execution(job["metadata"]["name"], job)

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:
        """Go on with the Jobs of `runs`; delete every other that has not ended."""
        await self._following.begin()
        if self._templates.owner is not None and self._owner_uid is None:
            with suppress(Refused):  # an owner that cannot be read removes nothing
                self._owner_uid = await self._server.uid(self._templates.owner)
        made = {job["metadata"].get("labels", {}).get(RUN): name for name, job in self._following.jobs().items()}
        adopted: dict[str, Execution] = {run: self._execution(made[run], None) for run in runs if run in made}
        self._known = {job_name(run) for run in adopted}
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep(), name="orphans")
        return adopted

    async def close(self) -> None:
        """Stop following, and end every connection."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
            self._sweeping = None
        await self._following.close()
        await self._server.close()

    def _execution(self, name: str, job: dict[str, Any] | None) -> KubernetesExecution:
        self._known.add(name)
        return KubernetesExecution(self, name, job)

    def forget(self, name: str) -> None:
        """Nobody waits for this Job any more: it is deleted where it has not ended."""
        self._known.discard(name)

    async def make(self, job: dict[str, Any], tell: Callable[[str | None], None]) -> None:
        """Make a Job, as often as it takes to be answered; one of its name is this one. Raises Refused."""
        while True:
            try:
                await self._server.create_job(job)
            except Exists:
                return
            except Away as away:
                tell(str(away))
                await asyncio.sleep(self._patience.again_s)
            else:
                return

    async def ended(self, name: str, tell: Callable[[str | None], None]) -> Outcome:
        """Wait until the Job has ended, or is given up because it never began."""
        lists, seen = self._following.lists, False
        since_s = self._clock_s()
        stuck_since_s: float | None = None
        while True:
            job = self._following.jobs().get(name)
            seen = seen or job is not None
            if not seen and self._following.lists < lists + 2:  # the first list may be older than the Job
                found: Standing = Pending("Its Job is being made.")
            else:
                found = standing(job, self._following.pods(name), self._clock())
            match found:
                case Ended():
                    with suppress(Away, Refused):  # the end of the Job may be told before that of its pods, which says why
                        await self._following.list_anew(Kind.POD)
                    last = standing(job, self._following.pods(name), self._clock())
                    return (last if isinstance(last, Ended) else found).outcome
                case Pending() as pending:
                    now_s = self._clock_s()
                    tell(pending.reason)
                    since_s = now_s if pending.suspended else since_s
                    stuck_since_s = (now_s if stuck_since_s is None else stuck_since_s) if pending.stuck else None
                    stuck_s = 0.0 if stuck_since_s is None else now_s - stuck_since_s
                    never = pending.hopeless or stuck_s > self._patience.stuck_s
                    if never or now_s - since_s > self._templates.pending_s:
                        return await self._given_up(name, pending.reason)
                case _:
                    tell(None)
                    since_s = self._clock_s()
            await self._following.change(self._patience.look_s)

    async def _given_up(self, name: str, reason: str) -> Outcome:
        outcome = await self.delete(name)
        return Outcome(reason, Failure(problems.POD_NOT_STARTED.slug, reason), is_left=outcome.is_left)

    async def delete(self, name: str) -> Outcome:
        """Delete a Job and wait until it is gone with its pods."""
        until_s, said = self._clock_s() + self._patience.deleted_s, ""
        while self._clock_s() < until_s:
            try:
                if not await self._server.delete_job(name):
                    return Outcome("its pod was ended")
            except (Away, Refused, Exists) as error:  # asked again: what may not be ended now may be later
                said = f" ({error})"
            await self._following.change(self._patience.again_s)
        return Outcome(f"the cluster was told to end it, and has not{said}", is_left=True)

    async def _sweep(self) -> None:
        """Delete the Jobs that nobody waits for: a dead trainer's request may be heard after its successor has looked."""
        while True:
            for name, job in list(self._following.jobs().items()):
                try:
                    await self._delete_orphan(name, job)
                except Exception as error:  # noqa: BLE001 - whatever it is, the others are looked at, and this one again
                    _log.warning("orphan_left", name=name, reason=str(error) or repr(error))
            await self._following.change(self._patience.look_s)

    async def _delete_orphan(self, name: str, job: dict[str, Any]) -> None:
        conditions = job.get("status", {}).get("conditions", ())
        has_ended = any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions)
        if name not in self._known and not has_ended and "deletionTimestamp" not in job["metadata"]:
            _log.warning("job_orphaned", name=name, run=job["metadata"].get("labels", {}).get(RUN))
            await self._server.delete_job(name)
