"""What routes reach: the running trainer and the job in the path, as dependencies."""

from typing import Annotated

from fastapi import Depends, Path, Request

from servicekit.problems import NOT_READY, Problem
from trainer.jobs.job import Job
from trainer.problems import JOB_NOT_FOUND
from trainer.service import Trainer

__all__ = ["NamedJob", "Running"]


async def _running(request: Request) -> Trainer:
    trainer: Trainer | None = getattr(request.app.state, "trainer", None)
    if trainer is None:
        raise Problem(NOT_READY, "The trainer has not opened its state directory yet.")
    return trainer


async def _named_job(
    trainer: Annotated[Trainer, Depends(_running)],
    job: Annotated[str, Path(max_length=100, description="Id of a job.")],
) -> Job:
    try:
        return await trainer.desk.job(job)
    except KeyError:
        raise Problem(JOB_NOT_FOUND, f"There is no job {job!r}.") from None


Running = Annotated[Trainer, Depends(_running)]
"""The trainer."""
NamedJob = Annotated[Job, Depends(_named_job)]
"""The job in the path."""
