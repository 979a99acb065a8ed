"""NVIDIA's management library (NVML): cards, their memory and the driver, without a CUDA context on any of them.

The library may be missing, refuse any query, and list cards that CUDA cannot use or numbers differently. Its facts are
only shown, and never decide alone which device is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

Bus = tuple[int, int, int]
"""PCI address: domain, bus and device."""


@dataclass(frozen=True)
class Card:
    """GPU, or MIG instance of one. Unknown facts are None or empty.

    `uuid`: without prefix, lower case. Memory is in bytes.
    """

    name: str
    uuid: str = ""
    bus: Bus | None = None
    capability: tuple[int, int] | None = None
    free_memory: int | None = None
    total_memory: int | None = None


@dataclass(frozen=True)
class Seen:
    """Facts about this machine. `driver`: version of the driver, empty without one."""

    driver: str = ""
    cards: tuple[Card, ...] = ()

    def card(self, uuid: str, bus: Bus | None) -> Card | None:
        """Returns the card with CUDA's UUID or bus address; None if uncertain."""
        same = [card for card in self.cards if uuid and card.uuid == bare(uuid)]
        same = same or [card for card in self.cards if bus is not None and card.bus == bus]
        return same[0] if len(same) == 1 else None


def look() -> Seen:
    """Queries the library; returns no cards if it fails. Never raises."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # missing, too old, or driver not loaded
        return Seen()
    try:
        driver = _text(_asked(pynvml, "nvmlSystemGetDriverVersion"))
        return Seen(driver, tuple(_cards(pynvml)))
    finally:
        with suppress(Exception):
            pynvml.nvmlShutdown()


def bare(uuid: object) -> str:
    """Returns a UUID without its prefix, in lower case."""
    return _text(uuid).lower().removeprefix("gpu-").removeprefix("mig-")


def _cards(library: Any) -> Iterator[Card]:
    for index in range(_number(_asked(library, "nvmlDeviceGetCount")) or 0):
        handle = _asked(library, "nvmlDeviceGetHandleByIndex", index)
        if handle is None:
            continue
        name = _text(_asked(library, "nvmlDeviceGetName", handle)) or "NVIDIA GPU"
        capability = _capability(_asked(library, "nvmlDeviceGetCudaComputeCapability", handle))
        mode = _asked(library, "nvmlDeviceGetMigMode", handle)
        if isinstance(mode, list | tuple) and mode and mode[0] == 1:
            for part in range(_number(_asked(library, "nvmlDeviceGetMaxMigDeviceCount", handle)) or 0):
                divided = _asked(library, "nvmlDeviceGetMigDeviceHandleByIndex", handle, part)
                if divided is not None:
                    yield _card(library, divided, f"{name} MIG", capability, None)
        else:
            yield _card(library, handle, name, capability, _bus(_asked(library, "nvmlDeviceGetPciInfo", handle)))


def _card(library: Any, handle: Any, name: str, capability: tuple[int, int] | None, bus: Bus | None) -> Card:
    memory = _asked(library, "nvmlDeviceGetMemoryInfo", handle)
    total = _number(getattr(memory, "total", None))
    free = _number(getattr(memory, "free", None))
    if not total or (free is not None and free > total):
        total = free = None
    return Card(name, bare(_asked(library, "nvmlDeviceGetUUID", handle)), bus, capability, free, total)


def _asked(library: Any, question: str, *arguments: Any) -> Any:
    """Returns the result of a query; None if it fails for any reason."""
    try:
        return getattr(library, question)(*arguments)
    except Exception:
        return None


def _text(value: object) -> str:
    """Returns text; older versions of the library return bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _capability(value: object) -> tuple[int, int] | None:
    if isinstance(value, list | tuple) and len(value) == 2 and all(_number(each) is not None for each in value):
        return value[0], value[1]
    return None


def _bus(info: object) -> Bus | None:
    numbers = [_number(getattr(info, name, None)) for name in ("domain", "bus", "device")]
    return None if None in numbers else tuple(numbers)  # type: ignore[return-value]
