"""The trainer's application: jobs, their progress, uploads, devices, and the registry of runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI

from servicekit.application import create_application
from trainer.api.doors import doors
from trainer.api.metrics import JobMetrics
from trainer.api.routes import aliases, datasets, devices, jobs, owners
from trainer.api.routes import runs as registered
from trainer.api.service import Trainer
from trainer.jobs.claim import JOBS, claimed
from trainer.jobs.devices.choice import inventory_of
from trainer.jobs.devices.listing import Inventory
from trainer.jobs.executors.choice import executor_of
from trainer.jobs.executors.executor import Executor
from trainer.jobs.published import PublishedRuns, StoredRuns
from trainer.jobs.table import JobTable
from trainer.runs.problems import PROBLEM_TYPES
from trainer.settings import Settings

__all__ = ["create_app"]

_DESCRIPTION: Final = """
Learns factor vectors of fragments from what compounds do to targets, and publishes them for the scores API.

Hand in a job with `POST /v1/jobs`, follow it at `/v1/jobs/{job}/events`. Jobs run in processes of their own, as many at once
as there are devices for; the others wait, by priority, then by what their owner has had, then in the order in which they came.
"""


def create_app(
    settings: Settings,
    *,
    table: JobTable | None = None,
    executor: Executor | None = None,
    runs: PublishedRuns | None = None,
    inventory: Inventory | None = None,
) -> FastAPI:
    """The application. It touches nothing before it is started.

    `table` is the job table of a state directory that the caller has claimed; without it the application claims
    `settings.state` when it starts. Jobs run on this machine and its devices and publish into that directory's store, unless
    an `executor`, an `inventory` and a `runs` are given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            rows = table if table is not None else stack.enter_context(claimed(settings.state))
            app.state.trainer = await stack.enter_async_context(
                Trainer.opened(
                    settings,
                    rows,
                    executor or executor_of(settings),
                    runs or StoredRuns(settings),
                    inventory or inventory_of(settings),
                )
            )
            yield

    async def ready() -> Mapping[str, str]:
        trainer: Trainer | None = getattr(app.state, "trainer", None)
        return {"state": "The state directory is not open."} if trainer is None else await trainer.missing()

    def slots() -> Mapping[str, int]:
        trainer: Trainer | None = getattr(app.state, "trainer", None)
        return {} if trainer is None else trainer.supervisor.slots

    app = create_application(
        title="ntdemo trainer",
        version=version("ntdemo-trainer"),
        summary="Trains fragment factors and publishes them.",
        description=_DESCRIPTION,
        ready=ready,
        problem_types=PROBLEM_TYPES,
        lifespan=lifespan,
        doors=doors(settings),
    )
    app.state.metrics.register(JobMetrics(settings.state / JOBS, slots))
    for router in (jobs.router, datasets.router, devices.router, owners.router, registered.router, aliases.router):
        app.include_router(router)
    return app
