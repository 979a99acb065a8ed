"""Stand-ins for machines with GPUs: what NVIDIA's library and PyTorch say of them, replaced at the boundary."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from core import devices

GB = 2**30
WHEEL = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]
"""Architectures that a wheel for CUDA 13 supports."""


@dataclass
class Gpu:
    """One card. `free`: of its memory, as NVIDIA's library says; `bus`: its number there."""

    name: str = "NVIDIA GeForce RTX 3080"
    capability: tuple[int, int] = (8, 6)
    free: int = 8 * GB
    total: int = 10 * GB
    uuid: str = "0a-0b"
    bus: int = 1
    parts: list[Gpu] = field(default_factory=list)
    """Instances that it is divided into (MIG)."""
    architecture: str = ""
    """Name of the architecture, for a GPU of AMD."""
    is_integrated: bool = False

    @property
    def properties(self) -> Any:
        major, minor = self.capability
        return SimpleNamespace(
            name=self.name,
            major=major,
            minor=minor,
            total_memory=self.total,
            uuid=self.uuid,
            pci_domain_id=0,
            pci_bus_id=self.bus,
            pci_device_id=0,
            gcnArchName=self.architecture,
            is_integrated=int(self.is_integrated),
        )


def build(
    monkeypatch: pytest.MonkeyPatch, cuda: str | None = "13.2", hip: str | None = None, made_for: list[str] = WHEEL
) -> None:
    """Pretends a build of PyTorch, on a machine without GPUs of Intel and Apple."""
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", cache(lambda: False))  # what imports it asks for its cache
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: made_for)


def cards(monkeypatch: pytest.MonkeyPatch, *gpus: Gpu, refusal: str = "") -> list[object]:
    """Pretends that PyTorch reaches these GPUs, in its order, or refuses; returns the list of devices made current."""
    current: list[object] = []

    def init() -> None:
        if refusal or not gpus:
            raise RuntimeError(refusal or "No CUDA GPUs are available")

    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(gpus))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: gpus[index].properties)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    devices.survey.cache_clear()
    return current


class NvmlError(Exception):
    """Error of NVIDIA's library."""


def library(monkeypatch: pytest.MonkeyPatch, *gpus: Gpu, driver: str = "580.105.08", **answers: Any) -> None:
    """NVIDIA's library, with its cards in its own order. `answers` replace functions by name."""

    def part(gpu: Gpu, index: int) -> Gpu:
        if index < len(gpu.parts):
            return gpu.parts[index]
        raise NvmlError("Not Found")

    questions: dict[str, Any] = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: driver,
        "nvmlDeviceGetCount": lambda: len(gpus),
        "nvmlDeviceGetHandleByIndex": lambda index: gpus[index],
        "nvmlDeviceGetName": lambda gpu: gpu.name,
        "nvmlDeviceGetUUID": lambda gpu: f"GPU-{gpu.uuid}",
        "nvmlDeviceGetPciInfo": lambda gpu: SimpleNamespace(domain=0, bus=gpu.bus, device=0),
        "nvmlDeviceGetCudaComputeCapability": lambda gpu: gpu.capability,
        "nvmlDeviceGetMemoryInfo": lambda gpu: SimpleNamespace(free=gpu.free, total=gpu.total),
        "nvmlDeviceGetMigMode": lambda gpu: [int(bool(gpu.parts)), 0],
        "nvmlDeviceGetMaxMigDeviceCount": lambda gpu: 7,
        "nvmlDeviceGetMigDeviceHandleByIndex": part,
    }
    stand_in = ModuleType("pynvml")
    for name, answer in (questions | answers).items():
        setattr(stand_in, name, answer)
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    devices.survey.cache_clear()
