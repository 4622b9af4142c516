"""The Helm chart: rendered for every example, held against Kubernetes' schemas, the services' settings and compose."""

import base64
import functools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import kubernetes_validate.utils
import pytest
import yaml
from tests.support.compose import compose
from tests.support.deployed import SERVICES, Service
from tests.support.helm import CHART, Answer, Question, ask
from tests.support.jobs import until
from tests.support.kubernetes import cluster
from tools import chart

from dialogue.bundle import Language
from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.devices.cluster import ClusterInventory
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.manifest import manifest
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.jobs.templates import JobTemplates
from trainer.runs.spec import BotSpec, FactorsSpec
from trainer.settings import Settings

EXAMPLES: Final = sorted(path.stem for path in (CHART / "examples").glob("*.yaml"))
VERSIONS: Final = ("1.30", "1.37")
NOT_KUBERNETES_OWN: Final = {"ServiceMonitor", "HTTPRoute"}
OLD_DRA: Final = "dra of Kubernetes 1.32"
GPU: Final[dict[str, dict[str, Any]]] = {
    "none": {"gpu": {"mode": "none"}},
    "devicePlugin": {"gpu": {"mode": "devicePlugin", "count": 2}},
    "dra": {"gpu": {"mode": "dra", "count": 2}},
    OLD_DRA: {"gpu": {"mode": "dra", "count": 2, "draApiVersion": "resource.k8s.io/v1beta1"}},
}
REFUSED: Final[dict[str, dict[str, Any]]] = {
    "a typo": {"trainr": {}},
    "a typo below": {"scoresApi": {"replica": 2}},
    "latest": {"image": {"tag": "latest"}},
    "a GPU mode there is none of": {"gpu": {"mode": "cuda"}},
    "no pods": {"scoresApi": {"replicas": 0}},
    "a number for a text": {"log": {"level": 3}},
    "a master that no job could use": {"trainer": {"sparkMaster": "k8s://https://kubernetes.default"}},
    "a password in a value": {"trainer": {"database": {"url": "postgresql://me:secret@db:5432/assays"}}},
    "no peer for names": {"networkPolicy": {"dns": []}},
    "an executor there is none of": {"trainer": {"executor": "slurm"}},
    "memory by which no job can be judged": {"jobs": {"cpu": {"resources": {"limits": {"memory": "a lot"}}}}},
}
OTHERS: Final[dict[str, dict[str, Any]]] = {
    "routes": {
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}]},
        "ingress": {"hosts": {"dash": "f.example.org"}},
    },
    "small": {"viz": {"enabled": False}, "chatbot": {"enabled": False}, "state": {"existingClaim": "mine"}},
    "own key": {"trainer": {"apiKey": {"existingSecret": "mine"}}},
    "open": {"trainer": {"apiKey": {"enabled": False}}},
    "tainted": {
        "state": {"accessMode": "ReadWriteOnce"},
        "trainer": {"tolerations": [{"key": "gpu", "operator": "Exists"}], "nodeSelector": {"pool": "gpu"}},
        "scoresApi": {"tolerations": [{"key": "web", "operator": "Exists"}], "nodeSelector": {"zone": "a"}},
    },
    "tainted, shared": {
        "trainer": {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
        "scoresApi": {"tolerations": [{"key": "web", "operator": "Exists"}], "nodeSelector": {"zone": "a"}},
    },
    "several": {"viz": {"replicas": 2}, "scoresApi": {"replicas": 3}, "chatbot": {"replicas": 2}},
    "scaled": {"scoresApi": {"replicas": 3, "autoscaling": {"enabled": True}}, "chatbot": {"autoscaling": {"enabled": True}}},
    "company": {
        "pods": {
            "serviceAccountName": "builder",
            "priorityClassName": "low",
            "labels": {"team": "chemistry"},
            "topologySpread": {"topologyKey": "topology.kubernetes.io/zone"},
        },
        "networkPolicy": {"dns": [{"ipBlock": {"cidr": "169.254.20.10/32"}}]},
    },
    "jobs": {"trainer": {"executor": "kubernetes"}},
    "jobs by devices": {
        "trainer": {
            "executor": "kubernetes",
            "dataClaim": "assays",
            "egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}],
        },
        "gpu": {"mode": "dra", "count": 2, "runtimeClassName": "nvidia"},
        "jobs": {"cpu": {"resources": {"requests": {"cpu": "1500m"}}}, "deadlineSeconds": 600},
        "state": {"accessMode": "ReadWriteOnce"},
        "networkPolicy": {"apiServer": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]},
    },
    "jobs of a company": {
        "trainer": {"executor": "kubernetes"},
        "pods": {"serviceAccountName": "builder", "priorityClassName": "low", "labels": {"team": "chemistry"}},
        "networkPolicy": {"enabled": False},
    },
    "database": {"trainer": {"database": {"url": "postgresql://db:5432/assays", "user": "reader", "existingSecret": "db"}}},
}


