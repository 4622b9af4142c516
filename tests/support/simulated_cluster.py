"""A simulated cluster for the trainer's real queue and its real Kubernetes executor: pods and requests that go wrong by a seed.

Pods live on when the trainer dies. Requests may be heard late, after its successor has looked; answers get lost, watches end,
expire, tell things twice or nothing; nodes are drained, or do not answer while what they run goes on.
"""

import asyncio
import heapq
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.support.kubernetes import templates
from tests.support.simulation import START, History, Violation

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.devices.cluster import ClusterInventory
from trainer.jobs.devices.listing import Listing
from trainer.jobs.events import EventKind, EventWriter
from trainer.jobs.executors.executor import Away, Executor
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.server import Exists, Expired, Kind, Listed, Refused
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.templates import JobTemplates, Owner
from trainer.settings import Settings

__all__ = ["ClusterHistory"]

_MIB: Final = 2**20
_FACTS: Final = {"at_once": 2, "cores": 4}
_BREAKS_S: Final = 130.0
"""Connections that watch last so long in the mean."""
_PATIENCE: Final = Patience(look_s=40.0, again_s=5.0, watch_s=150.0)


@cache
def _templates() -> JobTemplates:
    file = templates(pending_s=400.0)
    for kind, memory in (("cpu", 16_000), ("gpu", 80_000)):
        file[kind] |= _FACTS | {"memory_bytes": memory * _MIB}
    return JobTemplates.model_validate(file)


@cache
def _listing() -> Listing:
    return asyncio.run(ClusterInventory(_templates()).look())


