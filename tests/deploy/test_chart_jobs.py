"""The Helm chart where the trainer makes Jobs of the cluster: what they get, and what the trainer may."""

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.chart import job_templates, made_jobs, pods, policy
from tests.support.helm import Answer
from tests.support.jobs import until
from tests.support.kubernetes import cluster

from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.devices.cluster import ClusterInventory
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.xdist_group("chart")


@pytest.mark.parametrize("name", ["jobs", "jobs by devices", "jobs of a company", "cluster-jobs"])
def test_a_trainer_that_makes_jobs_holds_no_gpu_and_reads_what_each_gets(accepted: dict[str, Answer], name: str) -> None:
    answer = accepted[name]
    spec = pods(answer)["Deployment ntdemo-trainer"]
    (container,) = spec["containers"]
    resources = container["resources"]
    assert ("nvidia.com/gpu" in resources["limits"], "claims" in resources, "resourceClaims" in spec) == (False, False, False)
    assert not container["image"].endswith("-cuda")
    assert "runtimeClassName" not in spec
    settings = answer.kind("ConfigMap")["ntdemo-trainer"]["data"]
    assert (settings["TRAINER_EXECUTOR"], "TRAINER_GPUS" in settings) == ("kubernetes", False)
    (volume,) = [each for each in spec["volumes"] if each.get("configMap", {}).get("name") == "ntdemo-job"]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == volume["name"]]
    assert settings["TRAINER_JOB_TEMPLATES"] == f"{mount['mountPath']}/templates.json"


def test_jobs_get_what_the_values_say(accepted: dict[str, Answer]) -> None:
    jobs = made_jobs(accepted["cluster-jobs"])
    assert set(jobs) == {"factors on cpu", "factors on cuda", "dialogue on cpu", "dialogue on cuda"}
    for name, job in jobs.items():
        spec, (container,) = job["spec"]["template"]["spec"], job["spec"]["template"]["spec"]["containers"]
        on_gpu = name.endswith("cuda")
        assert container["image"].endswith("-cuda") is on_gpu
        assert container["resources"]["limits"].get("nvidia.com/gpu") == (8 if on_gpu else None)
        assert (spec.get("nodeSelector"), "tolerations" in spec) == (({"pool": "gpu"}, True) if on_gpu else (None, False))
        assert (job["spec"]["suspend"], job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"]) == (True, "chemistry")
        assert job["spec"]["ttlSecondsAfterFinished"] == 3600
        assert job["spec"].get("completions") == (2 if name == "dialogue on cuda" else None)
        assert {"configMapRef": {"name": "ntdemo-trainer"}} in container["envFrom"]
        assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/state", "/tmp"}  # noqa: S108 - a mount
        (owner,) = job["metadata"]["ownerReferences"]
        assert owner["name"] in accepted["cluster-jobs"].kind("Deployment")
    together = jobs["dialogue on cuda"]["spec"]["template"]["spec"]
    assert together["subdomain"] in accepted["cluster-jobs"].kind("Service")
    assert accepted["cluster-jobs"].kind("ResourceQuota")["ntdemo-job"]["spec"]["hard"]["requests.nvidia.com/gpu"] == 32
    assert not accepted["jobs"].kind("ResourceQuota")
    assert set(made_jobs(accepted["jobs"])) == {"factors on cpu", "dialogue on cpu"}


def test_jobs_by_dynamic_allocation_have_a_claim_each_and_go_where_the_volume_is(accepted: dict[str, Answer]) -> None:
    answer = accepted["jobs by devices"]
    job = made_jobs(answer)["factors on cuda"]
    spec = job["spec"]["template"]["spec"]
    assert spec["resourceClaims"][0]["resourceClaimTemplateName"] in answer.kind("ResourceClaimTemplate")
    assert spec["runtimeClassName"] == "nvidia"
    (rule,) = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (expression,) = rule["labelSelector"]["matchExpressions"]
    assert job["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] in expression["values"]
    assert job["spec"]["activeDeadlineSeconds"] == 600
    assert {"name": "data", "mountPath": "/data", "readOnly": True} in spec["containers"][0]["volumeMounts"]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_queue_knows_the_devices_that_the_values_give(accepted: dict[str, Answer], anyio_backend: str) -> None:
    async def listed(name: str) -> list[tuple[str, int, int, int]]:
        templates = job_templates(accepted[name])
        assert templates is not None
        devices = (await ClusterInventory(templates).look()).devices
        return [(each.name, each.slots, each.largest_bytes // 2**30, each.cores // each.slots) for each in devices]

    assert await listed("cluster-jobs") == [("cpu", 4, 32, 8), ("cuda", 2, 80, 16)]
    assert await listed("jobs by devices") == [("cpu", 2, 8, 2), ("cuda", 1, 16, 2)]
    assert await listed("jobs") == [("cpu", 2, 8, 1)]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_role_has_the_verbs_that_are_used_and_no_others(
    accepted: dict[str, Answer], tmp_path: Path, anyio_backend: str
) -> None:
    answer = accepted["jobs"]
    templates = job_templates(answer)
    assert templates is not None
    namespace = templates.namespace
    async with cluster(sys.executable, "-c", "import time; time.sleep(600)", namespace=namespace) as standing:
        server = KubernetesServer.opened(namespace, standing.url)
        executor = KubernetesExecutor(server, templates, patience=Patience(look_s=0.05))
        await executor.adopt({})
        directory = JobDirectory(tmp_path / "job-1")
        place = Place(device="cpu", computes_on="cpu", memory_bytes=1, environment={})
        directory.assign(Assignment(run="factors-R1", spec=FactorsSpec(kind="factors"), settings=Settings(), place=place))
        execution = await executor.start(directory)
        await until(lambda: bool(standing.running))
        await execution.stop()
        await executor.close()
        used = {(asked.group, asked.resource, asked.verb) for asked in standing.asked}
    (role,) = answer.kind("Role").values()
    allowed = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert used == allowed
    (named,) = [rule["resourceNames"] for rule in role["rules"] if "resourceNames" in rule]
    assert templates.owner is not None
    assert named == [templates.owner.name]


def test_the_rights_are_the_trainers_alone_and_given_only_where_it_makes_jobs(accepted: dict[str, Answer]) -> None:
    assert not accepted["default"].kind("Role")
    for name, account in {"jobs": "ntdemo-trainer", "jobs of a company": "builder"}.items():
        (binding,) = accepted[name].kind("RoleBinding").values()
        assert [subject["name"] for subject in binding["subjects"]] == [account]
        assert list(accepted[name].kind("ServiceAccount")) == ([account] if name == "jobs" else [])
        assert pods(accepted[name])["Deployment ntdemo-trainer"]["serviceAccountName"] == account
        assert binding["roleRef"]["name"] in accepted[name].kind("Role")


def test_the_trainer_reaches_the_api_server_and_jobs_reach_what_it_may(accepted: dict[str, Answer]) -> None:
    def egress(name: str, component: str) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = policy(accepted[name], component)["egress"]
        return rules

    ports = [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 6443}]
    assert {"ports": ports} in egress("jobs", "trainer")
    assert {"ports": ports, "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]} in egress("jobs by devices", "trainer")
    assert not any(rule.get("ports") == ports for rule in egress("default", "trainer"))
    database = {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}
    assert database in egress("jobs by devices", "job")
    assert not any(rule.get("ports") == ports for rule in egress("jobs by devices", "job"))
    assert "ntdemo-job" not in accepted["jobs of a company"].kind("NetworkPolicy")
