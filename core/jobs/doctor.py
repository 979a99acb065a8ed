"""Facts about this computer for `gan-studio doctor` and Help > About this computer: devices, builds, disk, problems.

The text is meant for bug reports: it names no user, and no folders except those of the program.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core import __version__
from core.concurrency import run_in_thread
from core.crash.anonymous import anonymous
from core.data.cache.entries import cache_folder
from core.data.cache.quota import limit
from core.devices import look
from core.devices.builds import install_command
from core.devices.device import Device, Trouble
from core.errors import UserError
from core.events import Progress
from core.formatting import size_text
from core.jobs.device_trial import PRESET, RESOLUTION, SECONDS, DeviceTrial, try_device
from core.runs.run import runs_folder

LITTLE_DISK = 2 * 10**9
"""Free bytes below which the checkpoints of a training may not fit."""
VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "OMP_NUM_THREADS", "PYTORCH_ALLOC_CONF")
"""Environment variables that affect devices."""

TRAINED = f"{PRESET}, {RESOLUTION} px, {SECONDS:.0f} s"

Facts = dict[str, Any]


def examine(window: Mapping[str, Any], quick: bool = False) -> Generator[Progress, None, Facts]:
    """Yields `Progress`; returns facts by name, of types for JSON. Imports torch.

    `window`: facts about the window system by name, possibly with a `trouble`. `quick`: skip the short training on each
    usable device.
    """
    looking = Progress("Examining this computer", 0, 0)
    devices = yield from run_in_thread(look, looking)  # the first import of torch is slow
    trials = {}
    for device in devices:
        if not quick and device.trouble is None:
            trials[device.name] = yield from try_device(device.name, SECONDS)
    folders = yield from run_in_thread(_folders, looking)
    others = {name: fact for name, fact in window.items() if name != "trouble"}
    found = [*_troubles(devices, trials, folders), *(Trouble(*each) for each in [window.get("trouble")] if each)]
    facts: Facts = _anonymous(
        {
            "program": _program(),
            "pytorch": _pytorch(),
            "devices": [_device(device, trials.get(device.name)) for device in devices],
            "window": others,
            "folders": folders,
            "troubles": [asdict(trouble) for trouble in dict.fromkeys(found)],
        }
    )
    return facts


def lines(facts: Facts) -> Iterator[str]:
    """Yields the facts as text lines for people, the problems last."""
    yield from (f"{name:>14}  {text}" for name, text in rows(facts))
    yield ""
    for trouble in troubles(facts):
        yield f"{'Problem':>14}  {trouble.what}"
        yield f"{'':>14}  {trouble.remedy}{':' if trouble.command else '.'}"
        if trouble.command:
            yield f"{'':>14}  {trouble.command}"
    if not facts["troubles"]:
        yield f"{'':>14}  No problems found."


def troubles(facts: Facts) -> list[Trouble]:
    """Returns the problems of this computer."""
    return [Trouble(**trouble) for trouble in facts["troubles"]]


def rows(facts: Facts) -> list[tuple[str, str]]:
    """Returns names and texts of all facts except problems; a text without a name belongs to the row above."""
    return [(name, text) for name, text in _rows(facts) if text]


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yields the rows of `rows`, including empty ones."""
    yield from facts["program"].items()
    build = facts["pytorch"]
    yield "PyTorch", f"{build['version']}, {build['build']}, torchvision {build['torchvision']}"
    yield "", build["architectures"] and f"made for {', '.join(build['architectures'])}"
    for device in facts["devices"]:
        driver = device["driver"] and f"driver {device['driver']}"
        yield (
            device["name"],
            ", ".join(filter(None, (device["title"], _memory(device), device["architecture"], driver))),
        )
        strengths = ", ".join(device["good_at"])
        yield "", (strengths and f"fast formats: {strengths}") if device["usable"] else "cannot be used"
        yield "", device["images_per_second"] and f"trains {device['images_per_second']:,.0f} images/s ({TRAINED})"
    for name, fact in facts["window"].items():
        yield name, "; ".join(fact) if isinstance(fact, list) else str(fact)
    for folder in facts["folders"]:
        yield folder["name"].capitalize(), f"{size_text(folder['free'])} free at {folder['path']}"
        yield from (("", f"{size_text(bytes)} of {name}") for name, bytes in folder["parts"].items())
        yield "", folder["limit"] and f"at most {size_text(folder['limit'])} of datasets"


