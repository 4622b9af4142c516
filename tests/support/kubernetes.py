"""A cluster to stand in for Kubernetes: its API server for Jobs and pods, the Job's controller, and nodes that are processes.

Answers as the API documents it: versions, watches that end and expire, deletion in the foreground. Everything that was asked is
recorded, with the Jobs as they were handed in.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from tests.support.ports import free_ports

__all__ = ["NAMESPACE", "Asked", "StandInCluster", "cluster", "templates"]

NAMESPACE: Final = "lab"
_VERBS: Final = {"POST": "create", "DELETE": "delete"}


def templates(**changes: Any) -> dict[str, Any]:
    """A file of job templates, as the chart writes it."""
    container = {"name": "job", "image": "ntdemo/trainer:0.2.0", "resources": {"limits": {"memory": "1Gi"}}}
    gpu = {**container, "resources": {"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}}

    def job(of: dict[str, Any]) -> dict[str, Any]:
        pod = {"containers": [of], "terminationGracePeriodSeconds": 30}
        return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"ttlSecondsAfterFinished": 3600, "template": {"spec": pod}}}

    facts = {"at_once": 2, "memory_bytes": 2**31, "cores": 1}
    return {
        "namespace": NAMESPACE,
        "labels": {"app.kubernetes.io/instance": "ntdemo", "app.kubernetes.io/component": "job"},
        "subdomain": "ntdemo-jobs",
        "owner": {"api_version": "apps/v1", "kind": "Deployment", "name": "ntdemo-trainer"},
        "cpu": {**facts, "job": job(container)},
        "gpu": {**facts, "job": job(gpu)},
        **changes,
    }


@dataclass(frozen=True)
class Asked:
    """A request, in the words of a Role."""

    verb: str
    group: str
    resource: str
    query: dict[str, str] = field(default_factory=dict)


@dataclass
class StandInCluster:
    """The cluster; a test changes how it behaves by its fields."""

    command: Sequence[str] = ()
    """What pods run in place of the Job's command, with the job's directory as the last argument; the Job's own if empty."""
    namespace: str = NAMESPACE
    unschedulable: str | None = None
    """Why no node takes a pod."""
    stuck: dict[str, str] | None = None
    """How containers wait that do not start."""
    doubled: bool = False
    """Each event is told twice."""
    late_s: float = 0.0
    """So long after it happened,"""
    pods_late_s: float = 0.0
    """and of pods so long."""
    lost_answers: int = 0
    """So many requests to make a Job are done, and their answers lost."""
    answers: dict[str, list[tuple[int, str, str] | None]] = field(default_factory=dict)
    """By verb, what the next requests are answered instead of being done, each None: status, reason and message."""
    silent: bool = False
    """Watches tell nothing."""
    asked: list[Asked] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    """Every Job as it was handed in."""

    def __post_init__(self) -> None:
        self._objects: dict[str, dict[str, dict[str, Any]]] = {"jobs": {}, "pods": {}}
        self._version = 100
        self._oldest = 100
        self._events: list[tuple[int, str, str, dict[str, Any]]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watches: set[asyncio.Task[Any]] = set()
        self.url = ""

    # What tests do to it.

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        return self._objects["jobs"]

    @property
    def pods(self) -> dict[str, dict[str, Any]]:
        return self._objects["pods"]

    @property
    def running(self) -> dict[str, int]:
        """Pod to the process that it runs."""
        return {pod: process.pid for pod, process in self._processes.items() if process.returncode is None}

    def kill(self, pod: str, *, reason: str = "Error") -> None:
        """The kernel kills what a pod runs."""
        self.pods[pod]["test"] = {"reason": reason}
        os.killpg(self._processes[pod].pid, signal.SIGKILL)

    def evict(self, pod: str, reason: str, message: str = "of the cluster") -> None:
        """The cluster takes a pod away."""
        condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
        self.pods[pod]["status"].setdefault("conditions", []).append(condition)
        self.kill(pod)

    def lose(self, pod: str) -> None:
        """Its node answers no more: the pod is to be gone, and the process goes on."""
        gone = datetime.now(UTC) - timedelta(minutes=5)
        self.pods[pod]["metadata"]["deletionTimestamp"] = gone.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._tell("MODIFIED", "pods", self.pods[pod])

    def forget(self, job: str) -> None:
        """Somebody deletes a Job by hand, without a word to its pods."""
        for pod in [pod for pod in self._pods_of(job) if pod in self.running]:
            os.killpg(self._processes[pod].pid, signal.SIGKILL)
        self._remove("jobs", job)

    def resume(self, job: str) -> None:
        """A queue of the cluster lets a Job begin."""
        self.jobs[job]["spec"]["suspend"] = False
        self._tell("MODIFIED", "jobs", self.jobs[job])
        self._spawn(self._control(job))

    def compact(self) -> None:
        """What happened before now is known no more; watches end, and none can go on from before."""
        self._version += 1
        self._oldest = self._version
        self._events.clear()
        self.end_watches()

    def end_watches(self) -> None:
        """Every connection that watches breaks."""
        for watch in self._watches:
            watch.cancel()

    def schedule(self) -> None:
        """Nodes take what they have not taken before, and containers start."""
        self.unschedulable = self.stuck = None
        for name in self.jobs:
            self._spawn(self._control(name))

    # The API.

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        app = web.Application()
        jobs, pods = f"/apis/batch/v1/namespaces/{self.namespace}/jobs", f"/api/v1/namespaces/{self.namespace}/pods"
        app.router.add_get(jobs, self._list)
        app.router.add_get(pods, self._list)
        app.router.add_post(jobs, self._create)
        app.router.add_delete(jobs + "/{name}", self._delete)
        app.router.add_get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{{name}}", self._deployment)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield
        finally:
            self.end_watches()
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            while self._tasks:
                await asyncio.wait(self._tasks)
            await runner.cleanup()

    def _record(self, request: web.Request) -> web.Response | None:
        kind = request.path.split("/")
        group = "" if kind[1] == "api" else kind[2]
        resource = next(word for word in ("jobs", "pods", "deployments") if word in kind)
        verb = _VERBS.get(request.method) or ("watch" if "watch" in request.query else "list")
        verb = "get" if resource == "deployments" else verb
        self.asked.append(Asked(verb, group, resource, dict(request.query)))
        left = self.answers.get(verb)
        answer = left.pop(0) if left else None
        return None if answer is None else _refusal(*answer)

    async def _deployment(self, request: web.Request) -> web.StreamResponse:
        return self._record(request) or web.json_response({"metadata": {"name": request.match_info["name"], "uid": "u-1"}})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._record(request)) is not None:
            return refused
        job = await request.json()
        name = job["metadata"]["name"]
        if name in self.jobs:
            return _refusal(409, "AlreadyExists", f'jobs.batch "{name}" already exists')
        self.made.append(json.loads(json.dumps(job)))
        job["metadata"] |= {"uid": f"uid-{self._version}", "creationTimestamp": _now()}
        job["status"] = {}
        self.jobs[name] = job
        self._tell("ADDED", "jobs", job)
        self._spawn(self._control(name))
        if self.lost_answers > 0:
            self.lost_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response(job, status=201)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._record(request)) is not None:
            return refused
        name = request.match_info["name"]
        job = self.jobs.get(name)
        if job is None:
            return _refusal(404, "NotFound", f'jobs.batch "{name}" not found')
        if "deletionTimestamp" not in job["metadata"]:
            job["metadata"]["deletionTimestamp"] = _now()
            self._tell("MODIFIED", "jobs", job)
            self._spawn(self._collect(name))
        return web.json_response(job)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._record(request)) is not None:
            return refused
        kind = "jobs" if request.path.endswith("jobs") else "pods"
        selector = dict(part.split("=") for part in request.query["labelSelector"].split(","))
        if "watch" in request.query:
            return await self._watch(request, kind, selector)
        found = [each for each in self._objects[kind].values() if _matches(each, selector)]
        return web.json_response({"metadata": {"resourceVersion": str(self._version)}, "items": found})

    async def _watch(self, request: web.Request, kind: str, selector: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self._watches.add(task)
        version = int(request.query["resourceVersion"])
        until_s = asyncio.get_running_loop().time() + float(request.query["timeoutSeconds"])
        try:
            while asyncio.get_running_loop().time() < until_s:
                if version < self._oldest:
                    gone = {"type": "ERROR", "object": _status(410, "Expired", "too old resource version")}
                    await response.write(json.dumps(gone).encode() + b"\n")
                    return response
                fresh = [] if self.silent else [event for event in self._events if event[0] > version]
                for at, happened, of, found in fresh:
                    version = at
                    if of == kind and _matches(found, selector):
                        await asyncio.sleep(self.pods_late_s if kind == "pods" else self.late_s)
                        line = json.dumps({"type": happened, "object": found}).encode() + b"\n"
                        await response.write(line * (2 if self.doubled else 1))
                await asyncio.sleep(0.01)
        except ConnectionResetError:  # who watched has gone
            pass
        except asyncio.CancelledError:
            if request.transport is not None:
                request.transport.close()
        finally:
            self._watches.discard(task)
        return response

    # The controller and the nodes.

    def _tell(self, happened: str, kind: str, found: dict[str, Any]) -> None:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, happened, kind, json.loads(json.dumps(found))))

    def _remove(self, kind: str, name: str) -> None:
        if (found := self._objects[kind].pop(name, None)) is not None:
            self._tell("DELETED", kind, found)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _pods_of(self, job: str) -> list[str]:
        return [name for name, pod in self.pods.items() if pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == job]

    async def _control(self, name: str) -> None:
        """As the Job's controller: makes its pods, and says when they have ended."""
        job = self.jobs[name]
        if (
            job["spec"].get("suspend")
            or "deletionTimestamp" in job["metadata"]
            or self.running.keys() & set(self._pods_of(name))
        ):
            return
        spec = job["spec"]
        count = spec.get("completions", 1)
        for pod in self._pods_of(name):
            self._remove("pods", pod)
        await asyncio.gather(*(self._pod(job, index) for index in range(count)))
        if name not in self.jobs or self.jobs[name] is not job or "deletionTimestamp" in job["metadata"]:
            return
        phases = [self.pods[pod]["status"]["phase"] for pod in self._pods_of(name)]
        if "Pending" in phases:
            return
        end = {"type": "Complete"} if set(phases) == {"Succeeded"} else {"type": "Failed", "reason": "BackoffLimitExceeded"}
        job["status"]["conditions"] = [{**end, "status": "True", "message": "Job has reached the specified backoff limit"}]
        self._tell("MODIFIED", "jobs", job)

    async def _pod(self, job: dict[str, Any], index: int) -> None:
        name, template = f"{job['metadata']['name']}-{index}", job["spec"]["template"]
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": job["metadata"]["name"]}
        pod: dict[str, Any] = {"metadata": {"name": name, "labels": labels, "uid": f"uid-{self._version}"}, "status": {}}
        pod |= {"spec": {**template["spec"], "nodeName": "node-1"}, "status": {"phase": "Pending"}}
        self.pods[name] = pod
        if self.unschedulable is not None:
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": self.unschedulable}
            pod["status"]["conditions"] = [condition]
        if self.stuck is not None:
            pod["status"]["containerStatuses"] = [{"name": "job", "state": {"waiting": self.stuck}}]
        self._tell("ADDED", "pods", pod)
        if self.unschedulable is not None or self.stuck is not None:
            return
        process = await self._process(template["spec"]["containers"][0], index)
        self._processes[name] = process
        pod["status"] |= {"phase": "Running", "containerStatuses": [{"name": "job", "state": {"running": {}}}]}
        self._tell("MODIFIED", "pods", pod)
        status = await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a container ends with its first process
        status = 128 - status if status < 0 else status
        end = {"exitCode": status, "finishedAt": _now(), **pod.pop("test", {"reason": "Error" if status else "Completed"})}
        pod["status"] |= {
            "phase": "Failed" if status else "Succeeded",
            "containerStatuses": [{"name": "job", "state": {"terminated": end}}],
        }
        if name in self.pods:
            self._tell("MODIFIED", "pods", pod)

    async def _process(self, container: dict[str, Any], index: int) -> asyncio.subprocess.Process:
        given = {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}
        environment = {**os.environ, **given, "JOB_COMPLETION_INDEX": str(index)}
        command = [re.sub(r"\$\((\w+)\)", lambda found: environment[found[1]], word) for word in container["command"]]
        command[0] = sys.executable
        output: Any = asyncio.subprocess.DEVNULL
        if self.command:
            directory = Path(command[-2])
            command = [*self.command, str(directory)]
            output = (directory / "log.txt").open("ab")  # as `trainer.jobs.pod` does first
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment,
        )
        if self.command:
            output.close()
        return process

    async def _collect(self, name: str) -> None:
        """As the garbage collector in the foreground: ends the pods, then removes them and the Job."""
        grace_s = self.jobs[name]["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
        lost = [pod for pod in self._pods_of(name) if "deletionTimestamp" in self.pods[pod]["metadata"]]
        for pod in self._pods_of(name):
            process = self._processes.get(pod)
            if pod in lost or process is None:
                continue
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_s)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if lost:
            return  # for as long as the node does not answer
        for pod in self._pods_of(name):
            self._remove("pods", pod)
        self._remove("jobs", name)


@asynccontextmanager
async def cluster(*command: str, namespace: str = NAMESPACE) -> AsyncIterator[StandInCluster]:
    """A cluster whose pods run `command`, or what their Jobs say."""
    standing = StandInCluster(command, namespace)
    async with standing.served():
        yield standing


def _matches(found: dict[str, Any], selector: dict[str, str]) -> bool:
    return bool(selector.items() <= found["metadata"].get("labels", {}).items())


def _refusal(status: int, reason: str, message: str) -> web.Response:
    return web.json_response(_status(status, reason, message), status=status)


def _status(status: int, reason: str, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
