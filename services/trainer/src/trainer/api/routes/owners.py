"""Owners: who has had how much of the devices."""

from collections import Counter

from fastapi import APIRouter

from trainer.api.routes.access import Running
from trainer.api.routes.rendering import answers
from trainer.api.routes.wire import OwnerList, OwnerResource
from trainer.jobs.devices.listing import DeviceKind

__all__ = ["router"]

router = APIRouter(prefix="/v1/owners", tags=["owners"])


@router.get("", summary="What owners of jobs have had", responses=answers(503))
async def list_owners(trainer: Running) -> OwnerList:
    """Seconds of GPUs and of cores by owner, of attempts that have ended; and the jobs that run and wait.

    Among jobs of one priority the owner's comes next who has had least of that kind of device lately.
    """
    accounts = await trainer.queue.accounts()
    had = {(account.owner, account.kind): account.seconds for account in accounts}
    running = Counter(attempt.job.owner for attempt in trainer.supervisor.attempts)
    waiting = Counter(await trainer.queue.waiting_owners())
    return OwnerList(
        items=[
            OwnerResource(
                owner=owner,
                gpu_seconds=had.get((owner, DeviceKind.GPU), 0.0),
                cpu_seconds=had.get((owner, DeviceKind.CPU), 0.0),
                running=running[owner],
                waiting=waiting[owner],
            )
            for owner in sorted({owner for owner, _ in had} | running.keys() | waiting.keys())
        ]
    )
