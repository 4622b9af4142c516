"""NVIDIA's GPUs and their MIG slices, as the driver's library (NVML) lists them: without CUDA, in milliseconds."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import pynvml

from trainer.jobs.devices.listing import DeviceKind, SlottedDevice

__all__ = ["NvidiaGpus", "chosen"]

_WAIT_MS: Final = 1000
_OF_THE_PROGRAM: Final = frozenset({13, 31, 43, 45, 68, 109})
"""Xids that a program causes and that leave its GPU in order (as NVIDIA's device plugin for Kubernetes takes them)."""


class NvidiaGpus:
    """Asks NVML, and listens to it for the errors (Xid) after which a GPU needs a reset. Calls may take long: use a thread."""

    def __init__(self, nvml: Any = pynvml) -> None:
        self._nvml = nvml
        self._faults: dict[str, str] = {}
        """UUID of a GPU to what is wrong with it, for as long as this object lives."""
        self._names: dict[str, str] | None = None
        """UUID to name, as they were first seen: what is lost later leaves the others their names."""
        self._begun = False
        self._closed = threading.Event()

    def devices(self, slots: int, visible: str | None = None) -> list[SlottedDevice] | None:
        """The GPUs and slices that `visible` allows, each for `slots` jobs; None where there is no NVIDIA driver.

        `visible` is what `CUDA_VISIBLE_DEVICES` was for the trainer; None allows all.
        """
        if not self._begin():
            return None
        found = []
        for handle, fault in self._handles():
            with suppress(self._nvml.NVMLError):  # it was lost between two questions
                found += self._slices(handle, slots, fault)
        if self._names is None:
            self._names = {device["binding"]: f"cuda:{place}" for place, device in enumerate(chosen(found, visible))}
        named = [(self._names.get(device["binding"]), device) for device in found]
        return [SlottedDevice(name=name, **device) for name, device in named if name is not None]

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()

    def _begin(self) -> bool:
        if not self._begun:
            try:
                self._nvml.nvmlInit()
            except self._nvml.NVMLError:  # no library, no driver or no GPU: this machine has none of NVIDIA's
                return False
            self._begun = True
            threading.Thread(target=self._listen, name="xid", daemon=True).start()
        return True

    def _handles(self) -> Iterator[tuple[Any, str | None]]:
        """The GPUs that still answer, with what is known to be wrong with them; one that is lost is left out."""
        for index in range(self._nvml.nvmlDeviceGetCount()):
            with suppress(self._nvml.NVMLError):
                handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
                yield handle, self._faults.get(self._nvml.nvmlDeviceGetUUID(handle))

    def _slices(self, handle: Any, slots: int, fault: str | None) -> list[dict[str, Any]]:
        """The slices of a GPU that is cut into some, else the GPU."""
        nvml = self._nvml
        try:
            cut = nvml.nvmlDeviceGetMigMode(handle)[0] == nvml.NVML_DEVICE_MIG_ENABLE
        except nvml.NVMLError:  # a model that cannot be cut
            cut = False
        if not cut:
            return [self._facts(handle, slots, fault)]
        slices = []
        for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            with suppress(nvml.NVMLError):  # a place without a slice
                slices.append(self._facts(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index), slots, fault))
        return slices

    def _facts(self, handle: Any, slots: int, fault: str | None) -> dict[str, Any]:
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        utilisation = None
        with suppress(nvml.NVMLError):  # slices do not tell
            utilisation = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        return {
            "model": nvml.nvmlDeviceGetName(handle),
            "kind": DeviceKind.GPU,
            "memory_bytes": memory.total,
            "slots": slots,
            "binding": nvml.nvmlDeviceGetUUID(handle),
            "memory_used_bytes": memory.used,
            "utilisation_percent": utilisation,
            "fault": fault,
        }

    def _listen(self) -> None:
        """Keep the faults that the driver reports, until `close`."""
        nvml = self._nvml
        try:
            events = nvml.nvmlEventSetCreate()
            for handle, _ in self._handles():
                nvml.nvmlDeviceRegisterEvents(handle, nvml.nvmlEventTypeXidCriticalError, events)
        except nvml.NVMLError:  # an old driver, or a virtual GPU: what fails there shows in its jobs
            return
        while not self._closed.is_set():
            try:
                event = nvml.nvmlEventSetWait_v2(events, _WAIT_MS)
            except nvml.NVMLError_Timeout:
                continue
            except nvml.NVMLError:
                return
            if event.eventData not in _OF_THE_PROGRAM:
                with suppress(nvml.NVMLError):
                    self._faults[nvml.nvmlDeviceGetUUID(event.device)] = f"The driver reported Xid {event.eventData}."


def chosen(devices: Sequence[dict[str, Any]], visible: str | None) -> list[dict[str, Any]]:
    """Those of `devices` that `CUDA_VISIBLE_DEVICES` names by number or by the beginning of a UUID, in its order.

    As CUDA reads it, the first word that names none ends the list.
    """
    if visible is None:
        return list(devices)
    kept = []
    for word in (part.strip() for part in visible.split(",")):
        if word.isdigit() and int(word) < len(devices):
            kept.append(devices[int(word)])
            continue
        named = [device for device in devices if word and str(device["binding"]).startswith(word)]
        if len(named) != 1:
            break
        kept.append(named[0])
    return kept
