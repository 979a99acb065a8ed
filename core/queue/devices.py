"""Devices of the queue: those that take an entry each at the same time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from core.concurrency import own_process
from core.config.devices import device_names
from core.devices import available
from core.devices.device import Device
from core.errors import FOREIGN_ERRORS, UserError
from core.queue.entry import AUTO
from core.runs.run_lock import OwnerWatch, RunLock

CPU = "cpu"
DEVICES = "devices"
"""Folder of a queue with a folder for each device, which is locked while a training outside of the queue runs there."""
LOOK_SECONDS = 120.0
"""Seconds after which a driver that does not answer counts as lost."""


def queue_devices(found: Sequence[Device]) -> list[str]:
    """Returns the names of the devices that the queue uses, the preferred ones first and the CPU last."""
    names = [device.name for device in found if device.trouble is None]
    return [name for name in names if name != CPU] + [CPU]


def devices_now() -> list[str]:
    """Returns the devices that can be used now.

    A process of its own looks for them: torch does not notice in the same process that one was lost or has come back.
    """
    process = own_process("-m", __name__, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        output, _ = process.communicate(timeout=LOOK_SECONDS)
        return [str(name) for name in json.loads(output)]
    except (*FOREIGN_ERRORS, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
        return [CPU]


def placed(wanted: str, free: Sequence[str], devices: Sequence[str]) -> str | None:
    """Returns the device among those that are `free` on which an entry runs; None if there is none.

    `wanted`: the device of an entry: its name, its kind such as `cuda`, `AUTO`, or several names, which are returned as
    they are. `AUTO` is the CPU only if `devices`, those of the machine, has no other: a GPU that is busy is worth the
    wait.
    """
    names = device_names(wanted)
    if len(names) > 1:
        return wanted if {*names} <= {*free} else None
    return next((device for device in free if _suits(wanted, device, devices)), None)


def _suits(wanted: str, device: str, devices: Sequence[str]) -> bool:
    if wanted == AUTO:
        return device != CPU or list(devices) == [CPU]
    return wanted in (device, device.partition(":")[0])


@contextmanager
def occupied(queue: Path, *devices: str) -> Iterator[None]:
    """Context of a training outside of the queue in a folder, which starts no entry on these devices meanwhile.

    It trains in any case: without a lock if another such training has it, or if the folder cannot be written to.
    """
    with ExitStack() as locks:
        for device in devices:
            with suppress(OSError, UserError):
                folder = _folder_of(queue, device)
                folder.mkdir(parents=True, exist_ok=True)
                locks.enter_context(RunLock(folder))
        yield


def is_occupied(queue: Path, device: str) -> bool:
    """Returns whether a training outside of the queue in a folder runs on a device."""
    return OwnerWatch(_folder_of(queue, device)).owner() is not None


def _folder_of(queue: Path, device: str) -> Path:
    return queue / DEVICES / device.replace(":", "-")


if __name__ == "__main__":
    print(json.dumps(queue_devices(available())))
