"""The Helm chart's values that are tried, and what is read in what it makes of them."""

from pathlib import Path
from typing import Any, Final

from tests.support.helm import CHART, Answer

from dialogue.bundle import Language
from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.executors.kubernetes.manifest import manifest
from trainer.jobs.templates import JobTemplates
from trainer.runs.spec import BotSpec, FactorsSpec
from trainer.settings import Settings

__all__ = [
    "EXAMPLES",
    "GPU",
    "NOT_KUBERNETES_OWN",
    "OLD_DRA",
    "OTHERS",
    "REFUSED",
    "VERSIONS",
    "job_templates",
    "made_jobs",
    "pods",
    "policy",
    "versions",
]

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
    """What may reach and be reached by a component's pods."""
    spec: dict[str, Any] = answer.kind("NetworkPolicy")[f"ntdemo-{component}"]["spec"]
    return spec
