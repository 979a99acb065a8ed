"""Devices that PyTorch calls `cuda`: NVIDIA's, and AMD's where it was built for ROCm. Imports torch when asked.

No device is given a context: that takes hundreds of megabytes of each GPU, and a second.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from typing import Any

from core.devices.builds import capabilities, fitting_backend, install_command, is_older, least_driver, runs_on
from core.devices.device import Device, Trouble
from core.devices.nvml import Card, Seen, look

HIDES = "CUDA_VISIBLE_DEVICES"


def cuda_devices() -> list[Device]:
    """Returns every such device of this machine in torch's order, those that cannot be used with the reason."""
    import torch

    if torch.version.hip:
        return [_amd_device(index) for index in range(_counted()[0])]
    seen = look()
    if torch.version.cuda is None:
        return _unusable(seen, _without_cuda(seen.cards[0])) if seen.cards else []
    count, reason = _counted()
    if count:
        return [_nvidia_device(index, seen) for index in range(count)]
    if trouble := _unreachable(seen, torch.version.cuda, reason):
        return _unusable(seen, trouble)
    return []


def _counted() -> tuple[int, str]:
    """How many devices the driver gives to this process, and if none what PyTorch says about it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch warns of here, a device's trouble says
        try:
            torch.cuda.init()
            return torch.cuda.device_count(), ""
        except Exception as error:  # no driver, an old one, one that does not fit its library ...
            torch.cuda.is_available()  # it warns once in a process: here, and not in the first backward pass
            return 0, (str(error).splitlines() or [""])[0]


def _nvidia_device(index: int, seen: Seen) -> Device:
    import torch

    name = f"cuda:{index}"
    try:
        facts = torch.cuda.get_device_properties(index)
    except Exception as error:
        return Device(name, "NVIDIA GPU", driver=seen.driver, trouble=_silent(name, str(error)))
    capability = facts.major, facts.minor
    card = seen.card(_uuid(facts), _bus(facts)) or Card(facts.name, total_memory=facts.total_memory)
    device = Device(
        name,
        _branded("NVIDIA", facts.name),
        card.free_memory,
        facts.total_memory,
        seen.driver,
        "sm_{}{}".format(*capability),
        _nvidia_strengths(capability),
        bool(facts.is_integrated),
    )
    architectures = torch.cuda.get_arch_list()
    return device if runs_on(architectures, capability) else replace(device, trouble=_unbuilt(device, architectures))


def _amd_device(index: int) -> Device:
    import torch

    name, driver = f"cuda:{index}", f"ROCm {torch.version.hip}"
    try:
        facts = torch.cuda.get_device_properties(index)
    except Exception as error:
        return Device(name, "AMD GPU", driver=driver, trouble=_silent(name, str(error)))
    architecture = facts.gcnArchName.partition(":")[0]
    device = Device(
        name,
        _branded("AMD", facts.name),
        None,
        facts.total_memory,
        driver,
        architecture,
        ("bf16", "fp16", "graphs"),
        bool(facts.is_integrated),
    )
    known = [each.partition(":")[0] for each in torch.cuda.get_arch_list()]
    if not known or architecture in known:
        return device
    what = f"This build of PyTorch has no kernels for {device.title} ({architecture})."
    return replace(device, trouble=Trouble(what, "Install one that has", install_command()))


def _nvidia_strengths(capability: tuple[int, int]) -> tuple[str, ...]:
    if capability >= (8, 0):
        return "bf16", "fp16", "TF32", "graphs"
    return ("fp16", "graphs") if capability >= (7, 0) else ("graphs",)


def _unusable(seen: Seen, trouble: Trouble) -> list[Device]:
    """The cards that only the management library sees, or one that stands for them all."""
    cards = seen.cards or (Card("NVIDIA GPU"),)
    return [
        Device(
            f"cuda:{index}",
            _branded("NVIDIA", card.name),
            card.free_memory,
            card.total_memory,
            seen.driver,
            "sm_{}{}".format(*card.capability) if card.capability else "",
            trouble=trouble,
        )
        for index, card in enumerate(cards)
    ]


def _unreachable(seen: Seen, cuda: str, reason: str) -> Trouble | None:
    """Why PyTorch reaches no card; None where there is none to reach, or the person has hidden them."""
    is_old = "too old" in reason or is_older(seen.driver, least_driver(cuda))
    if HIDES in os.environ or not (seen.cards or is_old):
        return None
    if is_old:
        driver = f"The NVIDIA driver {seen.driver}".rstrip()
        needed = f", which needs {least_driver(cuda)} or newer" if least_driver(cuda) else ""
        what = f"{driver} is too old for this build of PyTorch (CUDA {cuda}){needed}."
        return Trouble(what, "Update the driver, or install a build that fits it", install_command())
    return _silent(_branded("NVIDIA", seen.cards[0].name), reason)


def _silent(name: str, reason: str) -> Trouble:
    what = f"{name} does not answer: {(reason.splitlines() or [''])[0].rstrip('.')}."
    return Trouble(what, "Restart the computer; if that is not enough, see whether the driver finds it", "nvidia-smi")


def _without_cuda(card: Card) -> Trouble:
    what = f"This build of PyTorch cannot use {_branded('NVIDIA', card.name)}: it was made without CUDA."
    return Trouble(what, "Install one that was made with it", install_command())


def _unbuilt(device: Device, architectures: list[str]) -> Trouble:
    """Of a card that this build has no kernels for."""
    own = capabilities([device.architecture])[0]
    known = capabilities(architectures)
    needs = "{}.{} or newer".format(*known[0]) if own < known[0] else ", ".join("{}.{}".format(*each) for each in known)
    has = "{}.{}".format(*own)
    what = f"{device.title} has compute capability {has}, and this build of PyTorch was made for {needs}."
    backend = fitting_backend(own, architectures)
    if not backend:
        return Trouble(what, "No build supports it any more: choose another device")
    return Trouble(what, "Install a build that was made for it", install_command(backend))


def _branded(brand: str, name: str) -> str:
    return name if brand.lower() in name.lower() else f"{brand} {name}"


def _uuid(facts: Any) -> str:
    return str(getattr(facts, "uuid", ""))


def _bus(facts: Any) -> tuple[int, int, int] | None:
    """Where torch tells it."""
    numbers = [getattr(facts, f"pci_{name}_id", None) for name in ("domain", "bus", "device")]
    return None if None in numbers else tuple(numbers)  # type: ignore[return-value]
