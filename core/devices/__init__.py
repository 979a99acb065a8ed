"""Devices for training. Imports no torch until a function is called."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from core.devices.cuda import cuda_devices
from core.devices.device import KINDS, Device
from core.errors import UserError
from core.language import _, plural, sentences

if TYPE_CHECKING:
    import torch


@cache
def survey() -> tuple[Device, ...]:
    """Returns the cached result of the first `look`, so that `auto` means the same device in the whole process."""
    return look()


def look() -> tuple[Device, ...]:
    """Finds all devices of this machine without creating a context on them. Imports torch.

    Usable devices come first: by kind, fastest first, then by free memory (devices that share main memory last), and
    the CPU at the end. Unusable ones follow.
    """
    found = [*cuda_devices(), *_xpu_devices(), *_mps_devices(), _cpu()]
    usable = [device for device in found if device.trouble is None]
    return (*sorted(usable, key=_rank), *(device for device in found if device.trouble))


def available() -> list[Device]:
    """Returns the usable devices; `auto` is the first. Imports torch."""
    return [device for device in survey() if device.trouble is None]


def resolve(name: str) -> torch.device:
    """Returns the torch device, with its index, of a setting: `auto`, a kind (`cuda`, `xpu`) or a full name.

    Raises `UserError` if it does not exist or cannot be used.
    """
    import torch

    for device in survey():
        if name in ("auto", device.name) or (name == device.kind and name != "cpu"):
            if device.trouble:
                raise UserError(device.trouble.what, device.trouble.advice)
            return torch.device(device.name)
    names = ", ".join(device.name for device in available())
    what = _("There is no device {name!r} on this machine.").format(name=name)
    raise UserError(what, _("Choose auto or one of {names}.").format(names=names))


def use(name: str) -> torch.device:
    """Resolves the device of a setting and makes it the current device of this thread.

    Turns on TF32 on CUDA. Raises `UserError` as `resolve` does, and if the device is busy.
    """
    import torch

    device = resolve(name)
    if device.type == "cuda":
        use_tf32()
    if device.type in ("cuda", "xpu"):
        try:
            torch.get_device_module(device).set_device(device)
        except RuntimeError as error:
            remedy = _("Close the programs that use it, or choose another device.")
            raise UserError(_("The device {device} is busy.").format(device=device), remedy, str(error)) from error
    return device


def passed_over(name: str) -> str:
    """Returns why `auto` chooses the CPU despite a GPU; empty if it does not."""
    first, *others = survey()
    troubles = [device.trouble for device in others if device.trouble]
    if name != "auto" or first.kind != "cpu" or not troubles:
        return ""
    return sentences(_("Trains on the CPU."), troubles[0].what, troubles[0].advice)


def use_tf32() -> None:
    """Turns on TF32 for matrix products and convolutions on CUDA.

    By default, PyTorch uses it for convolutions only. Other kinds of devices are unaffected.
    """
    import torch

    if hasattr(torch.backends, "fp32_precision"):  # since torch 2.9, where mixing in the old names raises
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        torch.backends.cudnn.conv.fp32_precision = "tf32"  # type: ignore[attr-defined]
    else:
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True


def _rank(device: Device) -> tuple[int, bool, int]:
    memory = device.total_memory if device.free_memory is None else device.free_memory
    return KINDS.index(device.kind), device.is_integrated, -(memory or 0)


def _xpu_devices() -> list[Device]:
    import torch

    try:
        if not torch.xpu.is_available():
            return []
        return [_xpu(index, torch.xpu.get_device_properties(index)) for index in range(torch.xpu.device_count())]
    except Exception:  # driver missing or incompatible
        return []


def _xpu(index: int, facts: Any) -> Device:
    import torch

    try:
        free: int | None = torch.xpu.mem_get_info(index)[0]
    except Exception:  # unknown to some drivers
        free = None
    strengths = {"bf16": "has_bfloat16_conversions", "fp16": "has_fp16"}
    return Device(
        f"xpu:{index}",
        facts.name if "intel" in facts.name.lower() else f"Intel {facts.name}",
        free,
        facts.total_memory,
        str(facts.driver_version),
        good_at=tuple(word for word, fact in strengths.items() if getattr(facts, fact, False)),
        is_integrated=bool(getattr(facts, "is_integrated_gpu", False)),
    )


def _mps_devices() -> list[Device]:
    import torch

    if not torch.backends.mps.is_available():
        return []
    try:
        total: int | None = torch.mps.recommended_max_memory()
    except Exception:  # known to newer versions of macOS only
        total = None
    return [Device("mps", "Apple GPU", total_memory=total, good_at=("fp16",), is_integrated=True)]


def _cpu() -> Device:
    import psutil
    import torch

    memory = psutil.virtual_memory()
    threads = torch.get_num_threads()
    title = plural("CPU, {count} thread", "CPU, {count} threads", threads)
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    has_bf16 = any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return Device(
        "cpu", title, memory.available, memory.total, good_at=("bf16",) if has_bf16 else (), is_integrated=True
    )
