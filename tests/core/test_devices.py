"""Devices: the processor is always there, and what is not there, or cannot be used, is said so."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core import devices
from core.devices import available, look, passed_over, resolve, survey, use
from core.devices.builds import fitting_backend, install_command, is_older, least_driver, runs_on
from core.devices.memory import free_memory, used_memory
from core.errors import UserError
from core.events import Finished, Notice
from core.jobs.training_job import TrainingJob
from tests.core.machines import GB, WHEEL, Gpu, NvmlError, build, cards, library
from tests.core.tiny import tiny_settings


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forgets the devices of the test before."""
    survey.cache_clear()
    yield
    survey.cache_clear()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One with a usual build, no NVIDIA library and no GPU, to begin with."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    build(monkeypatch)
    cards(monkeypatch)
    return monkeypatch


def names() -> list[str]:
    return [device.name for device in available()]


def test_the_processor_is_always_there_and_never_first_choice() -> None:
    devices = available()
    assert devices[-1].name == "cpu"
    assert len({device.name for device in devices}) == len(devices)
    assert all(device.title for device in devices)


def test_names() -> None:
    assert resolve("cpu") == torch.device("cpu")
    assert resolve("auto") == torch.device(available()[0].name)
    for device in available():
        assert str(resolve(device.name)) == device.name


@pytest.mark.parametrize("name", ["cuda:77", "toaster", "", "CPU", "cpu:1", "cuda:-1", "meta"])
def test_an_unknown_device_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(name)
    assert repr(name) in caught.value.what
    assert "auto" in caught.value.remedy
    assert "cpu" in caught.value.remedy


def test_memory() -> None:
    assert free_memory(torch.device("cpu")) > 2**20
    assert 2**25 < used_memory() < 2**40


# -- which of several ------------------------------------------------------------------------------------------------


def test_auto_is_the_gpu_with_the_most_free_memory(machine: pytest.MonkeyPatch) -> None:
    busy, idle = Gpu(free=2 * GB, uuid="1", bus=1), Gpu(free=9 * GB, uuid="2", bus=2)
    cards(machine, busy, idle)
    library(machine, idle, busy)  # numbered otherwise than by CUDA
    assert names() == ["cuda:1", "cuda:0", "cpu"]
    assert resolve("auto") == resolve("cuda") == torch.device("cuda:1")
    assert [device.free_memory for device in available()[:2]] == [9 * GB, 2 * GB]


def test_cards_without_names_of_their_own_are_told_by_their_places(machine: pytest.MonkeyPatch) -> None:
    one, other = Gpu(free=2 * GB, uuid="", bus=1), Gpu(free=9 * GB, uuid="", bus=2)
    cards(machine, one, other)
    library(machine, other, one, nvmlDeviceGetUUID=refuse)
    assert [(device.name, device.free_memory) for device in available()[:2]] == [("cuda:1", 9 * GB), ("cuda:0", 2 * GB)]
    one.bus = other.bus  # nothing tells them apart
    assert [device.free_memory for device in look()[:2]] == [None, None]


def test_auto_stays_what_it_was_at_first(machine: pytest.MonkeyPatch) -> None:
    one, other = Gpu(free=9 * GB, uuid="1"), Gpu(free=8 * GB, uuid="2")
    cards(machine, one, other)
    library(machine, one, other)
    assert resolve("auto") == torch.device("cuda:0")
    one.free = GB  # the trial of a training has taken the rest
    assert resolve("auto") == torch.device("cuda:0")
    assert look()[0].name == "cuda:1"


def test_a_gpu_that_shares_the_main_memory_comes_after_others(machine: pytest.MonkeyPatch) -> None:
    cards(machine, Gpu(total=60 * GB, is_integrated=True), Gpu(total=10 * GB))
    assert names() == ["cuda:1", "cuda:0", "cpu"]


def test_the_device_in_use_is_the_threads_current_one_and_multiplies_as_it_convolves(
    machine: pytest.MonkeyPatch,
) -> None:
    current = cards(machine, Gpu(), Gpu(total=20 * GB))
    assert use("cpu") == torch.device("cpu")
    assert current == []
    tf32: list[bool] = []
    machine.setattr(devices, "use_tf32", lambda: tf32.append(True))
    assert use("auto") == torch.device("cuda:1")
    assert use("cuda:0") == torch.device("cuda:0")
    assert current == [torch.device("cuda:1"), torch.device("cuda:0")]
    assert tf32 == [True, True]


