"""What routes reach: the running trainer and the job in the path, as dependencies; and who may change something."""

import hmac
from typing import Annotated, Final

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from servicekit.problems import NOT_READY, Problem
from trainer.api.service import Trainer
from trainer.jobs.job import Job
from trainer.runs.problems import JOB_NOT_FOUND, UNAUTHORIZED

__all__ = ["PERMITTED", "NamedJob", "Running"]

_BEARER: Final = HTTPBearer(
    scheme_name="key", description="The trainer's key, where it was given one (`TRAINER_API_KEY`).", auto_error=False
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
        return await trainer.desk.job(job)
    except KeyError:
        raise Problem(JOB_NOT_FOUND, f"There is no job {job!r}.") from None


async def _permitted(
    trainer: Annotated[Trainer, Depends(_running)],
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> None:
    key = trainer.settings.api_key
    if key is None:
        return
    if sent is None or not hmac.compare_digest(sent.credentials.encode(), key.get_secret_value().encode()):
        reason = "No key was sent." if sent is None else "The key that was sent is not this trainer's."
        raise Problem(UNAUTHORIZED, reason, headers={"WWW-Authenticate": "Bearer"})


PERMITTED: Final = Depends(_permitted)
"""Whoever knows the trainer's key, where it has one; for routes that change something."""
Running = Annotated[Trainer, Depends(_running)]
"""The trainer."""
NamedJob = Annotated[Job, Depends(_named_job)]
"""The job in the path."""
