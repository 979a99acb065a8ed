"""Builds of PyTorch: GPUs and drivers that each supports, and the command to install another. Imports no torch."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

LEAST_DRIVER = {11: ("450.80.02", "452.39"), 12: ("525.60.13", "528.33"), 13: ("580.65.06", "580")}
"""Oldest NVIDIA driver for each major version of CUDA, on Linux and on Windows. It runs all minor versions (NVIDIA's
minor version compatibility), because PyTorch's wheels contain machine code for each GPU they name."""
OLD_BACKEND, OLDEST = "cu126", (5, 0)
"""Newest CUDA whose compiler supports GPUs below compute capability 7.5, and the lowest capability of its wheels."""


def least_driver(cuda: str) -> str:
    """Returns the oldest driver version for builds with this version of CUDA (`13.2`); empty if unknown."""
    linux, windows = LEAST_DRIVER.get(_numbers(cuda)[0], ("", "")) if _numbers(cuda) else ("", "")
    return windows if sys.platform == "win32" else linux


def is_older(version: str, least: str) -> bool:
    """Returns whether a driver version is below another; False if either is unknown."""
    return bool(_numbers(version) and _numbers(least) and _numbers(version) < _numbers(least))


def runs_on(architectures: Iterable[str], capability: tuple[int, int]) -> bool:
    """Returns whether a build with these architectures (`sm_80`, `compute_90`) has kernels for a compute capability.

    Machine code (`sm_`) runs on the same major version with the same or a higher minor version, intermediate code
    (`compute_`) on everything newer; the suffix `a` means exactly this GPU, `f` its family. A build that names no
    architectures is assumed to fit.
    """
    known = [found for found in map(_architecture, architectures) if found]
    return not known or any(_runs(*each, capability) for each in known)


def capabilities(architectures: Iterable[str]) -> list[tuple[int, int]]:
    """Returns the compute capabilities of architectures, lowest first."""
    return sorted({found[1] for found in map(_architecture, architectures) if found})


def fitting_backend(capability: tuple[int, int], architectures: Iterable[str]) -> str:
    """Returns uv's name of a torch backend with kernels for a compute capability; empty if there is none."""
    known = capabilities(architectures)
    if known and capability > known[0]:
        return "auto"
    return OLD_BACKEND if capability >= OLDEST else ""


def install_command(backend: str = "auto") -> str:
    """Returns the command that installs another build of PyTorch in this environment. `auto`: to fit the driver.

    It reinstalls both packages, because uv would accept another build of the same version.
    """
    uv = Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
    python = _quoted(sys.executable)
    if uv.exists():
        start = _quoted(str(uv))
    elif shutil.which("uv"):
        start = "uv"
    else:
        start = f"{python} -m pip install uv && {python} -m uv"
    again = "--reinstall-package torch --reinstall-package torchvision"
    return f"{start} pip install --python {python} --torch-backend={backend} {again} torch torchvision"


def _architecture(text: str) -> tuple[str, tuple[int, int], str] | None:
    """Returns kind, capability and suffix of an architecture such as `sm_90a`; None if it cannot be parsed."""
    found = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", text)
    return (found[1], (int(found[2]), int(found[3])), found[4]) if found else None


def _runs(kind: str, made_for: tuple[int, int], suffix: str, capability: tuple[int, int]) -> bool:
    if suffix == "a":
        return capability == made_for
    if kind == "compute" and not suffix:
        return capability >= made_for
    return capability[0] == made_for[0] and capability[1] >= made_for[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _quoted(path: str) -> str:
    """Returns a path quoted for a shell, with `~` for the home folder if the shell expands it."""
    if sys.platform == "win32":
        return f'"{path}"' if " " in path else path
    home = str(Path.home())
    return f"~/{shlex.quote(path[len(home) + 1 :])}" if path.startswith(f"{home}/") else shlex.quote(path)