def test_a_device_that_others_hold_is_said_to_be_busy(machine: pytest.MonkeyPatch) -> None:
    def refuse(device: object) -> None:
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")

    cards(machine, Gpu())
    machine.setattr(torch.cuda, "set_device", refuse)
    machine.setattr(devices, "use_tf32", lambda: None)
    with pytest.raises(UserError, match="cuda:0 is busy"):
        use("auto")


TF32 = """
import torch
from core.devices import use_tf32
use_tf32()
use_tf32()
backends = torch.backends
assert backends.cuda.matmul.fp32_precision == backends.cudnn.conv.fp32_precision == "tf32"
assert backends.mkldnn.matmul.fp32_precision == backends.mkldnn.conv.fp32_precision == "none"  # CPUs stay exact
"""


def test_products_are_tf32_as_convolutions_are() -> None:
    assert subprocess.run([sys.executable, "-W", "error", "-c", TF32], check=False).returncode == 0


# -- NVIDIA's library ------------------------------------------------------------------------------------------------


def test_without_the_library_torch_alone_says_what_there_is(machine: pytest.MonkeyPatch) -> None:
    cards(machine, Gpu())
    gpu, cpu = available()
    assert (gpu.name, gpu.title, gpu.free_memory, gpu.total_memory) == (
        "cuda:0",
        "NVIDIA GeForce RTX 3080",
        None,
        10 * GB,
    )
    assert gpu.good_at == ("bf16", "fp16", "TF32", "graphs")
    assert cpu.name == "cpu"


def refuse(*_: object) -> Any:
    raise NvmlError("Unknown Error")


LIES: list[dict[str, Any]] = [
    {"nvmlInit": refuse},
    {"nvmlShutdown": refuse},
    {"nvmlSystemGetDriverVersion": refuse},
    {"nvmlSystemGetDriverVersion": lambda: b"580.105.08"},
    {"nvmlDeviceGetCount": lambda: 99},
    {"nvmlDeviceGetCount": lambda: None},
    {"nvmlDeviceGetCount": refuse},
    {"nvmlDeviceGetHandleByIndex": refuse},
    {"nvmlDeviceGetName": refuse},
    {"nvmlDeviceGetUUID": refuse},
    {"nvmlDeviceGetUUID": lambda gpu: "GPU-none"},
    {"nvmlDeviceGetPciInfo": lambda gpu: None},
    {"nvmlDeviceGetCudaComputeCapability": lambda gpu: (1,)},
    {"nvmlDeviceGetMemoryInfo": refuse},
    {"nvmlDeviceGetMemoryInfo": lambda gpu: SimpleNamespace(free=-1, total="much")},
    {"nvmlDeviceGetMemoryInfo": lambda gpu: SimpleNamespace(free=9, total=3)},
    {"nvmlDeviceGetMigMode": refuse},
    {"nvmlDeviceGetMigMode": lambda gpu: [1, 1]},
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_a_library_that_lies_or_refuses_changes_nothing_but_what_is_shown(
    machine: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    gpu = Gpu()
    cards(machine, gpu)
    library(machine, gpu, **lie)
    assert names() == ["cuda:0", "cpu"]
    assert available()[0].total_memory == 10 * GB
    assert available()[0].free_memory in (None, 8 * GB)


def test_a_library_without_its_functions(machine: pytest.MonkeyPatch) -> None:
    cards(machine, Gpu())
    machine.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=lambda: None))
    assert names() == ["cuda:0", "cpu"]


def test_a_card_that_only_the_library_sees_is_named_with_the_reason(machine: pytest.MonkeyPatch) -> None:
    library(machine, Gpu(), Gpu("NVIDIA T400"))
    assert names() == ["cpu"]
    assert resolve("auto") == torch.device("cpu")
    assert [device.title for device in survey() if device.trouble] == ["NVIDIA GeForce RTX 3080", "NVIDIA T400"]
    with pytest.raises(UserError, match="No CUDA GPUs are available") as caught:
        resolve("cuda:0")
    assert "nvidia-smi" in caught.value.remedy


def test_cards_that_a_person_hides_are_no_trouble(machine: pytest.MonkeyPatch) -> None:
    machine.setenv("CUDA_VISIBLE_DEVICES", "")
    library(machine, Gpu())
    assert [device.name for device in survey()] == ["cpu"]


