"""What routes reach: the running trainer and the job in the path, as dependencies."""

from typing import Annotated, Final

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from servicekit.problems import NOT_READY, Problem
from trainer.api.service import Trainer
from trainer.jobs.job import Job
from trainer.runs.problems import JOB_NOT_FOUND

__all__ = ["PERMITTED", "NamedJob", "Running"]

_BEARER: Final = HTTPBearer(
    scheme_name="key",
    description="A key, where the trainer asks for one: `ntdemo-train keys create`, or `TRAINER_API_KEY`.",
    auto_error=False,
)


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
        return await trainer.queue.job(job)
    except KeyError:
        raise Problem(JOB_NOT_FOUND, f"There is no job {job!r}.") from None


PERMITTED: Final = Depends(_BEARER)
"""States in the OpenAPI document that the route may need a key; `trainer.api.doors` asks for it."""
Running = Annotated[Trainer, Depends(_running)]
"""The trainer."""
NamedJob = Annotated[Job, Depends(_named_job)]
"""The job in the path."""
