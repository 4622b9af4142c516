"""The trainer's application: jobs, their progress, uploads and devices."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI

from servicekit.application import create_application
from trainer.api.metrics import JobMetrics
from trainer.api.routes import datasets, devices, jobs
from trainer.api.service import Trainer
from trainer.jobs.claim import JOBS, claimed
from trainer.jobs.executors.executor import Executor
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.published import PublishedRuns, StoredRuns
from trainer.jobs.table import JobTable
from trainer.runs.problems import PROBLEM_TYPES
from trainer.settings import Settings

__all__ = ["create_app"]

_DESCRIPTION: Final = """
Learns factor vectors of fragments from what compounds do to targets, and publishes them for the scores API.

Hand in a job with `POST /v1/jobs`, follow it at `/v1/jobs/{job}/events`. One job runs at a time, in a process of its own.
"""


def create_app(
    settings: Settings,
    *,
    table: JobTable | None = None,
    executor: Executor | None = None,
    runs: PublishedRuns | None = None,
) -> FastAPI:
    """The application. It touches nothing before it is started.

    `table` is the job table of a state directory that the caller has claimed; without it the application claims
    `settings.state` when it starts. Jobs run on this machine and publish into that directory's store, unless an `executor`
    and a `runs` are given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            rows = table if table is not None else stack.enter_context(claimed(settings.state))
            app.state.trainer = await stack.enter_async_context(
                Trainer.opened(settings, rows, executor or LocalExecutor(), runs or StoredRuns(settings))
            )
            yield

    async def ready() -> Mapping[str, str]:
        trainer: Trainer | None = getattr(app.state, "trainer", None)
        return {"state": "The state directory is not open."} if trainer is None else await trainer.missing()

    app = create_application(
        title="ntdemo trainer",
        version=version("ntdemo-trainer"),
        summary="Trains fragment factors and publishes them.",
        description=_DESCRIPTION,
        ready=ready,
        problem_types=PROBLEM_TYPES,
        lifespan=lifespan,
    )
    app.state.metrics.register(JobMetrics(settings.state / JOBS))
    for router in (jobs.router, datasets.router, devices.router):
        app.include_router(router)
    return app
