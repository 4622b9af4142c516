"""The Helm chart: rendered for every example, held against Kubernetes' schemas, the services' settings and compose."""

import base64
import functools
import json
import re
from collections.abc import Iterator

import kubernetes_validate
import kubernetes_validate.utils
import pytest
from tests.support.chart import (
    GPU,
    NOT_KUBERNETES_OWN,
    OLD_DRA,
    REFUSED,
    job_templates,
    made_jobs,
    pods,
    policy,
    versions,
)
from tests.support.compose import compose
from tests.support.deployed import SERVICES, Service
from tests.support.helm import Answer
from tools import chart

pytestmark = pytest.mark.xdist_group("chart")


@pytest.fixture(autouse=True, scope="module")
def _schemas_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


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