def test_a_part_of_a_divided_card_has_its_own_memory(machine: pytest.MonkeyPatch) -> None:
    parts = [Gpu("H200 MIG 1g.18gb", (9, 0), 17 * GB, 18 * GB, uuid) for uuid in ("a1", "a2")]
    parts[1].free = 3 * GB
    whole = Gpu("NVIDIA H200", (9, 0), 100 * GB, 141 * GB, "aa", parts=parts)
    cards(machine, parts[1])
    library(machine, whole)
    assert available()[0].free_memory == 3 * GB
    unknown = Gpu("H200 MIG 1g.18gb", (9, 0), 17 * GB, 18 * GB, "aa")  # CUDA names the whole card instead
    cards(machine, unknown)
    assert available()[0].free_memory is None


# -- drivers and builds ----------------------------------------------------------------------------------------------

TOO_OLD = "The NVIDIA driver on your system is too old (found version 12020). Please update your GPU driver."


@pytest.mark.parametrize("has_library", [True, False])
def test_an_old_driver_is_said_and_the_cpu_goes_on(machine: pytest.MonkeyPatch, has_library: bool) -> None:
    cards(machine, refusal=TOO_OLD)
    if has_library:
        library(machine, Gpu(), driver="535.104.05")
    assert names() == ["cpu"]
    assert resolve("cpu") == use("auto") == torch.device("cpu")
    with pytest.raises(UserError) as caught:
        resolve("cuda")
    assert "CUDA 13.2" in caught.value.what
    assert least_driver("13.2") in caught.value.what
    assert ("535.104.05" in caught.value.what) is has_library
    assert "--torch-backend=auto" in caught.value.remedy
    assert caught.value.what in passed_over("auto")
    assert not passed_over("cpu")


def test_a_training_goes_on_with_the_cpu_and_says_why(
    machine: pytest.MonkeyPatch, pictures: Path, tmp_path: Path
) -> None:
    cards(machine, refusal=TOO_OLD)
    library(machine, Gpu(), driver="535.104.05")
    job = TrainingJob(tiny_settings("dcgan", device="auto", steps=1), str(pictures), out=tmp_path / "run")
    events = list(job.events())
    assert any(isinstance(event, Finished) for event in events)
    assert job.trainer is not None
    assert job.trainer.device == torch.device("cpu")
    assert [event.text for event in events if isinstance(event, Notice)] == [passed_over("auto")]


def test_what_torch_warns_of_once_is_heard_while_devices_are_looked_for(machine: pytest.MonkeyPatch) -> None:
    """Unheard, it would come in the middle of the first backward pass, on the CPU too."""
    warned: list[bool] = []

    def is_available() -> bool:
        if not warned:
            warned.append(True)
            warnings.warn(TOO_OLD, stacklevel=1)
        return False

    cards(machine, refusal=TOO_OLD)
    machine.setattr(torch.cuda, "is_available", is_available)
    assert use("cpu") == torch.device("cpu")
    assert warned
    assert not torch.cuda.is_available()


def test_a_driver_is_known_to_be_old_by_its_number_alone(machine: pytest.MonkeyPatch) -> None:
    library(machine, Gpu(), driver="550.54.15")
    with pytest.raises(UserError, match=r"550\.54\.15 is too old"):
        resolve("cuda:0")


@pytest.mark.parametrize("name", ["NVIDIA GeForce GTX 1080", "Tesla V100-SXM2-16GB"])
def test_a_card_that_the_build_has_no_kernels_for_gives_way_to_the_next(machine: pytest.MonkeyPatch, name: str) -> None:
    old = Gpu(name, (6, 1) if "1080" in name else (7, 0), 20 * GB, 24 * GB, "1")
    cards(machine, old, Gpu(uuid="2", bus=2))
    assert resolve("auto") == resolve("cuda") == torch.device("cuda:1")
    with pytest.raises(UserError) as caught:
        resolve("cuda:0")
    assert name in caught.value.what
    assert "7.5 or newer" in caught.value.what
    assert "--torch-backend=cu126" in caught.value.remedy
    assert not passed_over("auto")
    cards(machine, old)
    assert names() == ["cpu"]
    assert "--torch-backend=cu126" in passed_over("auto")


def test_a_build_without_cuda_says_so_where_there_is_a_card(machine: pytest.MonkeyPatch) -> None:
    build(machine, cuda=None)
    assert [device.name for device in survey()] == ["cpu"]
    library(machine, Gpu())
    with pytest.raises(UserError, match="it has no CUDA"):
        resolve("cuda")


