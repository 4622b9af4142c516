"""NVIDIA's GPUs are listed by the driver's library, slices as devices of their own, and errors keep jobs away."""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.jobs import MIB

from trainer.jobs.devices.listing import DeviceKind
from trainer.jobs.devices.nvidia import NvidiaGpus, chosen


@dataclass
class _Gpu:
    uuid: str
    slices: list[str] | None = None
    """UUIDs; None for a GPU that is not cut."""


class _Error(Exception):
    pass


class _Timeout(_Error):
    pass


@dataclass
class _Nvml:
    """The functions of NVML that are used, over GPUs that the test states, with NVML's names and signatures."""

    gpus: list[_Gpu]
    driver: bool = True
    xids: list[tuple[str, int]] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)
    NVMLError = _Error
    NVMLError_Timeout = _Timeout
    NVML_DEVICE_MIG_ENABLE = 1
    nvmlEventTypeXidCriticalError = 8

    def nvmlInit(self) -> None:
        if not self.driver:
            raise _Error("no driver")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> _Gpu:
        if self.gpus[index].uuid == "lost":
            raise _Error("GPU is lost")
        return self.gpus[index]

    def nvmlDeviceGetUUID(self, gpu: _Gpu) -> str:
        return gpu.uuid

    def nvmlDeviceGetName(self, gpu: _Gpu) -> str:
        return "H200 MIG 1g.18gb" if gpu.uuid.startswith("MIG") else "H200"

    def nvmlDeviceGetMigMode(self, gpu: _Gpu) -> tuple[int, int]:
        if gpu.uuid == "GPU-old":
            raise _Error("not supported")
        return int(gpu.slices is not None), 1

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu: _Gpu) -> int:  # noqa: ARG002 - NVML\'s
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: _Gpu, index: int) -> _Gpu:
        if gpu.slices is None or index >= len(gpu.slices):
            raise _Error("not found")
        return _Gpu(gpu.slices[index])

    def nvmlDeviceGetMemoryInfo(self, gpu: _Gpu) -> Any:  # noqa: ARG002 - NVML\'s
        return SimpleNamespace(total=100 * MIB, used=10 * MIB)

    def nvmlDeviceGetUtilizationRates(self, gpu: _Gpu) -> Any:
        if gpu.uuid.startswith("MIG"):
            raise _Error("not supported")
        return SimpleNamespace(gpu=37)

    def nvmlEventSetCreate(self) -> object:
        return object()

    def nvmlDeviceRegisterEvents(self, gpu: _Gpu, kind: int, events: object) -> None:
        pass

    def nvmlEventSetWait_v2(self, events: object, timeout_ms: int) -> Any:  # noqa: ARG002 - NVML\'s
        if not self.xids:
            self.heard.set()
            threading.Event().wait(0.001)
            raise _Timeout
        uuid, xid = self.xids.pop(0)
        return SimpleNamespace(device=_Gpu(uuid), eventData=xid)


def test_a_gpu_is_listed_with_what_the_driver_tells_of_it() -> None:
    gpus = NvidiaGpus(_Nvml([_Gpu("GPU-0"), _Gpu("GPU-old")]))
    found = gpus.devices(2)
    gpus.close()
    assert found is not None
    first = found[0]
    assert (first.name, first.model, first.kind, first.binding) == ("cuda:0", "H200", DeviceKind.GPU, "GPU-0")
    assert (first.memory_bytes, first.memory_used_bytes, first.utilisation_percent) == (100 * MIB, 10 * MIB, 37.0)
    assert (first.slots, first.fault, first.computes_on) == (2, None, "cuda")
    assert [device.name for device in found] == ["cuda:0", "cuda:1"]


def test_a_gpu_that_is_cut_is_its_slices_each_bound_by_its_own_id() -> None:
    gpus = NvidiaGpus(_Nvml([_Gpu("GPU-0", ["MIG-a", "MIG-b"]), _Gpu("GPU-1"), _Gpu("GPU-2", [])]))
    found = gpus.devices(1)
    gpus.close()
    assert found is not None
    assert [(device.name, device.binding, device.utilisation_percent) for device in found] == [
        ("cuda:0", "MIG-a", None),
        ("cuda:1", "MIG-b", None),
        ("cuda:2", "GPU-1", 37.0),
    ]


def test_a_machine_without_a_driver_has_no_gpus_of_nvidia() -> None:
    assert NvidiaGpus(_Nvml([], driver=False)).devices(1) is None


def test_a_gpu_that_is_lost_is_no_longer_listed_and_the_others_keep_their_names() -> None:
    nvml = _Nvml([_Gpu("GPU-0"), _Gpu("GPU-1")])
    gpus = NvidiaGpus(nvml)
    gpus.devices(1)
    nvml.gpus[0] = _Gpu("lost")
    found = gpus.devices(1)
    gpus.close()
    assert found is not None
    assert [(device.name, device.binding) for device in found] == [("cuda:1", "GPU-1")]


def test_an_error_that_the_driver_reports_is_a_fault_but_not_one_that_a_program_causes() -> None:
    nvml = _Nvml([_Gpu("GPU-0"), _Gpu("GPU-1")], xids=[("GPU-0", 13), ("GPU-1", 79)])
    gpus = NvidiaGpus(nvml)
    gpus.devices(1)
    assert nvml.heard.wait(30)
    found = gpus.devices(1)
    gpus.close()
    assert found is not None
    assert [device.fault for device in found] == [None, "The driver reported Xid 79."]


@pytest.mark.parametrize(
    ("visible", "kept"),
    [
        (None, ["GPU-aa", "GPU-ab", "GPU-b"]),
        ("1", ["GPU-ab"]),
        ("2,0", ["GPU-b", "GPU-aa"]),
        ("GPU-b, 0", ["GPU-b", "GPU-aa"]),
        ("GPU-a", []),
        ("0,7,1", ["GPU-aa"]),
        ("-1", []),
        ("", []),
    ],
)
def test_what_the_trainer_may_see_is_what_its_jobs_get(visible: str | None, kept: list[str]) -> None:
    devices = [{"binding": uuid} for uuid in ("GPU-aa", "GPU-ab", "GPU-b")]
    assert [device["binding"] for device in chosen(devices, visible)] == kept
