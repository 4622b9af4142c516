"""The queue: how long a submission and a page take while 10,000 jobs wait, and what the choice of the next job costs.

A trainer runs in this process, with one stand-in device that one job holds for the whole time; requests go over HTTP. A pass is
one decision about all waiting jobs, which the trainer makes when a device becomes free.
"""

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvicorn

sys.path.remove(str(Path(__file__).parent))  # `dialogue.py` beside this file is not the package of that name
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecutor
from tests.support.ports import free_ports

from servicekit import logs
from trainer.api.app import create_app
from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.job import Submission
from trainer.jobs.needs import estimate
from trainer.jobs.order import decide
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

SPEC = FactorsSpec(kind="factors", sources=("built-in",))
JOBS = 10_000
SUBMISSIONS = 1_000
OWNERS = 10
JOB_S = 10.0
"""A short job: the overhead is stated as a share of it."""


def fill(table: JobTable) -> None:
    """`JOBS` waiting jobs of `OWNERS` owners."""
    for number in range(JOBS):
        asked = Submission(SPEC, priority=number % 3, owner=f"owner-{number % OWNERS}", needs=estimate(SPEC, 0))
        table.add(f"job-{number}", asked, now=datetime.now(UTC))


def submissions(client: httpx.Client) -> list[float]:
    """Milliseconds of each of `SUBMISSIONS` more."""
    took_ms = []
    for number in range(SUBMISSIONS):
        body = {"spec": SPEC.model_dump(mode="json"), "priority": number % 3}
        began_s = time.perf_counter()
        answer = client.post("/v1/jobs", json=body, headers={"X-Owner": f"owner-{number % OWNERS}"})
        took_ms.append(1000 * (time.perf_counter() - began_s))
        answer.raise_for_status()
    return took_ms


def pages(client: httpx.Client) -> list[float]:
    """Milliseconds of each page of 100 jobs, through the whole list."""
    took_ms: list[float] = []
    cursor: str | None = None
    while True:
        began_s = time.perf_counter()
        page = client.get("/v1/jobs", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
        took_ms.append(1000 * (time.perf_counter() - began_s))
        cursor = page["next"]
        if cursor is None:
            return took_ms


def passes(table: JobTable, device: SlottedDevice) -> list[float]:
    """Milliseconds of processor time of a pass over all waiting jobs, as when the device has become free."""
    took_ms = []
    for _ in range(20):
        began_s = time.process_time()
        now = datetime.now(UTC)
        charges = {(account.owner, account.kind): account.charge for account in table.accounts(now)}
        decisions = decide(table.waiting(), [], [device], charges, now)
        took_ms.append(1000 * (time.process_time() - began_s))
        assert len(decisions) == 1  # noqa: S101 - a benchmark that does nothing measures nothing
    return took_ms


def told(name: str, took_ms: list[float]) -> dict[str, float | str | int]:
    """Median and 99th percentile."""
    cuts = statistics.quantiles(took_ms, n=100)
    return {"what": name, "n": len(took_ms), "p50_ms": round(statistics.median(took_ms), 2), "p99_ms": round(cuts[98], 2)}


def main() -> None:
    """Print one JSON line a figure."""
    device = SlottedDevice("cpu", "stand-in", DeviceKind.CPU, 2**36, cores=os.cpu_count() or 1)
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory() as root, closing(JobTable.open(Path(root) / "jobs.sqlite")) as table:
        fill(table)
        logs.configure("text", "warning")
        app = create_app(
            Settings(state=Path(root), log_level="warning"),
            table=table,
            executor=ScriptedExecutor(),
            runs=MemoryRuns(matching="there"),
            inventory=ListInventory(device),
        )
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            while not server.started:
                time.sleep(0.01)
            print(json.dumps(told("submission", submissions(client))))
            print(json.dumps(told("page of 100", pages(client))))
            figures = told(f"choice among {table.queued():,}, CPU", passes(table, device))
            print(json.dumps({**figures, "percent_of_a_job_of_10_s": round(float(figures["p99_ms"]) / (10 * JOB_S), 2)}))
            server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