def _memory(device: Facts) -> str:
    return Device("", "", device["free_memory"], device["total_memory"]).memory


def _program() -> dict[str, str]:
    import psutil
    import torch

    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    processor = str(known.get("cpu_name") or platform.processor() or platform.machine())
    cores, threads = psutil.cpu_count(logical=False) or "?", psutil.cpu_count() or "?"
    level = torch.backends.cpu.get_cpu_capability()
    return {
        "Program": f"GAN Studio {__version__}",
        "Python": f"{platform.python_version()}, {platform.python_implementation()}, {platform.machine()}",
        "System": platform.platform(),
        "Processor": f"{processor}, {cores} cores, {threads} threads, {level}",
        "Environment": ", ".join(f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ),
    }


def _pytorch() -> Facts:
    import torch

    return {
        "version": torch.__version__,
        "torchvision": _version("torchvision"),
        "build": _build(),
        "architectures": torch.cuda.get_arch_list() or getattr(torch.xpu, "get_arch_list", list)(),
    }


def _build() -> str:
    """Returns the platform of the PyTorch build."""
    import torch

    if torch.version.hip:
        return f"ROCm {torch.version.hip}"
    if torch.version.cuda:
        return f"CUDA {torch.version.cuda}"
    if xpu := getattr(torch.version, "xpu", None):
        return f"XPU {xpu}"
    return "Metal" if torch.backends.mps.is_built() else "CPU only"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _device(device: Device, trial: DeviceTrial | None) -> Facts:
    facts = asdict(device)
    del facts["trouble"]
    return {**facts, "usable": device.trouble is None, "images_per_second": trial.rate if trial else 0.0}


def _folders() -> list[Facts]:
    """Returns the large folders of the program, with free space and sizes of their parts."""
    cache, runs = cache_folder().parent, runs_folder()
    most = 0
    with suppress(UserError):  # an invalid limit is reported where it is used
        most = limit()
    parts = {name: _taken(cache / name) for name in sorted(_names(cache))}
    return [
        {"name": "cache", "path": str(cache), "free": _free(cache), "parts": parts, "limit": most},
        {"name": "runs", "path": str(runs), "free": _free(runs), "parts": {}, "limit": 0},
    ]


def _free(path: Path) -> int:
    """Returns the free bytes on the disk of a folder, which need not exist yet; 0 if unknown."""
    for folder in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return 0


def _names(folder: Path) -> Iterable[str]:
    with suppress(OSError):
        return [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return []


def _taken(folder: Path) -> int:
    """Returns the total size in bytes of the files below a folder; deleted ones are skipped."""
    taken = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                taken += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 (there may be a million)
    return taken


def _troubles(
    devices: Iterable[Device], trials: Mapping[str, DeviceTrial], folders: Iterable[Facts]
) -> Iterator[Trouble]:
    yield from (device.trouble for device in devices if device.trouble)
    for name, trial in trials.items():
        if trial.problem:
            what = f"Training on {name} failed: {trial.problem}"
            if name == "cpu":
                yield Trouble(what, "Reinstall PyTorch", install_command())
            else:
                remedy = "Update its driver, and train on the CPU until then"
                yield Trouble(what, remedy, "gan-studio train sample:digits --out run --device cpu")
    for folder in folders:
        if folder["free"] < LITTLE_DISK:
            what = f"Only {size_text(folder['free'])} are free at {folder['path']}."
            if folder["name"] == "cache":
                yield Trouble(what, "Free disk space, or delete the prepared datasets", "gan-studio cache --clear")
            else:
                verb = "set" if sys.platform == "win32" else "export"
                yield Trouble(what, "Free disk space, or use another folder for runs", f"{verb} GAN_STUDIO_RUNS=FOLDER")


def _anonymous(value: Any) -> Any:
    """Returns the facts without the user's name and home folder."""
    if isinstance(value, dict):
        return {key: _anonymous(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_anonymous(each) for each in value]
    return anonymous(value) if isinstance(value, str) else value
