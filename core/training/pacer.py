"""Pacing of the host: it prepares at most one step while the device works on another.

Without waiting at all the host would run far ahead: clocks, Stop and sliders would lag behind by what waits.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch.mps.event import Event as MpsEvent


class Pacer:
    """Waits after each step until the device has finished the step before. Does nothing on a CPU."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._last: Event | None = None

    def step(self) -> None:
        """Waits for the step before; call it when all work of a step is queued on the device."""
        if self._device.type == "cpu":
            return
        event = _event(self._device)
        event.record()
        if self._last is not None:
            self._last.synchronize()
        self._last = event


class Event(Protocol):
    """Interface of the events of all devices."""

    def record(self) -> None: ...

    def synchronize(self) -> None: ...


def _event(device: torch.device) -> Event:
    if device.type == "cuda":
        # A blocking wait sleeps; a spinning one would take a whole core from the threads that read ahead.
        return torch.cuda.Event(blocking=True)
    return torch.xpu.Event() if device.type == "xpu" else MpsEvent()
