"""Devices of the queue: those that take an entry each at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from core.devices.device import Device


def queue_devices(found: Sequence[Device]) -> list[str]:
    """Returns the names of the devices that the queue uses, the preferred ones first. The CPU is last: an entry with
    the device `auto` takes it only if there is no other."""
    names = [device.name for device in found if device.trouble is None]
    return names if len(names) == 1 else [name for name in names if name != "cpu"] + ["cpu"]
