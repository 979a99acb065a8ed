"""Devices to train on, and their memory. Imports no torch until a function is called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import UserError

if TYPE_CHECKING:
    import torch

    from core.config.settings import Settings


@dataclass(frozen=True)
class Device:
    """A device by torch's name (`cpu`, `cuda:0`, `mps`), a title for people, and its free memory in bytes if known."""

    name: str
    title: str
    free_memory: int | None = None


def available() -> list[Device]:
    """Every device of this machine, the fastest kind first. Imports torch."""
    import torch

    found = []
    for index in range(torch.cuda.device_count()):
        free, _ = torch.cuda.mem_get_info(index)
        title = f"{torch.cuda.get_device_name(index)}, {free / 2**30:.1f} GB free"
        found.append(Device(f"cuda:{index}", title, free))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    found.append(Device("cpu", f"CPU, {torch.get_num_threads()} threads"))
    return found


def resolve(name: str) -> torch.device:
    """The torch device of a setting; `auto` is the fastest. Raises `UserError` for one that is not here."""
    import torch

    names = [device.name for device in available()]
    if name == "auto":
        return torch.device(names[0])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in names:
        raise UserError(f"There is no device {name!r} on this machine.", f"Choose auto or one of {', '.join(names)}.")
    return torch.device(wanted)


def free_memory(device: torch.device) -> int:
    """Bytes that are free for the device: of its own memory, or of main memory where it has none."""
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)


def used_memory() -> int:
    """Bytes that this process keeps in main memory."""
    import psutil

    return int(psutil.Process(os.getpid()).memory_info().rss)


@contextmanager
def enough_memory(settings: Settings) -> Iterator[None]:
    """Turns the errors of a full memory, of the device or of the machine, into a `UserError` with a remedy."""
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not (isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)):
            raise
        raise UserError(
            f"There is not enough memory for a batch of {settings.batch} images at {settings.resolution} px.",
            f"Try a batch of {max(settings.batch // 2, 2)}, a smaller resolution, or a smaller width.",
            str(error),
        ) from error
