"""The devices of a cluster: what its job templates allow at once. Which node a job gets is the cluster's to say."""

from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice
from trainer.jobs.templates import JobTemplate, JobTemplates

__all__ = ["ClusterInventory"]

_MODEL = "of the cluster"


class ClusterInventory:
    """Lists `cpu`, and `cuda` where there is a template for GPUs: a slot is a pod's."""

    def __init__(self, templates: JobTemplates) -> None:
        self._listing = Listing([_device(name, each, templates) for name, each in templates.each()])

    async def look(self) -> Listing:
        """The devices, which never change."""
        return self._listing

    async def close(self) -> None:
        """Nothing is held."""


def _device(name: str, template: JobTemplate, templates: JobTemplates) -> SlottedDevice:
    is_gpu = template is templates.gpu
    return SlottedDevice(
        name=name,
        model=_MODEL,
        kind=DeviceKind.GPU if is_gpu else DeviceKind.CPU,
        memory_bytes=template.memory_bytes * template.at_once,
        slots=template.at_once,
        cores=template.cores * template.at_once,
        binding=_MODEL if is_gpu else "",
        named_only=not is_gpu and templates.gpu is not None,
        apart=True,
    )