class _Pod:
    """A pod and its process: steps at moments, as long as it lives."""

    def __init__(self, history: "ClusterHistory", name: str, command: list[str]) -> None:
        self._history = history
        self.job = name
        self.name = f"{name}-0"
        self.directory, self.run = JobDirectory(Path(command[-2])), command[-1]
        self.device = ""
        self.lives = False
        self.is_lost = False
        """Its node does not answer: nobody sees it or can end it."""

    @property
    def is_assigned(self) -> bool:
        return self._history.assigned(self.directory) == self.run

    def begin(self) -> None:
        """The process starts, as `trainer.jobs.pod`."""
        if self.name not in self._history.objects[Kind.POD]:
            return
        if not self.is_assigned:
            self._end(1)
            return
        self.lives = True
        self.device = json.loads((self.directory.root / "assignment.json").read_bytes())["place"]["device"]
        self._history.check_slots()
        self._history.show(Kind.POD, "MODIFIED", self.name, status={"phase": "Running"})
        dice = self._history.dice
        at_s = 0.0
        for _ in range(dice.randint(1, 3)):
            at_s += dice.uniform(1, 200)
            self._later(at_s, lambda: self._tell(EventKind.PROGRESS, stage="fit", done=1))
        fate = 0.0 if self._history.calm else dice.random()
        for limit, act in (
            (0.6, self._publish),
            (0.7, lambda: self._end(137)),
            (0.76, self._fail),
            (0.84, self._drained),
            (0.94, self._lose),
            (1.0, lambda: None),  # frozen
        ):
            if fate < limit:
                self._later(at_s, act)
                break

    def end(self) -> None:
        """Somebody deletes it: it is gone within its time, unless its node does not answer."""
        if not self.is_lost:
            self._history.at(self._history.dice.uniform(0, 30), self._removed)

    def hurry(self) -> None:
        """Who publishes comes to its end, one way or the other, before anybody else has the lock."""
        for step in ("write", "commit", "publish"):
            if self.lives and self._history.store.held == self.run:
                self._stage(step)
        self._announce()

    def _later(self, in_s: float, act: Callable[[], None]) -> None:
        self._history.at(in_s, lambda: act() if self.lives else None)

    def _tell(self, kind: EventKind, **data: object) -> None:
        with EventWriter(self.directory.events) as writer:
            writer.write(kind, **data)

    def _fail(self) -> None:
        self._tell(EventKind.FAILED, slug="invalid-data", detail="row 3", extensions={})
        self._end(1)

    def _drained(self) -> None:
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "drained"}
        self._end(143, conditions=[condition])

    def _lose(self) -> None:
        """The node does not answer; its pod is to be gone, goes on, and the node comes back or never does."""
        self.is_lost = True
        gone = START + timedelta(seconds=self._history.at_s) + self._history.jumped
        self._history.show(Kind.POD, "MODIFIED", self.name, metadata={"deletionTimestamp": gone.isoformat()})
        self._later(self._history.dice.uniform(0, 300), self._publish)
        self._history.at(self._history.dice.uniform(100, 3000), self._back)

    def _back(self) -> None:
        self.is_lost = False
        self._removed()

    def _publish(self) -> None:
        history, dice = self._history, self._history.dice
        if history.store.held is not None:
            self._later(1.0, self._publish)
            return
        history.store.held = self.run
        self._stage("network")
        at_s = 0.0
        for stage in ("write", "commit", "publish"):
            at_s += dice.uniform(0.1, 5)
            self._later(at_s, lambda stage=stage: self._stage(stage))  # type: ignore[misc]
        self._later(at_s + dice.uniform(0, 5), self._announce)

    def _stage(self, stage: str) -> None:
        if self._history.store.held != self.run or stage in self._history.begun[self.run]:
            return
        if not self.is_assigned:  # as the worker looks before each of these stages
            self._end(1)
            return
        self._history.begun[self.run].add(stage)
        self._history.store.staged.add(self.run)
        self._tell(EventKind.STAGE_STARTED, stage=stage)

    def _announce(self) -> None:
        history = self._history
        if self.lives and history.store.held == self.run and "publish" in history.begun[self.run]:
            history.store.staged.discard(self.run)
            history.store.ids.add(self.run)
            history.published.append((self.directory.root.name, self.run))
            history.store.held = None
            self._later(history.dice.uniform(0, 0.5), self._done)

    def _done(self) -> None:
        self._tell(EventKind.PUBLISHED, run=self.run)
        self._end(0)

    def _end(self, status: int, **said: Any) -> None:
        self._stopped()
        end = {"exitCode": status, "reason": "Error" if status else "Completed"}
        phase = {"phase": "Failed" if status else "Succeeded", "containerStatuses": [{"state": {"terminated": end}}], **said}
        self._history.show(Kind.POD, "MODIFIED", self.name, status=phase)
        condition = {"type": "Failed" if status else "Complete", "status": "True", "message": "backoff limit"}
        self._history.at(
            self._history.dice.uniform(0, 3),
            lambda: self._history.show(Kind.JOB, "MODIFIED", self.job, status={"conditions": [condition]}),
        )

    def _removed(self) -> None:
        self._stopped()
        self._history.show(Kind.POD, "DELETED", self.name)
        if "deletionTimestamp" in self._history.objects[Kind.JOB].get(self.job, {"metadata": {}})["metadata"]:
            self._history.show(Kind.JOB, "DELETED", self.job)
        elif self.job in self._history.objects[Kind.JOB]:
            failed = {"type": "Failed", "status": "True", "message": "its pod is gone"}
            self._history.show(Kind.JOB, "MODIFIED", self.job, status={"conditions": [failed]})

    def _stopped(self) -> None:
        self.lives = False
        if self._history.store.held == self.run:
            self._history.store.held = None