@pytest.mark.parametrize(
    ("architectures", "capability", "expected"),
    [
        (WHEEL, (7, 5), True),
        (WHEEL, (8, 9), True),
        (WHEEL, (9, 0), True),
        (WHEEL, (10, 3), True),
        (WHEEL, (12, 1), True),
        (WHEEL, (7, 0), False),
        (WHEEL, (6, 1), False),
        (WHEEL, (11, 0), False),
        (["sm_86"], (8, 0), False),
        (["sm_50", "sm_60"], (6, 1), True),
        (["sm_80", "compute_80"], (12, 0), True),
        (["compute_90"], (8, 6), False),
        (["sm_90a"], (9, 0), True),
        (["sm_100a"], (10, 3), False),
        (["sm_100f"], (10, 3), True),
        (["compute_90a"], (10, 0), False),
        ([], (3, 5), True),
        (["unheard-of"], (3, 5), True),
    ],
)
def test_which_build_runs_on_which_card(architectures: list[str], capability: tuple[int, int], expected: bool) -> None:
    assert runs_on(architectures, capability) is expected


def test_which_build_to_install() -> None:
    assert fitting_backend((6, 1), WHEEL) == "cu126"
    assert fitting_backend((3, 5), WHEEL) == ""
    assert fitting_backend((12, 0), ["sm_50", "sm_90"]) == "auto"
    assert "torch torchvision" in install_command("cu126")


@pytest.mark.parametrize(
    ("platform", "cuda", "least"),
    [
        ("linux", "11.8", "450.80.02"),
        ("win32", "11.8", "452.39"),
        ("linux", "12.6", "525.60.13"),
        ("win32", "12.8", "528.33"),
        ("linux", "13.2", "580.65.06"),
        ("win32", "13.0", "580"),
        ("linux", "99.0", ""),
        ("linux", "", ""),
    ],
)
def test_which_driver_a_build_needs(platform: str, cuda: str, least: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert least_driver(cuda) == least


def test_drivers_are_compared_by_their_numbers() -> None:
    assert is_older("535.104.05", "580.65.06")
    assert is_older("99.1", "450.80.02")
    assert not is_older("580.105.08", "580.65.06")
    assert not is_older("580.65.06", "580.65.06")
    assert not is_older("", "580.65.06")
    assert not is_older("unknown", "580.65.06")


# -- AMD, Intel, Apple -----------------------------------------------------------------------------------------------


def test_a_build_for_rocm_has_amds_cards(machine: pytest.MonkeyPatch) -> None:
    build(machine, cuda=None, hip="7.1.2", made_for=["gfx90a", "gfx1100"])
    library(machine, Gpu())  # it is not asked
    new = Gpu("Radeon RX 7900 XTX", total=24 * GB, architecture="gfx1100:sramecc+:xnack-")
    cards(machine, new, Gpu("AMD Radeon Graphics", total=GB, architecture="gfx1036"))
    assert names() == ["cuda:0", "cpu"]
    assert (available()[0].title, available()[0].driver) == ("AMD Radeon RX 7900 XTX", "ROCm 7.1.2")
    with pytest.raises(UserError, match=r"no kernels for AMD Radeon Graphics \(gfx1036\)"):
        resolve("cuda:1")


def test_intels_gpus(machine: pytest.MonkeyPatch) -> None:
    facts = SimpleNamespace(
        name="Arc A770",
        total_memory=16 * GB,
        driver_version="1.6.33578",
        has_bfloat16_conversions=True,
        has_fp16=True,
        is_integrated_gpu=False,
    )
    current: list[object] = []
    machine.setattr(torch.xpu, "is_available", lambda: True)
    machine.setattr(torch.xpu, "device_count", lambda: 2)
    machine.setattr(torch.xpu, "get_device_properties", lambda index: facts)
    free = {0: 5 * GB, 1: 12 * GB, torch.device("xpu:0"): 5 * GB}
    machine.setattr(torch.xpu, "mem_get_info", lambda index: (free[index], 16 * GB))
    machine.setattr(torch.xpu, "set_device", current.append)
    assert names() == ["xpu:1", "xpu:0", "cpu"]
    assert available()[0].title == "Intel Arc A770"
    assert available()[0].good_at == ("bf16", "fp16")
    assert use("xpu") == torch.device("xpu:1")
    assert current == [torch.device("xpu:1")]
    assert free_memory(torch.device("xpu:0")) == 5 * GB
    machine.setattr(torch.xpu, "mem_get_info", refuse)
    assert look()[0].free_memory is None
    machine.setattr(torch.xpu, "get_device_properties", refuse)
    assert [device.name for device in look()] == ["cpu"]


def test_apples_gpu(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    machine.setattr(torch.mps, "recommended_max_memory", lambda: 12 * GB)
    assert names() == ["mps", "cpu"]
    assert available()[0].total_memory == 12 * GB
    assert resolve("auto") == torch.device("mps")
