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
from core.formatting import right, size_text
from core.jobs.device_trial import PRESET, RESOLUTION, SECONDS, DeviceTrial, try_device
from core.language import _, in_context, listed, number
from core.runs.run import runs_folder

LITTLE_DISK = 2 * 10**9
"""Free bytes below which the checkpoints of a training may not fit."""
VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "OMP_NUM_THREADS", "PYTORCH_ALLOC_CONF")
"""Environment variables that affect devices."""

TRAINED = f"{PRESET}, {RESOLUTION} px, {SECONDS:.0f} s"
_TITLES = {
    "Program": _("Program"),
    "System": in_context("computer", "System"),
    "Processor": _("Processor"),
    "Environment": _("Environment"),
    "Platform": _("Platform"),
    "Screen": _("Screen"),
    "Scaling": _("Scaling"),
    "cache": _("Cache"),
    "runs": _("Runs"),
}
"""Titles of facts and folders."""
_WORDS = {"CPU only": _("CPU only"), "missing": _("missing"), "none": _("none")}
"""Texts of facts that are words."""

Facts = dict[str, Any]


def examine(window: Mapping[str, Any], quick: bool = False) -> Generator[Progress, None, Facts]:
    """Yields `Progress`; returns facts by name, of types for JSON. Imports torch.

    `window`: facts about the window system by name, possibly with a `trouble`. `quick`: skip the short training on each
    usable device.
    """
    looking = Progress(_("Examining this computer"), 0, 0)
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
    yield from (f"{right(name, 14)}  {text}" for name, text in rows(facts))
    yield ""
    heading = _("Problem")
    for trouble in troubles(facts):
        remedy = _("{remedy}:") if trouble.command else _("{remedy}.")
        yield f"{right(heading, 14)}  {trouble.what}"
        yield f"{'':>14}  {remedy.format(remedy=trouble.remedy)}"
        if trouble.command:
            yield f"{'':>14}  {trouble.command}"
    if not facts["troubles"]:
        yield " " * 16 + _("No problems found.")


def troubles(facts: Facts) -> list[Trouble]:
    """Returns the problems of this computer."""
    return [Trouble(**trouble) for trouble in facts["troubles"]]


def rows(facts: Facts) -> list[tuple[str, str]]:
    """Returns names and texts of all facts except problems; a text without a name belongs to the row above."""
    return [(_TITLES.get(name, name), _WORDS.get(text, text)) for name, text in _rows(facts) if text]


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yields the rows of `rows`, including empty ones."""
    yield from facts["program"].items()
    build = facts["pytorch"]
    made_for, torchvision = (_WORDS.get(build[fact], build[fact]) for fact in ("build", "torchvision"))
    yield "PyTorch", listed([build["version"], made_for, f"torchvision {torchvision}"])
    architectures = ", ".join(build["architectures"])
    yield "", architectures and _("made for {architectures}").format(architectures=architectures)
    for device in facts["devices"]:
        driver = device["driver"] and _("driver {version}").format(version=device["driver"])
        yield device["name"], listed(filter(None, (device["title"], _memory(device), device["architecture"], driver)))
        strengths = ", ".join(device["good_at"])
        fast = strengths and _("fast formats: {formats}").format(formats=strengths)
        yield "", fast if device["usable"] else _("cannot be used")
        if rate := device["images_per_second"]:
            yield "", _("trains {rate} images/s ({training})").format(rate=number(rate), training=TRAINED)
    for name, fact in facts["window"].items():
        yield name, "; ".join(fact) if isinstance(fact, list) else str(fact)
    for folder in facts["folders"]:
        yield folder["name"], _("{size} free at {folder}").format(size=size_text(folder["free"]), folder=folder["path"])
        for name, bytes in folder["parts"].items():
            yield "", _("{size} of {name}").format(size=size_text(bytes), name=name)
        if most := folder["limit"]:
            yield "", _("at most {size} of datasets").format(size=size_text(most))


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
        "Processor": _("{processor}, {cores} cores, {threads} threads, {instructions}").format(
            processor=processor, cores=cores, threads=threads, instructions=level
        ),
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
    for parent, _folders, names in os.walk(folder):
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
            what = _("Training on {device} failed: {problem}").format(device=name, problem=trial.problem)
            if name == "cpu":
                yield Trouble(what, _("Reinstall PyTorch"), install_command())
            else:
                remedy = _("Update its driver, and train on the CPU until then")
                yield Trouble(what, remedy, "gan-studio train sample:digits --out run --device cpu")
    for folder in folders:
        if folder["free"] < LITTLE_DISK:
            free = size_text(folder["free"])
            what = _("Only {size} are free at {folder}.").format(size=free, folder=folder["path"])
            if folder["name"] == "cache":
                yield Trouble(what, _("Free disk space, or delete the prepared datasets"), "gan-studio cache --clear")
            else:
                verb = "set" if sys.platform == "win32" else "export"
                remedy = _("Free disk space, or use another folder for runs")
                yield Trouble(what, remedy, f"{verb} GAN_STUDIO_RUNS=FOLDER")


def _anonymous(value: Any) -> Any:
    """Returns the facts without the user's name and home folder."""
    if isinstance(value, dict):
        return {key: _anonymous(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_anonymous(each) for each in value]
    return anonymous(value) if isinstance(value, str) else value
