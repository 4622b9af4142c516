"""The choice of an inventory: this machine's devices, or those that a file lists in their place."""

from trainer.jobs.devices.listing import Inventory
from trainer.jobs.devices.local import LocalInventory
from trainer.jobs.devices.stand_in import StandInInventory
from trainer.settings import Settings

__all__ = ["inventory_of"]


def inventory_of(settings: Settings) -> Inventory:
    """The inventory that the settings ask for."""
    if settings.devices is not None:
        return StandInInventory(settings.devices)
    return LocalInventory(jobs_per_gpu=settings.jobs_per_gpu, cpu_jobs=settings.cpu_jobs, needs_gpus=settings.gpus > 0)