class _Server:
    """The API server, as one life of the trainer reaches it."""

    def __init__(self, history: "ClusterHistory") -> None:
        self._history = history

    async def _heard(self) -> None:
        await asyncio.sleep(self._history.dice.uniform(0, 1))
        if self._history.errs(0.05):
            raise Away("The API server does not answer.")

    async def _answered(self) -> None:
        await asyncio.sleep(self._history.dice.uniform(0, 0.5))
        if self._history.errs(0.05):
            raise Away("The answer was lost.")

    async def create_job(self, job: dict[str, Any]) -> None:
        await self._heard()
        if self._history.errs(0.01):
            raise Refused("admission webhook denied the request")
        late_s = self._history.dice.choice([0.01, 0.01, 0.01, 20.0])
        there = job["metadata"]["name"] in self._history.objects[Kind.JOB]
        self._history.at(late_s, lambda: self._history.create(job))
        if late_s > 1:
            await asyncio.sleep(10)
            raise Away("The API server does not answer.")  # and has heard it
        await self._answered()
        if there:
            raise Exists(job["metadata"]["name"])

    async def delete_job(self, name: str) -> bool:
        await self._heard()
        if self._history.errs(0.05):
            raise self._history.dice.choice([Refused("jobs.batch is forbidden"), Exists(name)])
        there = self._history.delete(name)
        await self._answered()
        return there

    async def listed(self, kind: Kind, selector: str) -> Listed:  # noqa: ARG002 - all are ours
        await self._heard()
        found = list(self._history.objects[kind].values()), str(self._history.version)
        await self._answered()
        return found

    async def watch(
        self,
        kind: Kind,
        selector: str,  # noqa: ARG002 - all are ours
        version: str,
        within_s: float,
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        await self._heard()
        history, seen = self._history, int(version)
        silent, twice = history.errs(0.1), history.errs(0.2)
        until_s = history.loop_s() + within_s
        breaks_s = until_s if history.calm else history.loop_s() + history.dice.expovariate(1 / _BREAKS_S)
        while (left_s := min(until_s, breaks_s) - history.loop_s()) > 0:
            fresh = history.since(seen)
            if silent or not any(of is kind for _, of, _, _ in fresh):
                await history.news(left_s)
                continue
            await asyncio.sleep(min(left_s, history.dice.uniform(0.5, 10)))
            for at, of, happened, found in history.since(seen):
                seen = at
                if of is kind:
                    for _ in range(1 + twice):
                        yield happened, found
        if breaks_s < until_s:
            raise history.dice.choice([Expired("too old resource version"), Away("The connection broke.")])

    async def uid(self, owner: Owner) -> str:  # noqa: ARG002 - the protocol's
        return "u-1"

    async def close(self) -> None:
        pass


class ClusterHistory(History):
    """One history of a trainer whose jobs are Jobs."""

    WORDS = ("auto", "auto", "cpu", "cuda")

    def __init__(self, seed: int, settings: Settings) -> None:
        super().__init__(seed, settings)
        self._templates = _templates()
        self._listing = _listing()
        self.devices = list(self._listing.devices)
        self.all_devices = self._listing.devices
        self.objects: dict[Kind, dict[str, dict[str, Any]]] = {kind: {} for kind in Kind}
        self.events: list[tuple[int, Kind, str, dict[str, Any]]] = []
        self.begun: dict[str, set[str]] = {}
        self.pods: list[_Pod] = []
        self.version = 1
        self._waiting: list[asyncio.Future[None]] = []
        self.at_s = 0.0
        self._number = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.store.recover = self._recover  # type: ignore[method-assign]  # which waits for who publishes

    def executor(self) -> Executor:
        loop = asyncio.get_running_loop()
        self._waiting.clear()  # those of a dead trainer
        return KubernetesExecutor(_Server(self), self._templates, clock=self.clock, clock_s=loop.time, patience=_PATIENCE)

    async def look(self) -> Listing:
        return self._listing

    def pass_time(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            self.at_s, _, act = heapq.heappop(self._due)
            act()
        self.at_s = now_s

    def at(self, in_s: float, act: Callable[[], None]) -> None:
        """Something happens in so many seconds."""
        heapq.heappush(self._due, (self.at_s + in_s, next(self._number), act))

    def since(self, version: int) -> list[tuple[int, Kind, str, dict[str, Any]]]:
        """What has happened since a version; each event has the next one."""
        return self.events[version - 1 :]

    async def news(self, within_s: float) -> None:
        """Wait until something happens, or so long."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_later(within_s, self._wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()

    @staticmethod
    def _wake(waiter: "asyncio.Future[None]") -> None:
        if not waiter.done():
            waiter.set_result(None)

    def loop_s(self) -> float:
        return asyncio.get_running_loop().time()

    def errs(self, chance: float) -> bool:
        return not self.calm and self.dice.random() < chance

    def assigned(self, directory: JobDirectory) -> str | None:
        """The run that is to be made there."""
        try:
            return str(json.loads((directory.root / "assignment.json").read_bytes())["run"])
        except FileNotFoundError:
            return None

    def show(self, kind: Kind, happened: str, name: str, **parts: dict[str, Any]) -> None:
        """An object changes, is made or is gone, and those who watch can know."""
        known = self.objects[kind].get(name)
        if known is None and happened != "ADDED":
            return
        self.version += 1
        for waiter in self._waiting:
            self._wake(waiter)
        self._waiting.clear()
        found = {part: {**(known or {}).get(part, {}), **parts.get(part, {})} for part in ("metadata", "spec", "status")}
        if happened == "DELETED":
            del self.objects[kind][name]
        else:
            self.objects[kind][name] = found
        self.events.append((self.version, kind, happened, found))

    def create(self, job: dict[str, Any]) -> None:
        name = job["metadata"]["name"]
        if name in self.objects[Kind.JOB]:
            return
        metadata = {"name": name, "uid": f"uid-{self.version}", "labels": job["metadata"]["labels"]}
        self.show(Kind.JOB, "ADDED", name, metadata=metadata, spec={"suspend": False})
        pod = _Pod(self, name, job["spec"]["template"]["spec"]["containers"][0]["command"])
        self.begun.setdefault(pod.run, set())
        self.pods.append(pod)
        labels = {"batch.kubernetes.io/job-name": name}
        described = {"name": pod.name, "uid": f"uid-{self.version}", "labels": labels}
        status: dict[str, Any] = {"phase": "Pending"}
        wait_s = self.dice.uniform(0.1, 20)
        if self.errs(0.1):
            status["conditions"] = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available."}]
            wait_s = self.dice.choice([100.0, 10**6])
        self.at(0.5, lambda: self._pod_made(name, pod, described, status, wait_s))

    def _pod_made(self, name: str, pod: _Pod, described: dict[str, Any], status: dict[str, Any], wait_s: float) -> None:
        if "deletionTimestamp" not in self.objects[Kind.JOB].get(name, {"metadata": {"deletionTimestamp": ""}})["metadata"]:
            self.show(Kind.POD, "ADDED", pod.name, metadata=described, spec={"nodeName": "node-1"}, status=status)
            self.at(wait_s, pod.begin)

    def delete(self, name: str) -> bool:
        job = self.objects[Kind.JOB].get(name)
        if job is None:
            return False
        if "deletionTimestamp" not in job["metadata"]:
            self.show(Kind.JOB, "MODIFIED", name, metadata={"deletionTimestamp": "now"})
            (pod,) = [each for each in self.pods if each.job == name]
            if pod.name in self.objects[Kind.POD]:
                pod.end()
            else:
                self.show(Kind.JOB, "DELETED", name)
        return True

    def check_slots(self) -> None:
        """What runs, is to run and can be ended has a slot of its own."""
        there = [pod for pod in self.pods if pod.lives and not pod.is_lost and pod.is_assigned]
        for device, count in Counter(pod.device for pod in there).items():
            if count > _FACTS["at_once"]:
                self._violations.append(f"{count} jobs on {device}")
        if len({pod.directory.root for pod in there}) < len(there):
            self._violations.append("a job has two processes")

    def taken(self, supervisor: Supervisor) -> Counter[str]:
        return Counter(attempt.device.name for attempt in supervisor.attempts)

    async def _break(self) -> None:
        """Faults are the pods' own."""

    def _recover(self) -> None:
        for pod in self.pods:
            if pod.lives and pod.run == self.store.held:
                pod.hurry()
        self.store.staged = {run for run in self.store.staged if run == self.store.held}

    def _check_end(self) -> None:
        super()._check_end()
        lost = {pod.job for pod in self.pods if pod.is_lost}
        for name, job in self.objects[Kind.JOB].items():
            if name not in lost and not job["status"].get("conditions") and "deletionTimestamp" not in job["metadata"]:
                raise Violation(f"a Job is left: {name}")
