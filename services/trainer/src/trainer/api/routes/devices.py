"""Devices: what jobs can compute on, and what does."""

from fastapi import APIRouter

from trainer.api.routes.access import Running
from trainer.api.routes.rendering import answers
from trainer.api.routes.wire import DeviceJob, DeviceList, DeviceResource

__all__ = ["router"]

router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.get("", summary="The devices of this trainer", responses=answers(503))
async def list_devices(trainer: Running) -> DeviceList:
    """The CPU, then every GPU or slice of one, with memory, utilisation and the jobs that compute there.

    Answers at once: what has not been learnt by then is named in `unknown`, and may be known later.
    """
    listing = await trainer.supervisor.devices()
    running = [attempt.running for attempt in trainer.supervisor.attempts]
    facts = ("name", "model", "memory_bytes", "memory_used_bytes", "utilisation_percent", "slots", "fault")
    return DeviceList(
        items=[
            DeviceResource(
                **{name: getattr(device, name) for name in facts},
                jobs=[
                    DeviceJob(id=job.id, owner=job.owner, memory_bytes=job.memory_bytes)
                    for job in running
                    if job.device == device.name
                ],
            )
            for device in listing.devices
        ],
        unknown=list(listing.unknown),
    )
