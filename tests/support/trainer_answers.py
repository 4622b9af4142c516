"""What a trainer answers, for tests of its clients."""

from collections.abc import Mapping
from typing import Any

__all__ = ["SENT_ALWAYS", "dataset", "job", "problem"]

SENT_ALWAYS = {"resume": False, "seed": 0, "device": "auto"}
"""Of a bot's spec, what the generated client sends whatever was asked for."""
_WHEN = "2026-11-23T00:00:00Z"


def job(spec: Mapping[str, Any], **stated: Any) -> dict[str, Any]:
    """A job, published unless something else is stated."""
    return {
        "id": "job-1",
        "state": "succeeded",
        "kind": spec["kind"],
        "spec": spec,
        "priority": 0,
        "owner": "nobody",
        "preemptible": False,
        "time_limit_s": None,
        "needs": {"memory_bytes": 2**30, "seconds": 60.0, "declared": False},
        "spent": {"seconds": 60.0, "gpu_seconds": 0.0, "cpu_seconds": 60.0, "peak_memory_bytes": None},
        "attempts": 1,
        "preemptions": 0,
        "pending": None,
        "position": None,
        "estimated_start": None,
        "slot": None,
        "parent": None,
        "children": 0,
        "run": "dialogue-new",
        "device": None,
        "created": _WHEN,
        "started": None,
        "finished": None,
        "problem": None,
        **stated,
    }


def dataset(name: str, number: int) -> dict[str, Any]:
    """An upload, called `dataset:<number>`."""
    return {"sha256": f"{number:064x}", "source": f"dataset:{number}", "name": name, "size_bytes": 3, "created": _WHEN}


def problem(detail: str) -> dict[str, Any]:
    """A refusal."""
    return {
        "type": "/problems/corpus-invalid",
        "title": "It is refused",
        "status": 422,
        "detail": detail,
        "instance": "/v1/jobs",
    }
