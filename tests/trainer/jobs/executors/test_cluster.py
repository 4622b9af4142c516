"""What the Kubernetes executor does where a cluster, its API server or its nodes do not do as one would like."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from tests.support.jobs import told, until
from tests.support.kubernetes import NAMESPACE, StandInCluster, cluster, templates
from tests.support.processes import gone

from dialogue.bundle import Language
from trainer.jobs import worker
from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.executors.executor import Outcome
from trainer.jobs.executors.kubernetes.executor import KubernetesExecution, KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.manifest import job_name, manifest
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.jobs.job import Failure
from trainer.jobs.templates import JobTemplates
from trainer.pipelines import factors
from trainer.runs.report import Stage
from trainer.runs.spec import BotSpec, FactorsSpec, RunSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
SLEEPS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
PATIENCE = Patience(look_s=0.05, again_s=0.05, stuck_s=0.3, deleted_s=2, watch_s=1)
VERSIONS = ("1.30", "1.37")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Stand:
    """A cluster and an executor that uses it."""

    def __init__(self, cluster: StandInCluster, state: Path) -> None:
        self.cluster, self.state = cluster, state
        self.directory = JobDirectory(state / "jobs" / "job-1")
        self.executors: list[KubernetesExecutor] = []

    async def executor(self, *runs: str, **changes: Any) -> tuple[KubernetesExecutor, list[KubernetesExecution]]:
        server = KubernetesServer.opened(NAMESPACE, self.cluster.url)
        executor = KubernetesExecutor(server, JobTemplates.model_validate(templates(**changes)), patience=PATIENCE)
        self.executors.append(executor)
        adopted = await executor.adopt(dict.fromkeys(runs, self.directory))
        return executor, [each for each in adopted.values() if isinstance(each, KubernetesExecution)]

    async def start(self, script: str = SLEEPS, *, run: str = "factors-R1", **changes: Any) -> KubernetesExecution:
        self.cluster.command = [sys.executable, "-c", script]
        executor = (await self.executor(**changes))[0] if not self.executors or changes else self.executors[-1]
        self.directory.assign(assignment(self.state, run=run))
        return await executor.start(self.directory)

    async def pod(self) -> str:
        """The one that runs."""
        await until(lambda: bool(self.cluster.running) and self.directory.log.exists() and self.directory.log.read_text() != "")
        return next(iter(self.cluster.running))


def assignment(
    state: Path, *, run: str = "factors-R1", spec: RunSpec | None = None, on: str = "cpu", **more: Any
) -> Assignment:
    place = Place(device=on, computes_on=on, memory_bytes=1, environment={})
    return Assignment(run=run, spec=spec or FactorsSpec(kind="factors"), settings=Settings(state=state), place=place, **more)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with cluster() as standing:
        stand = Stand(standing, tmp_path)
        yield stand
        for executor in stand.executors:
            await executor.close()


async def over(execution: KubernetesExecution) -> Outcome:
    return await asyncio.wait_for(execution.wait(), 30)


async def test_an_answer_that_was_lost_makes_no_second_job(stand: Stand) -> None:
    stand.cluster.lost_answers = 2
    assert (await over(await stand.start("pass"))).reason == "its process ended with exit status 0"
    assert [job["metadata"]["name"] for job in stand.cluster.made] == ["factors-r1"]


async def test_a_server_that_has_no_time_is_asked_again(stand: Stand) -> None:
    await stand.executor()
    stand.cluster.answers["create"] = [
        (503, "ServiceUnavailable", "starting"),
        (429, "TooManyRequests", "later"),
        (401, "Unauthorized", "the token was changed"),
        (409, "Conflict", 'Operation cannot be fulfilled on resourcequotas "jobs": the object has been modified'),
    ] * 2
    assert (await over(await stand.start("pass"))).reason == "its process ended with exit status 0"


async def test_a_job_that_the_server_refuses_fails_in_its_words(stand: Stand) -> None:
    execution = await stand.start("pass")
    await over(execution)
    stand.cluster.answers["create"] = [(422, "Invalid", "spec.template.spec.containers[0].image: Required value")]
    execution = await stand.start("pass", run="factors-R2")
    outcome = await over(execution)
    assert outcome.failure is not None
    assert outcome.failure.slug == "pod-not-started"
    assert "image: Required value" in outcome.failure.detail


async def test_a_job_that_the_server_refuses_after_an_answer_was_lost_may_be_there(stand: Stand) -> None:
    stand.cluster.lost_answers = 1
    stand.cluster.answers["create"] = [None, (403, "Forbidden", "the Role was changed")]
    assert (await over(await stand.start())).is_left
    await until(lambda: not stand.cluster.jobs)


async def test_a_job_that_may_not_be_deleted_is_said_to_be_left_and_deleted_as_soon_as_it_may(stand: Stand) -> None:
    execution = await stand.start()
    await stand.pod()
    stand.cluster.answers["delete"] = [(403, "Forbidden", "the Role was changed")] * 1000
    await execution.stop()
    outcome = await over(execution)
    assert outcome.is_left
    assert "the Role was changed" in outcome.reason
    stand.cluster.answers.clear()
    await until(lambda: not stand.cluster.jobs)
    assert stand.cluster.running == {}


async def test_a_job_whose_end_is_refused_once_is_ended(stand: Stand) -> None:
    execution = await stand.start()
    await stand.pod()
    stand.cluster.answers["delete"] = [(403, "Forbidden", "later"), (409, "Conflict", "modified"), (500, "InternalError", "no")]
    await execution.stop()
    assert await over(execution) == Outcome("its pod was ended")


async def test_a_job_that_is_not_understood_is_not_left_running(stand: Stand) -> None:
    execution = await stand.start()
    pod = await stand.pod()
    stand.cluster.pods[pod]["status"] = {"phase": "Pending", "conditions": [{"what": "no type"}]}
    stand.cluster.end_watches()
    with pytest.raises(KeyError):
        await over(execution)
    await until(lambda: not stand.cluster.jobs)


@pytest.mark.parametrize("reason", ["Conflict", "AlreadyExists"])
async def test_an_orphan_whose_end_is_refused_does_not_end_the_search_for_orphans(stand: Stand, reason: str) -> None:
    stand.cluster.command = [sys.executable, "-c", SLEEPS]
    await stand.executor()
    stand.cluster.answers["delete"] = [(409, reason, "the object has been modified")] * 3
    stand.directory.assign(assignment(stand.state))
    server = KubernetesServer.opened(NAMESPACE, stand.cluster.url)
    await server.create_job(manifest(JobTemplates.model_validate(templates()), stand.directory, assignment(stand.state), None))
    await server.close()
    await until(lambda: not stand.cluster.jobs)


async def test_a_quota_is_waited_for(stand: Stand) -> None:
    await stand.executor()
    stand.cluster.answers["create"] = [(403, "Forbidden", "exceeded quota: jobs, requested: count/jobs.batch=1")] * 6
    execution = await stand.start("pass")
    assert (await over(execution)).reason == "its process ended with exit status 0"


async def test_watches_that_break_miss_nothing(stand: Stand) -> None:
    execution = await stand.start("import time; print('ran', flush=True); time.sleep(0.3)")
    await stand.pod()
    for _ in range(5):
        stand.cluster.end_watches()
        await asyncio.sleep(0.02)
    assert (await over(execution)).reason == "its process ended with exit status 0"


async def test_a_version_that_is_too_old_is_followed_by_a_list(stand: Stand) -> None:
    execution = await stand.start("import time; print('ran', flush=True); time.sleep(0.3)")
    await stand.pod()
    listed = sum(asked.verb == "list" for asked in stand.cluster.asked)
    stand.cluster.compact()
    assert (await over(execution)).reason == "its process ended with exit status 0"
    assert sum(asked.verb == "list" for asked in stand.cluster.asked) > listed


async def test_events_told_twice_and_late_change_nothing(stand: Stand) -> None:
    stand.cluster.doubled, stand.cluster.late_s = True, 0.05
    assert (await over(await stand.start("raise SystemExit(4)"))).reason == "its process ended with exit status 4"


async def test_a_watch_that_tells_nothing_is_not_believed_for_ever(stand: Stand) -> None:
    stand.cluster.silent = True
    assert (await over(await stand.start("pass"))).reason == "its process ended with exit status 0"


@pytest.mark.parametrize("pods_late_s", [0.0, 5.0], ids=["told at once", "told after the end of the Job"])
async def test_memory_that_is_not_enough_is_told_as_that(stand: Stand, pods_late_s: float) -> None:
    execution = await stand.start()
    pod = await stand.pod()
    stand.cluster.pods_late_s = pods_late_s
    stand.cluster.kill(pod, reason="OOMKilled")
    outcome = await over(execution)
    assert outcome.failure is not None
    assert outcome.failure.slug == "out-of-memory"


@pytest.mark.parametrize(
    ("reason", "counted"),
    [("EvictionByEvictionAPI", False), ("PreemptionByScheduler", False), ("TerminationByKubelet", True)],
    ids=["a node that is drained", "another's greater priority", "a node without room"],
)
async def test_an_eviction_counts_where_the_pod_caused_it(stand: Stand, reason: str, *, counted: bool) -> None:
    execution = await stand.start()
    stand.cluster.evict(await stand.pod(), reason, "node-1 was short of it.")
    assert await over(execution) == Outcome(f"its pod was evicted ({reason}: node-1 was short of it)", counted=counted)


async def test_a_node_that_does_not_answer_costs_the_job_no_attempt_and_may_still_run_it(stand: Stand) -> None:
    execution = await stand.start()
    pod = await stand.pod()
    stand.cluster.lose(pod)
    outcome = await over(execution)
    assert outcome == Outcome("its pod was lost with node-1, which does not answer", counted=False, is_left=True)
    assert pod in stand.cluster.running


async def test_a_job_that_somebody_deletes_in_the_cluster_is_told(stand: Stand) -> None:
    execution = await stand.start()
    await stand.pod()
    stand.cluster.forget("factors-r1")
    assert await over(execution) == Outcome("its Job was deleted in the cluster", is_left=True)  # nobody knows of its pods


async def test_what_no_node_takes_waits_in_the_schedulers_words_and_runs_when_one_does(stand: Stand) -> None:
    stand.cluster.unschedulable = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    execution = await stand.start("pass")
    await until(lambda: execution.pending == f"No node takes its pod: {stand.cluster.unschedulable}")
    stand.cluster.schedule()
    assert (await over(execution)).reason == "its process ended with exit status 0"


async def test_what_no_node_ever_takes_fails_in_the_schedulers_words(stand: Stand) -> None:
    stand.cluster.unschedulable = "0/3 nodes are available."
    outcome = await over(await stand.start("pass", pending_s=0.2))
    assert outcome.failure == Failure("pod-not-started", "No node takes its pod: 0/3 nodes are available.")
    assert stand.cluster.jobs == {}


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName"])
async def test_a_container_that_does_not_start_fails_the_job(stand: Stand, reason: str) -> None:
    stand.cluster.stuck = {"reason": reason, "message": "ntdemo/trainer:0.2.0: not found"}
    outcome = await over(await stand.start("pass"))
    assert outcome.failure is not None
    assert outcome.failure.detail == f"Its container does not start ({reason}: ntdemo/trainer:0.2.0: not found)."


async def test_a_queue_of_the_cluster_may_hold_a_job_back_for_as_long_as_it_likes(stand: Stand) -> None:
    held = templates()["cpu"]
    held["job"]["spec"]["suspend"] = True
    held["job"]["metadata"] = {"labels": {"kueue.x-k8s.io/queue-name": "chemistry"}}
    execution = await stand.start("pass", cpu=held, pending_s=0.1)
    await until(lambda: "suspended" in (execution.pending or ""))
    await asyncio.sleep(0.3)
    assert stand.cluster.made[0]["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "chemistry"
    stand.cluster.resume("factors-r1")
    assert (await over(execution)).reason == "its process ended with exit status 0"


async def test_what_the_cluster_does_not_end_is_left_alone_after_a_while(stand: Stand) -> None:
    execution = await stand.start()
    stand.cluster.lose(await stand.pod())
    await execution.stop()
    assert (await over(execution)).is_left


async def test_a_request_of_a_dead_trainer_that_is_heard_late_makes_no_orphan(stand: Stand) -> None:
    stand.cluster.command = [sys.executable, "-c", SLEEPS]
    await stand.executor()
    late = manifest(JobTemplates.model_validate(templates()), stand.directory, assignment(stand.state, run="factors-R9"), None)
    stand.directory.assign(assignment(stand.state, run="factors-R9"))
    server = KubernetesServer.opened(NAMESPACE, stand.cluster.url)
    await server.create_job(late)
    await until(lambda: not stand.cluster.jobs)
    await server.close()
    assert stand.cluster.running == {}


async def test_jobs_of_others_are_not_touched(stand: Stand) -> None:
    stand.cluster.command = [sys.executable, "-c", SLEEPS]
    others = JobTemplates.model_validate(templates(labels={"app.kubernetes.io/instance": "other"}))
    stand.directory.assign(assignment(stand.state))
    server = KubernetesServer.opened(NAMESPACE, stand.cluster.url)
    await server.create_job(manifest(others, stand.directory, assignment(stand.state), None))
    await server.close()
    await stand.executor()
    await asyncio.sleep(0.3)
    assert list(stand.cluster.jobs) == ["factors-r1"]


async def test_a_job_that_has_ended_is_left_to_be_looked_at(stand: Stand) -> None:
    await over(await stand.start("pass"))
    await stand.executors[0].close()
    await stand.executor()
    await asyncio.sleep(0.2)
    assert stand.cluster.jobs["factors-r1"]["spec"]["ttlSecondsAfterFinished"] == 3600
    assert "delete" not in {asked.verb for asked in stand.cluster.asked}


async def test_a_job_is_removed_with_the_trainers_deployment(stand: Stand) -> None:
    await over(await stand.start("pass"))
    (owner,) = stand.cluster.made[0]["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ntdemo-trainer", "uid": "u-1"}


async def test_a_cluster_that_is_not_there_at_the_start_is_told(tmp_path: Path) -> None:
    server = KubernetesServer.opened(NAMESPACE, "http://127.0.0.1:9")
    executor = KubernetesExecutor(server, JobTemplates.model_validate(templates()))
    with pytest.raises(OSError, match="API server does not answer"):
        await executor.adopt({})
    await executor.close()


def _nodes() -> JobTemplates:
    file = templates()
    file["gpu"] |= {"nodes": 2, "processes": 4}
    return JobTemplates.model_validate(file)


BOT = BotSpec(kind="dialogue", language=Language.ENGLISH, iterations=1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "asked",
    [{}, {"on": "cuda"}, {"spec": BOT}, {"spec": BOT, "on": "cuda"}, {"time_left_s": 59.5}],
    ids=["factors", "factors on a GPU", "a bot", "a bot on nodes", "limited"],
)
def test_jobs_are_what_kubernetes_takes(tmp_path: Path, asked: dict[str, Any], version: str) -> None:
    job = manifest(_nodes(), JobDirectory(tmp_path / "job-1"), assignment(tmp_path, **asked), "u-1")
    kubernetes_validate.validate(job, version, strict=True)


def test_the_cluster_ends_a_job_later_than_the_trainer_would_however_long_no_node_took_it(tmp_path: Path) -> None:
    file = JobTemplates.model_validate(templates(pending_s=600.0))
    job = manifest(file, JobDirectory(tmp_path / "job-1"), assignment(tmp_path, time_left_s=59.5), None)
    assert job["spec"]["activeDeadlineSeconds"] > 600 + 59.5


def test_a_job_says_whose_it_is_and_is_never_repeated_by_the_cluster(tmp_path: Path) -> None:
    run = "factors-20261201T000000Z-1a2b3c4d"
    job = manifest(
        _nodes(), JobDirectory(tmp_path / "20261201T000000Z-ab"), assignment(tmp_path, run=run, time_left_s=59.5), None
    )
    labels = {"ntdemo/job": "20261201T000000Z-ab", "ntdemo/run": run}
    assert job["metadata"]["name"] == "factors-20261201t000000z-1a2b3c4d"
    assert len(job["metadata"]["name"] + "-00-abcde") <= 63
    for where in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert labels.items() <= where["labels"].items()
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["podReplacementPolicy"], spec["activeDeadlineSeconds"]) == (0, "Failed", 3780)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert "ownerReferences" not in job["metadata"]


def test_only_a_job_on_a_gpu_asks_for_one(tmp_path: Path) -> None:
    def asks(on: str) -> bool:
        job = manifest(_nodes(), JobDirectory(tmp_path / "j"), assignment(tmp_path, on=on), None)
        return "nvidia.com/gpu" in job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]

    assert (asks("cpu"), asks("cuda")) == (False, True)


def test_a_bot_is_trained_by_torchrun_in_every_pod_of_an_indexed_job(tmp_path: Path) -> None:
    job = manifest(_nodes(), JobDirectory(tmp_path / "j"), assignment(tmp_path, run="dialogue-R1", spec=BOT, on="cuda"), None)
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 2, 2)
    pod = spec["template"]["spec"]
    assert pod["subdomain"] == "ntdemo-jobs"
    command = pod["containers"][0]["command"]
    assert command[:4] == ["python3", "-P", "-m", "torch.distributed.run"]
    assert {"--nnodes=2", "--nproc-per-node=4", "--node-rank=$(JOB_COMPLETION_INDEX)"} < set(command)
    assert "--master-addr=dialogue-r1-0.ntdemo-jobs" in command
    assert command[-4:] == ["-m", "trainer.jobs.pod", str(tmp_path / "j"), "dialogue-R1"]


def test_names_of_jobs_are_names_of_hosts() -> None:
    assert job_name("factors-20261201T000000Z_1.a") == "factors-20261201t000000z-1-a"


def pod(directory: JobDirectory, run: str) -> "subprocess.CompletedProcess[str]":
    """The program of a pod, run to its end."""
    command = [sys.executable, "-P", "-m", "trainer.jobs.pod", str(directory.root), run]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_pod_whose_attempt_was_given_up_does_nothing(tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path / "job-1")
    directory.assign(assignment(tmp_path, run="factors-R2"))
    ended = pod(directory, "factors-R1")
    assert (ended.returncode, ended.stderr) == (1, "factors-R1 is not to be made any more.\n")
    assert not directory.log.exists()
    assert not directory.events.exists()


def test_an_attempt_that_is_given_up_while_it_works_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = JobDirectory(tmp_path / "job-1")
    directory.assign(assignment(tmp_path))

    def train(*parts: Any, **_: Any) -> None:
        directory.revoke()  # the trainer takes the pod for lost
        with parts[2].stage(Stage.NETWORK):
            pytest.fail("it went on")

    monkeypatch.setattr(factors, "train", train)
    assert worker.work(directory) == 1
    assert [line["kind"] for line in told(directory)] == ["memory"]


def test_a_pod_tells_by_files_what_a_worker_tells(tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path / "job-1")
    directory.assign(assignment(tmp_path, spec=FactorsSpec(kind="factors", sources=("/nowhere.csv",))))
    ended = pod(directory, "factors-R1")
    assert ended.returncode == 1
    assert [each["data"]["slug"] for each in told(directory) if each["kind"] == "failed"] == ["data-not-found"]  # type: ignore[index]
    assert "job_broken" not in directory.log.read_text()


def test_a_pod_ends_when_it_is_told_to(tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path / "job-1")
    directory.assign(assignment(tmp_path))
    command = [sys.executable, "-P", "-c", _WAITS, str(directory.root), "factors-R1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        while not directory.log.exists():
            assert process.poll() is None
            process_waits()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) == 143
    assert gone(process.pid)


_WAITS = "import time\nfrom trainer.jobs import pod\npod.work_off = lambda directory: time.sleep(600)\npod.main()"


def process_waits() -> None:
    """Another process makes a file."""
    signal.sigtimedwait([], 0.02)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cpu": {"at_once": 0}}, "FILE does not say what a job gets: cpu.at_once: "),
        ({}, "TRAINER_EXECUTOR is kubernetes. This is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set."),
    ],
    ids=["templates that say too little", "no cluster"],
)
def test_a_start_that_could_run_no_job_ends_with_a_sentence(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    file = tmp_path / "templates.json"
    file.write_text(json.dumps({**templates(), **changes}))
    environment = {
        **os.environ,
        "NTDEMO_STATE": str(tmp_path / "state"),
        "TRAINER_EXECUTOR": "kubernetes",
        "TRAINER_JOB_TEMPLATES": str(file),
    }
    command = [sys.executable, "-m", "trainer.api.server"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"ntdemo-trainer: {told.replace('FILE', str(file))}")
