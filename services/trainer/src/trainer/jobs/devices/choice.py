"""The choice of an inventory: this machine's devices, those that a file lists in their place, or a cluster's."""

from trainer.jobs.devices.cluster import ClusterInventory
from trainer.jobs.devices.listing import Inventory
from trainer.jobs.devices.local import LocalInventory
from trainer.jobs.devices.stand_in import StandInInventory
from trainer.jobs.templates import JobTemplates
from trainer.settings import Settings

__all__ = ["inventory_of"]


def inventory_of(settings: Settings) -> Inventory:
    """The inventory that the settings ask for; raises OSError or ValidationError where a cluster's templates cannot be read."""
    if settings.executor == "kubernetes":
        return ClusterInventory(JobTemplates.of(settings))
    if settings.devices is not None:
        return StandInInventory(settings.devices)
    return LocalInventory(jobs_per_gpu=settings.jobs_per_gpu, cpu_jobs=settings.cpu_jobs, needs_gpus=settings.gpus > 0)
