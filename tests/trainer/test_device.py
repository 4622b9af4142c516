import pytest
import torch

from trainer.device import Device, DeviceUnavailable, choose, devices


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
