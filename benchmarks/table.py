"""Table of measurements on the terminal, with a description of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    return f"{platform.system()}, {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def row(what: str, measured: str, target: str = "") -> None:
    print(f"{what:<56} {measured:<28} {target}".rstrip(), flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
