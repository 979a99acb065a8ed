"""Faults at a chosen file operation of Python's: the process is killed there, or the disk refuses.

Python tells an audit hook of every operation before it happens (PEP 578), and an error that the hook raises takes the
operation's place. What libraries in other languages do in between is not told; they have their own tests with a disk
that is really full.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any, Literal

Fault = Literal["kill", "EIO", "ENOSPC", "none"]
OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.scandir"}
OPERATIONS |= {"os.fsync"} if sys.platform == "linux" else set()


def meet(kind: Fault, number: int, folder: str, count: str) -> None:
    """From now on this process meets a fault at the `number`th operation within a folder.

    The file `count` holds a byte for each operation so far.
    """
    sys.modules["core.cli.commands.training"].RETRY_SECONDS = 0.05  # type: ignore[attr-defined]
    counter = os.open(count, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    met = 0

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal met
        if event not in OPERATIONS or not str(arguments[0]).startswith(folder):
            return
        met += 1
        os.write(counter, b".")
        if met != number or kind == "none":
            return
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        code = getattr(errno, kind)
        raise OSError(code, os.strerror(code))

    synced = os.fsync

    def sync(descriptor: Any) -> None:
        """Reports a synced file, for which Python has no audit event."""
        hear("os.fsync", (Path(f"/proc/self/fd/{descriptor}").readlink(),))
        synced(descriptor)

    os.fsync = sync  # type: ignore[assignment]
    sys.addaudithook(hear)


def fault(kind: Fault, number: int, folder: Path, count: Path) -> dict[str, Any]:
    """Returns the arguments of `meet`."""
    return {"kind": kind, "number": number, "folder": str(folder), "count": str(count)}
