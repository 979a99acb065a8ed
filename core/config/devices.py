"""Devices that the setting `device` names: one, or several that train together, separated by commas."""

from __future__ import annotations

from collections.abc import Sequence


def device_names(device: str) -> tuple[str, ...]:
    """Returns the devices of a setting such as `auto`, `cuda:1`, or `cuda:0,cuda:1` for two."""
    return tuple(name.strip() for name in device.split(","))


def joined_devices(names: Sequence[str]) -> str:
    """Returns the value of the setting for these devices."""
    return ",".join(names)