@pytest.fixture(scope="module")
def rendered() -> dict[str, Answer]:
    examples = {name: yaml.safe_load((CHART / "examples" / f"{name}.yaml").read_text()) for name in EXAMPLES}
    values: dict[str, dict[str, Any]] = {"default": {}, **examples, **GPU, **OTHERS, **REFUSED}
    upgrades = {
        "upgrade": Question({}, release="other", upgrade=True),
        "tainted upgrade": Question(OTHERS["tainted"], upgrade=True),
        "tainted, shared upgrade": Question(OTHERS["tainted, shared"], upgrade=True),
    }
    questions = [Question(one) for one in values.values()] + list(upgrades.values())
    return dict(zip([*values, *upgrades], ask(questions), strict=True))


@pytest.fixture(autouse=True, scope="module")
def _schemas_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.fixture
def accepted(rendered: dict[str, Answer]) -> dict[str, Answer]:
    return {name: answer for name, answer in rendered.items() if name not in REFUSED}


def job_templates(answer: Answer) -> JobTemplates | None:
    """What the trainer makes Jobs from, as it reads it."""
    found = answer.kind("ConfigMap").get("ntdemo-job")
    return None if found is None else JobTemplates.model_validate_json(found["data"]["templates.json"])


def made_jobs(answer: Answer) -> dict[str, dict[str, Any]]:
    """The Jobs that a trainer makes: of factors on each kind of device, and of a chatbot."""
    templates = job_templates(answer)
    if templates is None:
        return {}
    made = {}
    for spec in (FactorsSpec(kind="factors"), BotSpec(kind="dialogue", language=Language.ENGLISH, iterations=1)):
        for name, _ in templates.each():
            place = Place(device=name, computes_on=name, memory_bytes=1, environment={"OMP_NUM_THREADS": "2"})
            asked = Assignment(run=f"{spec.kind}-R1", spec=spec, settings=Settings(), place=place, time_left_s=3600)
            made[f"{spec.kind} on {name}"] = manifest(templates, JobDirectory(Path("/state/jobs/job-1")), asked, "u-1")
    return made


def pods(answer: Answer) -> dict[str, dict[str, Any]]:
    """The pod specs of everything that makes pods, hooks and the trainer's Jobs included."""
    made = {f"Job of {name}": found["spec"]["template"]["spec"] for name, found in made_jobs(answer).items()} | {
        f"{found['kind']} {found['metadata']['name']}": found["spec"]["template"]["spec"]
        for found in answer.objects
        if found["kind"] in {"Deployment", "Job", "StatefulSet", "CronJob"}
    }
    return {**made, **{f"Pod {name}": found["spec"] for name, found in answer.kind("Pod").items()}}


def versions(answer: Answer) -> tuple[str, ...]:
    """The versions of Kubernetes that these objects are for: Dynamic Resource Allocation is younger than the chart's oldest."""
    apis = {found["apiVersion"] for found in answer.kind("ResourceClaimTemplate").values()}
    return {"resource.k8s.io/v1": ("1.37",), "resource.k8s.io/v1beta1": ("1.32",)}[apis.pop()] if apis else VERSIONS


def policy(answer: Answer, component: str) -> dict[str, Any]:
    spec: dict[str, Any] = answer.kind("NetworkPolicy")[f"ntdemo-{component}"]["spec"]
    return spec


def test_generated_files_are_what_the_values_say() -> None:
    for path, text in chart.written().items():
        assert path.read_text(encoding="utf-8") == text, "run `make chart`"


