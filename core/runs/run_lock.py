"""Lock of a run: one process at a time trains in it.

The file names its owner. On the same machine an owner that is gone is noticed at once. Where another process may have
its number, and on another machine over a network drive or in another container, the owner's pulse tells: the file's
time, which it renews. An owner that was suspended for longer than that notices that it has lost the run.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread
from types import TracebackType

import psutil

from core.data.names import content
from core.durable_write import flush, flush_folder, unwritable
from core.errors import FOREIGN_ERRORS, UserError

NAME = "lock.json"
PULSE_SECONDS = 20.0
SILENT_SECONDS = 120.0
"""An owner on another machine whose pulse is older has crashed."""
BOOT, NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
"""Where Linux tells one start of one machine, and one container's numbers of processes, from all others."""
SAME_START = 1.0
"""Seconds by which the same process's start may differ between two readings."""


@dataclass(frozen=True)
class Owner:
    """The process that trains in a run. `started`: its start and `since` the lock's, in seconds since 1970. `machine`:
    where process numbers mean the same; names of hosts may be alike."""

    host: str
    machine: str
    process: int
    started: float
    since: float
    token: str

    @classmethod
    def here(cls) -> Owner:
        """Returns this process as an owner from now on."""
        started = psutil.Process().create_time()
        return cls(socket.gethostname(), _machine(), os.getpid(), started, datetime.now().timestamp(), token_hex(8))


class RunLock:
    """Context in which nobody else trains in the run."""

    def __init__(self, folder: Path) -> None:
        self._file, self._owner = folder / NAME, Owner.here()
        self._over, self._is_lost, self._checked = Event(), False, time.time()
        self._pulse = Thread(target=self._beat, name="pulse of a run", daemon=True)

    def __enter__(self) -> RunLock:
        """Raises `UserError` where another process trains in the run, or its folder cannot be written to."""
        try:
            while not self._taken():
                judged = _read(self._file)
                if other := alive(self._file):
                    raise _busy(self._file.parent, other)
                self._remove(judged)
        except OSError as error:
            raise unwritable(self._file, error) from error
        self._pulse.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._pulse.join()
        with suppress(OSError):  # a disk that is gone: the lock is stale when it comes back
            if _read(self._file) == self._owner:
                self._file.unlink()

    def is_lost(self) -> bool:
        """Returns whether another process has taken the run over, because this one was suspended for too long."""
        if time.time() - self._checked > SILENT_SECONDS / 2:  # suspended just now: the pulse may not have come yet
            self._check()
        return self._is_lost

    def _remove(self, judged: Owner | None) -> None:
        """Takes a stale lock away, unless another process has taken it over in this very moment."""
        stale = self._file.with_name(f".{self._owner.token}.stale")
        with suppress(FileNotFoundError):  # another process was faster
            self._file.replace(stale)
            if (found := _read(stale)) != judged and found is not None:
                with suppress(OSError):  # a third one was faster, or the drive has no links: its owner notices
                    os.link(stale, self._file)
        stale.unlink(missing_ok=True)

    def _taken(self) -> bool:
        try:
            with self._file.open("x", encoding="utf-8") as file:
                json.dump(asdict(self._owner), file)
        except FileExistsError:
            return False
        # After a power cut an empty lock would name nobody, and hold until its pulse has been silent for long.
        flush(self._file)
        flush_folder(self._file.parent)
        return True

    def _beat(self) -> None:
        while not self._over.wait(PULSE_SECONDS):
            self._check()

    def _check(self) -> None:
        """Renews the pulse, if the run is still ours."""
        self._checked = time.time()
        with suppress(OSError):  # tried again at the next one
            found = _read(self._file)
            self._is_lost = self._is_lost or (found is not None and found.token != self._owner.token)
            if found == self._owner:
                _touch(self._file)
            elif found is None:
                self._taken()  # somebody has deleted it


def alive(file: Path) -> Owner | None:
    """Returns the owner of a lock, unless it has crashed. Raises `OSError` where the folder cannot be written to."""
    owner = _read(file)
    if owner is not None and owner.machine == _machine():
        if not psutil.pid_exists(owner.process):
            return None
        if _has_same_start(owner):
            return owner
        # Another process has its number now, or the clock was set, by which starts are told: the pulse decides.
    # The drive's own clock tells the age: those of two machines differ.
    now = file.with_name(f".{token_hex(8)}.partial")
    try:
        now.touch()
        age = now.stat().st_mtime - file.lstat().st_mtime  # a lock is no link
    except FileNotFoundError:
        return None
    finally:
        now.unlink(missing_ok=True)
    if age > SILENT_SECONDS:
        return None
    return owner or Owner("another machine", "", 0, 0.0, file.lstat().st_mtime, "")


def _machine() -> str:
    try:
        return f"{BOOT.read_text('ascii').strip()} {NAMESPACE.readlink()}"
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode():x}"


def _touch(file: Path) -> None:
    """Renews a file's time. By a write, so that the drive's own clock gives it: those of two machines differ."""
    with file.open("r+b") as opened:
        opened.seek(-1, os.SEEK_END)
        opened.write(b"}")


def _has_same_start(owner: Owner) -> bool:
    try:
        return abs(psutil.Process(owner.process).create_time() - owner.started) < SAME_START
    except psutil.Error:  # it has just ended, or is somebody else's
        return False


def _read(file: Path) -> Owner | None:
    """Returns what the file says; None where it is being written, or damaged."""
    with suppress(*FOREIGN_ERRORS):
        owner = Owner(**json.loads(content(file)))
        datetime.fromtimestamp(owner.since)  # as it will be shown
        is_process = isinstance(owner.process, int) and 0 < owner.process < 2**31
        texts = owner.host, owner.machine, owner.token
        if is_process and isinstance(owner.started, float) and all(isinstance(text, str) for text in texts):
            return owner
    return None


def _busy(folder: Path, owner: Owner) -> UserError:
    since = datetime.fromtimestamp(owner.since).strftime("%Y-%m-%d %H:%M")
    remedy = "Watch it there, or train a copy: continue from its checkpoint in another folder."
    if owner.machine != _machine():
        remedy += f" If that process has crashed, try again in {SILENT_SECONDS / 60:g} minutes."
    return UserError(
        f"{folder.name} has been training in another process since {since} (process {owner.process} on {owner.host}).",
        remedy,
        str(folder / NAME),
    )
