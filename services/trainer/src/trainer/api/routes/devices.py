"""Devices: what jobs can compute on, and what does."""

from fastapi import APIRouter

from trainer.api.routes.access import Running
from trainer.api.routes.rendering import answers
from trainer.api.routes.wire import DeviceList, DeviceResource

__all__ = ["router"]

router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.get("", summary="The devices of this trainer", responses=answers(503))
async def list_devices(trainer: Running) -> DeviceList:
    """The CPU, then every GPU, with memory, utilisation and the job that computes there."""
    busy = {job.device.split()[0]: job.id for job in await trainer.desk.unfinished() if job.device is not None}
    return DeviceList(
        items=[
            DeviceResource(
                name=device.name,
                model=device.model,
                memory_bytes=device.memory_bytes,
                memory_used_bytes=device.memory_used_bytes,
                utilisation_percent=device.utilisation_percent,
                job=busy.get(device.name),
            )
            for device in await trainer.devices.look()
        ]
    )