def test_helm_has_nothing_to_say_against_it(accepted: dict[str, Answer]) -> None:
    for name, answer in accepted.items():
        assert answer.refused is None, name
        assert [finding for finding in answer.findings if name != OLD_DRA or "is deprecated" not in finding] == [], name


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_cannot_be_meant_are_refused(rendered: dict[str, Answer], name: str) -> None:
    assert "schema" in str(rendered[name].refused), rendered[name]


def test_every_object_is_one_of_kubernetes(accepted: dict[str, Answer]) -> None:
    distinct = {
        (version, json.dumps(found, sort_keys=True))
        for answer in accepted.values()
        for version in versions(answer)
        for found in (*answer.objects, *made_jobs(answer).values())
    }
    for version, text in distinct:
        found = json.loads(text)
        if found["kind"] not in NOT_KUBERNETES_OWN:
            kubernetes_validate.validate(found, version, strict=True)
    assert {version for version, _ in distinct} == {"1.30", "1.32", "1.37"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_config_map_is_read_by_its_services_own_settings(
    accepted: dict[str, Answer], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in accepted.items():
        for map_name, found in answer.kind("ConfigMap").items():
            if not map_name.endswith(f"-{service.name}"):
                continue
            assert set(found["data"]) <= service.variables(), name
            with monkeypatch.context() as environment:
                for variable, value in found["data"].items():
                    environment.setenv(variable, value)
                assert service.ports_of(service.settings()) == set(service.ports), name


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_ports_of_pods_services_and_compose_are_the_same(accepted: dict[str, Answer], service: Service) -> None:
    answer = accepted["default"]
    (container,) = pods(answer)[f"Deployment ntdemo-{service.name}"]["containers"]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    offered = answer.kind("Service")[f"ntdemo-{service.name}"]["spec"]["ports"]
    assert {port["targetPort"]: port["port"] for port in offered} == named
    assert set(named.values()) == set(service.ports)
    published = {int(port.rsplit(":", 1)[1]) for port in compose()["services"][service.name]["ports"]}
    assert published == set(service.ports)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_probes_ask_health_and_readiness_by_a_port_that_exists(accepted: dict[str, Answer], service: Service) -> None:
    (container,) = pods(accepted["default"])[f"Deployment ntdemo-{service.name}"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
    assert {kind: probe["path"] for kind, probe in asked.items()} == {
        "startup": "/healthz",
        "readiness": "/readyz",
        "liveness": "/healthz",
    }
    assert {probe["port"] for probe in asked.values()} <= ports


def test_selectors_select_the_pods_they_mean(accepted: dict[str, Answer]) -> None:
    for name, answer in accepted.items():
        labels = {
            found["metadata"]["name"]: found["spec"]["template"]["metadata"]["labels"]
            for found in answer.kind("Deployment").values()
        }
        for job in made_jobs(answer).values():
            labels["ntdemo-job"] = job["spec"]["template"]["metadata"]["labels"]
        for kind in ("Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"):
            for found in answer.kind(kind).values():
                spec = found["spec"]
                selector = spec.get("podSelector") or spec["selector"]
                wanted = selector.get("matchLabels", selector)
                chosen = [pod for pod, has in labels.items() if wanted.items() <= has.items()]
                assert chosen == [found["metadata"]["name"]], (name, kind)


def test_no_pod_may_be_more_than_it_must(accepted: dict[str, Answer]) -> None:
    for name, answer in accepted.items():
        for pod, spec in pods(answer).items():
            asks = pod == "Deployment ntdemo-trainer" and job_templates(answer) is not None
            assert spec["automountServiceAccountToken"] is asks, (name, pod)
            assert spec["securityContext"]["runAsNonRoot"] is True, (name, pod)
            assert spec["securityContext"]["runAsUser"] == 10001, (name, pod)
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, (name, pod)
            for container in spec["containers"]:
                context = container["securityContext"]
                assert context["readOnlyRootFilesystem"] is True, (name, pod)
                assert context["allowPrivilegeEscalation"] is False, (name, pod)
                assert context["capabilities"] == {"drop": ["ALL"]}, (name, pod)
                assert "memory" in container["resources"]["limits"], (name, pod)


def test_images_have_a_tag_that_names_one(accepted: dict[str, Answer]) -> None:
    images = {
        container["image"] for answer in accepted.values() for spec in pods(answer).values() for container in spec["containers"]
    }
    assert images
    for image in images:
        assert re.search(r":\d+\.\d+\.\d+(-cuda)?$", image), image


def test_no_secret_lies_in_a_config_map(accepted: dict[str, Answer]) -> None:
    for answer in accepted.values():
        for found in answer.kind("ConfigMap").values():
            for variable, value in found["data"].items():
                assert not re.search(r"(?i)password|secret|token|api_?key|private", variable)
                assert not re.search(r"://[^/@]+:[^/@]+@", value)


def test_the_trainers_key_is_generated_or_named_and_known_to_who_sends_it(accepted: dict[str, Answer]) -> None:
    (key,) = accepted["default"].kind("Secret")["ntdemo-trainer-key"]["data"].values()
    assert re.fullmatch(rb"[A-Za-z0-9]{40}", base64.b64decode(key))
    assert not accepted["own key"].kind("Secret")
    assert not accepted["open"].kind("Secret")
    for name, secret in {"default": "ntdemo-trainer-key", "own key": "mine", "open": None}.items():
        for service in SERVICES:
            (container,) = pods(accepted[name])[f"Deployment ntdemo-{service.name}"]["containers"]
            found = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container.get("env", [])}
            known = secret is not None and "TRAINER_API_KEY" in service.variables()
            assert found == ({"TRAINER_API_KEY": {"name": secret, "key": "TRAINER_API_KEY"}} if known else {})


def test_only_the_trainer_writes_the_store(accepted: dict[str, Answer]) -> None:
    for answer in accepted.values():
        written = {
            pod: not mount.get("readOnly", False)
            for pod, spec in pods(answer).items()
            for container in spec["containers"]
            for mount in container.get("volumeMounts", [])
            if mount["name"] == "state"
        }
        writers = [pod for pod, writes in written.items() if writes and not pod.startswith("Job of")]
        assert writers == [pod for pod in written if pod.endswith("ntdemo-trainer")]
        assert len(writers) == 1
        assert any(pod.endswith("ntdemo-scores-api") for pod in written)


def test_network_policies_draw_the_arrows_of_the_design_and_no_others(accepted: dict[str, Answer]) -> None:
    answer = accepted["default"]
    ports = {service.name: set(service.ports) for service in SERVICES}
    for service in SERVICES:
        spec = policy(answer, service.name)
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        called = {}
        for rule in spec["egress"]:
            component = rule["to"][0]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
            if component is None:
                assert {port["port"] for port in rule["ports"]} == {53}
            else:
                called[component] = {port["port"] for port in rule["ports"]}
        assert called == {name: ports[name] for name in service.asks}
        callers = {
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            for rule in spec["ingress"]
            for peer in rule.get("from", [])
        }
        assert callers - {"test"} == {other.name for other in SERVICES if service.name in other.asks}
        assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == set(service.ports)
        assert any("from" not in rule for rule in spec["ingress"]) is (service.name != "trainer")  # which is no door


def test_doors_can_be_kept_to_named_peers(accepted: dict[str, Answer]) -> None:
    for name, namespaces in {"chatbot": ["ingress-nginx", "monitoring"], "trainer": ["spark", "monitoring"]}.items():
        peers = [peer for rule in policy(accepted["gpu-cluster-ingress"], name)["ingress"] for peer in rule["from"]]
        named = [peer["namespaceSelector"]["matchLabels"] for peer in peers if "namespaceSelector" in peer]
        assert sorted(labels["kubernetes.io/metadata.name"] for labels in named) == sorted(namespaces)


@pytest.mark.parametrize("mode", GPU)
def test_gpus_are_asked_for_in_the_clusters_way(accepted: dict[str, Answer], mode: str) -> None:
    answer = accepted[mode]
    spec = pods(answer)["Deployment ntdemo-trainer"]
    (container,) = spec["containers"]
    claims = answer.kind("ResourceClaimTemplate")
    assert container["image"].endswith("-cuda") is (mode != "none")
    assert container["resources"]["limits"].get("nvidia.com/gpu") == (2 if mode == "devicePlugin" else None)
    assert bool(claims) is mode.startswith("dra")
    if claims:
        (name,) = claims
        assert spec["resourceClaims"] == [{"name": "gpus", "resourceClaimTemplateName": name}]
        assert container["resources"]["claims"] == [{"name": "gpus"}]
        (request,) = claims[name]["spec"]["spec"]["devices"]["requests"]
        asked = request if mode == OLD_DRA else request["exactly"]
        assert (asked["deviceClassName"], asked["count"]) == ("gpu.nvidia.com", 2)
    for other in SERVICES[1:]:
        (container,) = pods(answer)[f"Deployment ntdemo-{other.name}"]["containers"]
        assert not container["image"].endswith("-cuda")


def test_a_volume_for_one_node_keeps_its_readers_with_the_trainer(accepted: dict[str, Answer]) -> None:
    for name, beside in {"laptop": True, "default": False}.items():
        assert ("affinity" in pods(accepted[name])["Deployment ntdemo-scores-api"]) is beside


def test_the_store_outlives_the_release_and_an_upgrade_checks_it_first(accepted: dict[str, Answer]) -> None:
    (claim,) = accepted["default"].kind("PersistentVolumeClaim").values()
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert not accepted["small"].kind("PersistentVolumeClaim")
    assert not accepted["default"].kind("Job")
    (check,) = accepted["upgrade"].kind("Job").values()
    assert check["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    (container,) = check["spec"]["template"]["spec"]["containers"]
    assert container["command"][:3] == ["python3", "-m", "scores_api.check"]
    assert accepted["upgrade"].kind("Deployment")["other-ntdemo-trainer"]["spec"]["strategy"] == {"type": "Recreate"}


def test_a_door_behind_a_proxy_knows_its_public_address(accepted: dict[str, Answer]) -> None:
    answer = accepted["gpu-cluster-ingress"]
    (ingress,) = answer.kind("Ingress").values()
    hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert hosts == set(ingress["spec"]["tls"][0]["hosts"])
    settings = answer.kind("ConfigMap")["ntdemo-viz"]["data"]
    assert settings["VIZ_BOKEH_ORIGINS"] == "plots.example.org,plots.example.org:443"
    assert settings["VIZ_BOKEH_URL"] == "https://plots.example.org"
    assert answer.kind("ConfigMap")["ntdemo-chatbot"]["data"]["CHATBOT_VIZ_URL"] == "https://fragments.example.org"
    (route,) = accepted["routes"].kind("HTTPRoute").values()
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "ntdemo-viz", "port": 8050}]


def test_the_check_before_an_upgrade_runs_wherever_the_store_is(accepted: dict[str, Answer]) -> None:
    (check,) = accepted["tainted upgrade"].kind("Job").values()
    spec = check["spec"]["template"]["spec"]
    assert [one["key"] for one in spec["tolerations"]] == ["web", "gpu"]  # the node of the trainer has its taints
    assert spec["nodeSelector"] == {"zone": "a"}
    assert check["spec"]["ttlSecondsAfterFinished"] == 3600
    (check,) = accepted["tainted, shared upgrade"].kind("Job").values()
    spec = check["spec"]["template"]["spec"]
    assert ([one["key"] for one in spec["tolerations"]], "affinity" in spec) == (["web"], False)


def test_no_reader_of_a_volume_for_one_node_waits_for_a_trainer_that_was_scaled_down(accepted: dict[str, Answer]) -> None:
    answer = accepted["tainted upgrade"]
    (check,) = answer.kind("Job").values()
    templates = [check["spec"]["template"], answer.kind("Deployment")["ntdemo-scores-api"]["spec"]["template"]]
    for template in templates:
        (rule,) = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        labels = template["metadata"]["labels"]
        # Kubernetes lets a pod pass that matches its own rule where no other pod does.
        assert rule["labelSelector"]["matchLabels"].items() <= labels.items()
        (expression,) = rule["labelSelector"]["matchExpressions"]
        assert expression["operator"] == "In"
        assert labels[expression["key"]] in expression["values"]
        assert {"trainer", "scores-api"} <= set(expression["values"])
    trainer = pods(answer)["Deployment ntdemo-trainer"]["affinity"]["podAffinity"]
    assert list(trainer) == ["preferredDuringSchedulingIgnoredDuringExecution"]


def test_the_test_pod_goes_where_the_scores_api_may_and_asks_for_little(accepted: dict[str, Answer]) -> None:
    spec = pods(accepted["tainted, shared"])["Pod ntdemo-test"]
    assert ([one["key"] for one in spec["tolerations"]], spec["nodeSelector"]) == (["web"], {"zone": "a"})
    (container,) = spec["containers"]
    program = container["command"][-1]
    compile(program, "test", "exec")
    assert "/v1/runs/current" in program
    assert "/cosine/score" not in program


def test_a_count_of_pods_is_written_only_where_nobody_else_counts(accepted: dict[str, Answer]) -> None:
    def counts(name: str) -> dict[str, int]:
        deployments = accepted[name].kind("Deployment").items()
        return {key.removeprefix("ntdemo-"): one["spec"]["replicas"] for key, one in deployments if "replicas" in one["spec"]}

    assert counts("default") == {}  # `kubectl scale` owns the field after a backup
    assert counts("several") == {"scores-api": 3, "viz": 2, "chatbot": 2}
    assert counts("scaled") == {}
    assert set(accepted["scaled"].kind("HorizontalPodAutoscaler")) == {"ntdemo-scores-api", "ntdemo-chatbot"}
    assert set(accepted["several"].kind("PodDisruptionBudget")) == {"ntdemo-scores-api", "ntdemo-chatbot", "ntdemo-viz"}


def test_a_session_of_bokeh_stays_with_its_pod(accepted: dict[str, Answer]) -> None:
    assert accepted["several"].kind("Service")["ntdemo-viz"]["spec"]["sessionAffinity"] == "ClientIP"


def test_a_pod_that_is_replaced_answers_until_nobody_is_sent_to_it(accepted: dict[str, Answer]) -> None:
    for name in ("scores-api", "viz", "chatbot"):
        (container,) = pods(accepted["default"])[f"Deployment ntdemo-{name}"]["containers"]
        assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}


