"""Devices of the type `cuda`: NVIDIA GPUs, and AMD GPUs with builds for ROCm. Imports torch on demand.

No context is created on a device, which would take a second and hundreds of megabytes of each GPU.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from typing import Any

from core.devices.builds import capabilities, fitting_backend, install_command, is_older, least_driver, runs_on
from core.devices.device import Device, Trouble
from core.devices.nvml import Card, Seen, look
from core.language import _

HIDES = "CUDA_VISIBLE_DEVICES"


def cuda_devices() -> list[Device]:
    """Returns every such device of this machine in torch's order; unusable ones have a `trouble`."""
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
    """Returns the number of devices for this process, and if none, PyTorch's reason."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the trouble of a device reports it
        try:
            torch.cuda.init()
            return torch.cuda.device_count(), ""
        except Exception as error:  # missing, old or mismatched driver
            torch.cuda.is_available()  # triggers its single warning per process here, not in the first backward pass
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
    what = _("This build of PyTorch has no kernels for {device} ({architecture}).").format(
        device=device.title, architecture=architecture
    )
    return replace(device, trouble=Trouble(what, _("Install a build that has them"), install_command()))


def _nvidia_strengths(capability: tuple[int, int]) -> tuple[str, ...]:
    if capability >= (8, 0):
        return "bf16", "fp16", "TF32", "graphs"
    return ("fp16", "graphs") if capability >= (7, 0) else ("graphs",)


def _unusable(seen: Seen, trouble: Trouble) -> list[Device]:
    """Returns the cards that only NVML finds, or one placeholder, as unusable devices."""
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
    """Returns why PyTorch finds no card; None if there is no card, or the user has hidden them."""
    is_old = "too old" in reason or is_older(seen.driver, least_driver(cuda))
    if HIDES in os.environ or not (seen.cards or is_old):
        return None
    if is_old:
        said = _("The NVIDIA driver {driver} is too old for this build of PyTorch (CUDA {cuda}).")
        if least := least_driver(cuda):
            said = _(
                "The NVIDIA driver {driver} is too old for this build of PyTorch (CUDA {cuda}), which needs {least} or "
                "newer."
            )
        what = said.format(driver=seen.driver or _("(unknown version)"), cuda=cuda, least=least)
        return Trouble(what, _("Update the driver, or install a matching build"), install_command())
    return _silent(_branded("NVIDIA", seen.cards[0].name), reason)


def _silent(name: str, reason: str) -> Trouble:
    cause = (reason.splitlines() or [""])[0].rstrip(".")
    what = _("{device} does not respond: {reason}.").format(device=name, reason=cause)
    remedy = _("Restart the computer; if that does not help, check whether the driver finds it")
    return Trouble(what, remedy, "nvidia-smi")


def _without_cuda(card: Card) -> Trouble:
    what = _("This build of PyTorch cannot use {device}: it has no CUDA.")
    return Trouble(what.format(device=_branded("NVIDIA", card.name)), _("Install a build with CUDA"), install_command())


def _unbuilt(device: Device, architectures: list[str]) -> Trouble:
    """Returns the trouble of a card for which this build has no kernels."""
    own = capabilities([device.architecture])[0]
    known = capabilities(architectures)
    what = (
        _("{device} has compute capability {capability}, but this build of PyTorch is for {least} or newer.")
        if own < known[0]
        else _("{device} has compute capability {capability}, but this build of PyTorch is for {others}.")
    ).format(
        device=device.title,
        capability="{}.{}".format(*own),
        least="{}.{}".format(*known[0]),
        others=", ".join("{}.{}".format(*each) for each in known),
    )
    backend = fitting_backend(own, architectures)
    if not backend:
        return Trouble(what, _("No build supports this GPU any more: choose another device"))
    return Trouble(what, _("Install a build for this GPU"), install_command(backend))


def _branded(brand: str, name: str) -> str:
    return name if brand.lower() in name.lower() else f"{brand} {name}"


def _uuid(facts: Any) -> str:
    return str(getattr(facts, "uuid", ""))


def _bus(facts: Any) -> tuple[int, int, int] | None:
    """Returns the PCI bus address; None if torch does not know it."""
    numbers = [getattr(facts, f"pci_{name}_id", None) for name in ("domain", "bus", "device")]
    return None if None in numbers else tuple(numbers)  # type: ignore[return-value]
