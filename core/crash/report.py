"""Crash reports on the disk: writes one for an exception or a fault, and lists them."""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.crash.anonymous import anonymous

MOST_REPORTS = 20
"""Reports that are kept; the oldest are deleted."""
LONGEST = 200_000
"""Characters of a report; a recursion without end would fill many more."""
PACKAGES = ("torch", "torchvision", "numpy", "pillow", "PySide6-Essentials", "pyqtgraph")
NAME = re.compile(r"(command|window|fault)-(\d{8}-\d{6}-\d{6})\.txt")
"""Whole name of a report: what crashed, and when (UTC, down to microseconds)."""


def reports_folder() -> Path:
    """Returns the folder of all crash reports, below the user's log folder. It may not exist yet."""
    from platformdirs import user_log_path

    return user_log_path("gan-studio", appauthor=False) / "crashes"


def exception_text(error: BaseException, place: str) -> str:
    """Returns the report of an exception: versions, the place where it was raised, and the traceback; anonymous."""
    return _text(f"an exception in {place}", _traceback(error))


def write_exception(error: BaseException, place: str) -> Path | None:
    """Writes the report of an exception. Returns its file, or None where it cannot be written."""
    kind = "window" if "studio.main_window" in sys.modules else "command"
    return write(kind, exception_text(error, place))


def write_fault(stacks: str) -> Path | None:
    """Writes the report of a fault in a library, from the stacks that `faulthandler` left. Returns its file, or None
    where it cannot be written."""
    return write("fault", _text("a fault in a library, which ended the program", stacks))


def write(kind: str, text: str) -> Path | None:
    """Writes a report of `kind` (command, window, fault), and deletes the oldest ones. Returns its file, or None where
    it cannot be written."""
    file = reports_folder() / f"{kind}-{now()}.txt"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", errors="backslashreplace") as opened:
            opened.write(text)
        for old in reports()[:-MOST_REPORTS]:
            old.unlink()
    except OSError:
        return file if file.exists() else None
    return file


def reports() -> list[Path]:
    """Returns every crash report, the newest last."""
    try:
        found = [file for file in reports_folder().iterdir() if NAME.fullmatch(file.name)]
    except OSError:
        return []
    return sorted(found, key=lambda file: time_of(file.name))


def now() -> str:
    """Returns the present time as it stands in a report's name."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def time_of(name: str) -> str:
    """Returns when a report was written, as text that sorts by time; empty for another file's name."""
    match = NAME.fullmatch(name)
    return match[2] if match else ""


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception as another:  # an exception may fail to describe itself
        return f"{type(error).__name__} (no traceback: {type(another).__name__})"


def _text(what: str, traces: str) -> str:
    facts = {
        "Program": f"GAN Studio {__version__}",
        "Time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "What": what,
        "Python": f"{platform.python_version()}, {platform.python_implementation()}, {platform.machine()}",
        "System": platform.platform(),
        "Packages": ", ".join(_versions()),
    }
    head = "".join(f"{name}: {fact}\n" for name, fact in facts.items())
    if len(traces) > LONGEST:
        traces = f"{traces[: LONGEST // 2]}\n...\n{traces[-LONGEST // 2 :]}"
    return anonymous(f"Crash report\n\n{head}\n{_without_program_folder(traces)}")


def _without_program_folder(traces: str) -> str:
    """Returns tracebacks whose files are named from the folder of packages on: where that lies may tell a name."""
    folders = {str(Path(__file__).parents[2]), sys.prefix, sys.base_prefix}
    for folder in sorted(folders, key=len, reverse=True):
        if len(Path(folder).parts) > 2:  # system folders such as /usr stay as they are
            traces = traces.replace(folder + os.sep, f"...{os.sep}")
    return traces


def _versions() -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return found