@pytest.mark.parametrize("mode", GPU)
def test_a_trainer_that_is_given_gpus_must_find_them_and_has_memory_to_share(accepted: dict[str, Answer], mode: str) -> None:
    answer = accepted[mode]
    given = answer.kind("ConfigMap")["ntdemo-trainer"]["data"]
    assert (given.get("TRAINER_GPUS"), given.get("TRAINER_JOBS_PER_GPU")) == ((None, None) if mode == "none" else ("2", "1"))
    spec = pods(answer)["Deployment ntdemo-trainer"]
    (container,) = spec["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    shared = [volume for volume in spec["volumes"] if volume["name"] == mounts.get("/dev/shm")]  # noqa: S108 - a mount
    assert [volume["emptyDir"] for volume in shared] == ([] if mode == "none" else [{"medium": "Memory", "sizeLimit": "1Gi"}])


def test_pods_bear_what_a_company_asks_of_all(accepted: dict[str, Answer]) -> None:
    answer = accepted["company"]
    for pod, spec in pods(answer).items():
        assert (spec["serviceAccountName"], spec["priorityClassName"]) == ("builder", "low"), pod
    for found in answer.kind("Deployment").values():
        template = found["spec"]["template"]
        assert template["metadata"]["labels"]["team"] == "chemistry"
        if not found["metadata"]["name"].endswith("-trainer"):
            (spread,) = template["spec"]["topologySpreadConstraints"]
            assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "ScheduleAnyway")
            assert spread["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (rule,) = (rule for rule in policy(answer, "viz")["egress"] if {port["port"] for port in rule["ports"]} == {53})
    assert rule["to"] == [{"ipBlock": {"cidr": "169.254.20.10/32"}}]


def test_the_trainers_database_is_a_value_and_its_password_a_secret(accepted: dict[str, Answer]) -> None:
    answer = accepted["database"]
    given = answer.kind("ConfigMap")["ntdemo-trainer"]["data"]
    assert (given["TRAINER_DATABASE"], given["TRAINER_DATABASE_USER"]) == ("postgresql://db:5432/assays", "reader")
    (container,) = pods(answer)["Deployment ntdemo-trainer"]["containers"]
    assert {"secretRef": {"name": "db"}} in container["envFrom"]


def test_the_key_stays_with_the_claim_when_the_release_is_deleted(accepted: dict[str, Answer]) -> None:
    key = accepted["default"].kind("Secret")["ntdemo-trainer-key"]
    assert key["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_notes_name_every_door(accepted: dict[str, Answer]) -> None:
    (notes,) = (text for name, text in accepted["default"].texts.items() if name.endswith("NOTES.txt"))
    for service in SERVICES:
        assert all(str(port) in notes for port in service.ports), service.name


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
