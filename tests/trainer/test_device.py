"""Devices are chosen by name, and what a container may use is what its control group says."""

import os
from pathlib import Path

import pytest
import torch

from trainer.device import Device, DeviceUnavailable, choose, devices, threads_within, usable_cores, usable_memory_bytes


def test_the_cpu_is_always_the_first_device() -> None:
    first = devices()[0]
    assert first.name == "cpu"
    assert first.memory_bytes > 2**28
    assert f"{torch.get_num_threads()} threads" in first.model


def test_cpu_names_the_cpu() -> None:
    assert choose("cpu") == devices()[0]


def test_auto_prefers_a_gpu_where_there_is_one() -> None:
    assert choose("auto").name == ("cuda:0" if torch.cuda.is_available() else "cpu")


def test_an_absent_device_is_refused_with_what_is_here() -> None:
    with pytest.raises(DeviceUnavailable, match=r"cuda:99 is not here; this machine has cpu "):
        choose("cuda:99")


@pytest.mark.parametrize("word", ["", "gpu", "cuda:", "cuda:x", "CPU", "cuda:1 ", "mps", "cuda:0001"])
def test_anything_else_is_refused_with_what_is_expected(word: str) -> None:
    with pytest.raises(DeviceUnavailable, match="expected auto, cpu, cuda or cuda:N"):
        choose(word)


def test_a_device_is_printed_by_name_and_model() -> None:
    assert str(Device("cuda:0", "NVIDIA H200", 1)) == "cuda:0 NVIDIA H200"


def _files(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", {"cpu.max": "100000 100000\n", "memory.max": "1073741824\n"}),
        (
            "0::/pod/trainer\n",
            {"pod/cpu.max": "150000 100000\n", "pod/memory.max": "1073741824\n", "pod/trainer/cpu.max": "max 100000"},
        ),
        (
            "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n1:name=systemd:/\n",
            {
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "100000\n",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "1073741824\n",
            },
        ),
    ],
    ids=["its own root", "a parent's limit", "version 1"],
)
def test_a_container_has_what_its_control_group_allows(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    (tmp_path / "membership").write_text(membership)
    root = _files(tmp_path / "cgroup", files)
    assert usable_cores(root, tmp_path / "membership") == 1
    assert usable_memory_bytes(root, tmp_path / "membership") == 2**30


@pytest.mark.parametrize(("cores", "gib", "threads"), [(2, 23, 2), (90, 8, 10), (4, 2, 1), (64, 64, 64)])
def test_spark_has_as_many_threads_as_cores_and_memory_carry(cores: int, gib: int, threads: int) -> None:
    assert threads_within(cores, gib * 2**30) == threads


@pytest.mark.parametrize("files", [{}, {"cpu.max": "max 100000\n", "memory.max": "max\n"}], ids=["no files", "no limits"])
def test_without_a_limit_everything_the_machine_has_may_be_used(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "membership").write_text("0::/\n")
    root = _files(tmp_path / "cgroup", files)
    assert usable_cores(root, tmp_path / "membership") == len(os.sched_getaffinity(0))
    machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert usable_memory_bytes(root, tmp_path / "membership") == machine_bytes
    assert usable_memory_bytes(root, tmp_path / "nowhere") == machine_bytes
