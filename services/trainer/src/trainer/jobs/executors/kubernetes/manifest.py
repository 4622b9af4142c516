"""The manifest of an attempt: its `batch/v1` Job. Pure: template and assignment in, object out."""

import copy
import math
import re
from typing import Any, Final

from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.templates import JobTemplate, JobTemplates
from trainer.runs.spec import BotSpec

__all__ = ["JOB", "RUN", "job_name", "manifest"]

JOB: Final = "ntdemo/job"
"""Label: the job's id."""
RUN: Final = "ntdemo/run"
"""Label: the run that the attempt makes."""
_PYTHON: Final = ("python3", "-P", "-m")
_POD: Final = "trainer.jobs.pod"
_TORCHRUN: Final = "torch.distributed.run"
_PORT: Final = 29500
_BEYOND_S: Final = 120
"""The trainer ends what lasts too long; the cluster does so later, where there is no trainer. It counts the wait for a node."""


def job_name(run: str) -> str:
    """The Job's name: one attempt makes one run, so that a second request to make the Job finds the first."""
    return re.sub(r"[^a-z0-9-]", "-", run.lower())


def manifest(templates: JobTemplates, directory: JobDirectory, assignment: Assignment, owner_uid: str | None) -> dict[str, Any]:
    """The Job of the attempt that is assigned in `directory`, owned by the template's owner where its uid is known."""
    template, is_gpu = templates.cpu, assignment.place is not None and assignment.place.computes_on != "cpu"
    if is_gpu and templates.gpu is not None:
        template = templates.gpu
    name = job_name(assignment.run)
    labels = {**templates.labels, JOB: directory.root.name, RUN: assignment.run}
    job = copy.deepcopy(template.job)
    metadata = job.setdefault("metadata", {})
    metadata |= {"name": name, "namespace": templates.namespace, "labels": {**metadata.get("labels", {}), **labels}}
    if templates.owner is not None and owner_uid is not None:
        owner = templates.owner
        metadata["ownerReferences"] = [
            {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner_uid}
        ]
    spec = job["spec"]
    spec |= {"backoffLimit": 0, "podReplacementPolicy": "Failed"}
    if assignment.time_left_s is not None:
        limit_s = math.ceil(assignment.time_left_s + templates.pending_s) + _BEYOND_S
        spec["activeDeadlineSeconds"] = min(limit_s, spec.get("activeDeadlineSeconds", limit_s))
    described = spec["template"].setdefault("metadata", {})
    described["labels"] = {**described.get("labels", {}), **labels}
    pod = spec["template"]["spec"]
    pod["restartPolicy"] = "Never"
    container = pod["containers"][0]
    container["command"] = [*_PYTHON, _POD, str(directory.root), assignment.run]
    # What fails before the job has its log is told by the pod's status.
    container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    environment = {} if assignment.place is None else assignment.place.environment
    container["env"] = [*container.get("env", ()), *({"name": key, "value": value} for key, value in environment.items())]
    if isinstance(assignment.spec, BotSpec) and (template.nodes > 1 or template.processes > 1):
        _together(spec, templates, template, name)
    return job


def _together(spec: dict[str, Any], templates: JobTemplates, template: JobTemplate, name: str) -> None:
    """Several processes train one chatbot: an Indexed Job of as many pods as the template has nodes, torchrun in each."""
    spec |= {"completionMode": "Indexed", "completions": template.nodes, "parallelism": template.nodes}
    pod = spec["template"]["spec"]
    pod["subdomain"] = templates.subdomain
    container = pod["containers"][0]
    container["command"] = [
        *_PYTHON,
        _TORCHRUN,
        f"--nnodes={template.nodes}",
        f"--nproc-per-node={template.processes}",
        "--node-rank=$(JOB_COMPLETION_INDEX)",
        f"--master-addr={name}-0.{templates.subdomain}",
        f"--master-port={_PORT}",
        "-m",
        *container["command"][len(_PYTHON) :],
    ]
