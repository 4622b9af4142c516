"""The first run: a trainer that starts makes sure that its own data have a published run."""

import asyncio
from collections.abc import Mapping

import structlog

from trainer.jobs.diagnosis import only_molecules
from trainer.jobs.job import JobState, Submission
from trainer.jobs.published import PublishedRuns
from trainer.jobs.queue import JobQueue
from trainer.runs.ingest import IngestOptions, OnError
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

__all__ = ["FirstRun", "first_spec"]

_log = structlog.stdlib.get_logger(__name__)


def first_spec(settings: Settings) -> FactorsSpec:
    """What a start trains: its own data, everything else as it comes."""
    return FactorsSpec(kind="factors", ingest=IngestOptions(on_error=settings.on_error))


class FirstRun:
    """Submits a job at the start where the store holds no run of the present data."""

    def __init__(self, queue: JobQueue, runs: PublishedRuns, spec: FactorsSpec) -> None:
        self._desk = queue
        self._runs = runs
        self._spec = spec
        self._job: str | None = None
        self._trouble: str | None = None

    async def ensure(self) -> None:
        """Find the run or the waiting job of the start's data, or submit one."""
        try:
            job = await self._desk.unfinished_like(self._spec)
            if job is None:
                run = await asyncio.to_thread(self._runs.run_of, self._spec)
                if run is not None:
                    if await asyncio.to_thread(self._runs.serve, run):
                        _log.info("first_run_promoted", run=run)
                    _log.info("first_run_found", run=run)
                    return
                submitted, _ = await self._desk.submit(Submission(self._spec))
                job = submitted.id
            self._job = job
        except Exception as error:  # noqa: BLE001 - `missing` tells it, whatever it is
            self._trouble = f"The start's run could not be looked for: {error}"
            _log.exception("first_run_not_found")

    async def missing(self) -> Mapping[str, str]:
        """Says what became of the start's job where it failed, as long as no later job has succeeded."""
        if self._trouble is not None:
            return {"first-run": self._trouble}
        if self._job is None:
            return {}
        job = await self._desk.job(self._job)
        if job.state is not JobState.FAILED or job.failure is None:
            return {}
        succeeded = await self._desk.page(states=[JobState.SUCCEEDED], limit=1)
        if succeeded and succeeded[0].sequence > job.sequence:
            return {}
        hint = ""
        if only_molecules(job.failure) and self._spec.ingest.on_error is OnError.FAIL:
            hint = " NTDEMO_ON_ERROR=skip leaves out, counts and lists molecules that cannot be used."
        return {"first-run": f"Job {job.id} failed ({job.failure.slug}): {job.failure.detail.rstrip('.')}.{hint}"}
