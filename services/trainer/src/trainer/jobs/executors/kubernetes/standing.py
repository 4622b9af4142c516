"""Where an attempt stands, as its Job and pods tell. Pure: objects in, words out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from trainer.jobs.executors.executor import Outcome
from trainer.jobs.job import Failure
from trainer.runs import problems

__all__ = ["Ended", "Pending", "Runs", "Standing", "standing"]

_LOST_AFTER: Final = timedelta(seconds=60)
"""A pod that is not gone so long after the time it was given lies on a node that does not answer."""
_NEVER: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""What no waiting mends."""
_STUCK: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"} | _NEVER
)
_OF_THE_CLUSTER: Final = frozenset(
    {"PreemptionByScheduler", "DeletionByTaintManager", "EvictionByEvictionAPI", "DeletionByPodGC"}
)
"""Why a cluster takes a pod away that has done nothing wrong; too little memory or disk is of the pod's making."""
_SIGKILL: Final = 137


@dataclass(frozen=True)
class Pending:
    """No process runs yet."""

    reason: str
    stuck: bool = False
    """Something is wrong that may mend itself, though seldom."""
    hopeless: bool = False
    suspended: bool = False
    """A queue of the cluster holds it back."""


@dataclass(frozen=True)
class Runs:
    """A process runs."""


@dataclass(frozen=True)
class Ended:
    """No process runs any more."""

    outcome: Outcome


Standing = Pending | Runs | Ended
_Object = Mapping[str, Any]


def standing(job: _Object | None, pods: Sequence[_Object], now: datetime) -> Standing:
    """Of a Job that was made, None where it is there no more."""
    if job is None:  # and of its pods nothing is known
        return Ended(Outcome("its Job was deleted in the cluster", is_left=True))
    if (outcome := _ended(job, pods) or _lost(pods, now)) is not None:
        return Ended(replace(outcome, is_left=outcome.is_left or any(_runs(pod) for pod in pods)))
    if job["spec"].get("suspend"):
        return Pending("Its Job is suspended: it waits for its turn in a queue of the cluster.", suspended=True)
    if not pods:
        return Pending("Its pod is not made yet.")
    waiting = [found for pod in pods if (found := _pending(pod)) is not None]
    return max(waiting, key=lambda each: (each.hopeless, each.stuck)) if waiting else Runs()


def _ended(job: _Object, pods: Sequence[_Object]) -> Outcome | None:
    """How a Job ended that has."""
    conditions = {each["type"]: each for each in job.get("status", {}).get("conditions", ()) if each["status"] == "True"}
    if "Complete" in conditions:
        return Outcome("its process ended with exit status 0")
    return _failed(conditions["Failed"], pods) if "Failed" in conditions else None


def _failed(condition: _Object, pods: Sequence[_Object]) -> Outcome:
    if condition.get("reason") == "DeadlineExceeded":
        return Outcome("it lasted too long", Failure(problems.TIME_LIMIT.slug, "The cluster ended it: it ran past its limit."))
    for pod in pods:
        if (outcome := _disrupted(pod)) is not None:
            return outcome
    ends = list(_ends(pods))
    for end in ends:
        if end.get("reason") == "OOMKilled":
            detail = "The pod needs more memory than it may have, and the cluster killed it; nothing of the run was published."
            return Outcome("it was killed for want of memory", Failure(problems.OUT_OF_MEMORY.slug, detail))
    for end in sorted(ends, key=lambda end: end.get("finishedAt", "")):  # the first took the others of its training along
        status, said = end["exitCode"], end.get("message", "").strip().rpartition("\n")[2]
        how = "its process was killed by SIGKILL" if status == _SIGKILL else f"its process ended with exit status {status}"
        return Outcome(f"{how} ({said[:300]})" if said else how)
    return Outcome(f"its pod is gone, and nobody saw how it ended ({condition.get('message', 'its Job failed')})")


def _ends(pods: Sequence[_Object]) -> Iterator[_Object]:
    """How containers ended that ended wrongly."""
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", ()):
            end = container.get("state", {}).get("terminated")
            if end is not None and (end["exitCode"] != 0 or end.get("reason") == "OOMKilled"):
                yield end


def _disrupted(pod: _Object) -> Outcome | None:
    """How the cluster took a pod away."""
    status = pod.get("status", {})
    for condition in status.get("conditions", ()):
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            reason, said = condition.get("reason", ""), condition.get("message", "").rstrip(".")
            return Outcome(f"its pod was evicted ({reason}: {said})", counted=reason not in _OF_THE_CLUSTER)
    if status.get("reason") == "Evicted":
        return Outcome(f"its pod was evicted ({status.get('message', '').rstrip('.')})")
    return None


def _lost(pods: Sequence[_Object], now: datetime) -> Outcome | None:
    """Said of a pod that should be gone."""
    for pod in pods:
        deleted = pod["metadata"].get("deletionTimestamp")
        if deleted is not None and now - datetime.fromisoformat(deleted) > _LOST_AFTER:
            node = pod["spec"].get("nodeName", "its node")
            return Outcome(f"its pod was lost with {node}, which does not answer", counted=False, is_left=True)
    return None


def _runs(pod: _Object) -> bool:
    """May a process of it run? A Job may be called ended before its pods are."""
    return pod.get("status", {}).get("phase", "Pending") not in {"Succeeded", "Failed"}


def _pending(pod: _Object) -> Pending | None:
    """Why a pod does not run; None where it does, or did."""
    status = pod.get("status", {})
    if status.get("phase", "Pending") != "Pending":
        return None
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waits = container.get("state", {}).get("waiting", {})
        reason = waits.get("reason", "")
        if reason in _STUCK:
            said = waits.get("message", "").rstrip(".")
            return Pending(f"Its container does not start ({reason}: {said}).", stuck=True, hopeless=reason in _NEVER)
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return Pending(f"No node takes its pod: {condition.get('message', 'the scheduler does not say why').rstrip('.')}.")
    return Pending("Its pod is being prepared.")
