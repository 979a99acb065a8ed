"""Lock of a run: only one process at a time trains in it.

The lock file names its owner. A dead owner on the same machine is detected at once. On another machine (network drive),
in another container, or if its process ID may be reused, the heartbeat decides: the modification time of the file,
which the owner renews. An owner that was suspended for longer detects that it has lost the run.

Writers use `alive`, which compares the heartbeat with the clock of the drive. Readers use `OwnerWatch`, which writes
nothing.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread
from types import TracebackType

import psutil

from core.data.names import content
from core.durable_write import flush, flush_folder, unwritable
from core.errors import FOREIGN_ERRORS, RunBusyError
from core.language import _, plural
from core.runs.mirrored import refuse_mirror

NAME = "lock.json"
PULSE_SECONDS = 20.0
SILENT_SECONDS = 120.0
"""Age in seconds from which the heartbeat of an owner on another machine means that it crashed."""
SKEW_SECONDS = 3600.0
"""Maximum difference in seconds between the clocks of two machines. For readers, an older heartbeat means a crash."""
BOOT, NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
"""Files of Linux that identify the boot of a machine and the PID namespace of a container."""
LONGEST_HOST = 60
"""Maximum characters of a host name that are shown."""
SAME_START = 1.0
"""Tolerance in seconds for the start time of the same process."""


@dataclass(frozen=True)
class Owner:
    """Process that trains in a run. `started`: its start, `since`: start of the lock, in seconds since 1970.
    `machine`: identity within which process IDs are unique, as host names may be equal."""

    host: str
    machine: str
    process: int
    started: float
    since: float
    token: str

    @classmethod
    def here(cls) -> Owner:
        """Returns this process as the owner from now on."""
        started = psutil.Process().create_time()
        return cls(socket.gethostname(), _machine(), os.getpid(), started, datetime.now().timestamp(), token_hex(8))

    @property
    def is_here(self) -> bool:
        """True if this process is the owner."""
        return (self.machine, self.process) == (_machine(), os.getpid())

    @property
    def place(self) -> str:
        """Host and start of the training, such as "on atelier since 10:32"."""
        since = datetime.fromtimestamp(self.since)
        is_today = since.date() == datetime.now().date()
        host = "".join(sign for sign in self.host if sign.isprintable())[:LONGEST_HOST]
        return _("on {host} since {time}").format(
            host=host, time=since.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")
        )


class RunLock:
    """Context in which no other process trains in the run."""

    def __init__(self, folder: Path) -> None:
        self._file, self._owner = folder / NAME, Owner.here()
        self._over, self._is_lost, self._checked = Event(), False, time.time()
        self._pulse = Thread(target=self._beat, name="pulse of a run", daemon=True)

    def __enter__(self) -> RunLock:
        """Takes the lock. Raises `RunBusyError` if another process trains in the run, `MirroredRunError` if it is that
        of another machine, and `UserError` if its folder cannot be written to."""
        refuse_mirror(self._file.parent)
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
        with suppress(OSError):  # if the disk is gone, the lock becomes stale
            if _read(self._file) == self._owner:
                self._file.unlink()

    def is_lost(self) -> bool:
        """Returns whether another process has taken over the run because this one was suspended for too long."""
        if time.time() - self._checked > SILENT_SECONDS / 2:  # just resumed: the heartbeat may not have run yet
            self._check()
        return self._is_lost

    def _remove(self, judged: Owner | None) -> None:
        """Removes a stale lock, unless another process has just taken it over."""
        stale = self._file.with_name(f".{self._owner.token}.stale")
        with suppress(FileNotFoundError):  # another process was faster
            self._file.replace(stale)
            if (found := _read(stale)) != judged and found is not None:
                with suppress(OSError):  # a third process was faster, or no links are supported: its owner will notice
                    os.link(stale, self._file)
        stale.unlink(missing_ok=True)

    def _taken(self) -> bool:
        try:
            with self._file.open("x", encoding="utf-8") as file:
                json.dump(asdict(self._owner), file)
        except FileExistsError:
            return False
        # After a power failure, an empty lock would name no owner and hold until its heartbeat is too old.
        flush(self._file)
        flush_folder(self._file.parent)
        return True

    def _beat(self) -> None:
        while not self._over.wait(PULSE_SECONDS):
            self._check()

    def _check(self) -> None:
        """Renews the heartbeat if this process still owns the run."""
        self._checked = time.time()
        with suppress(OSError):  # the next heartbeat tries again
            found = _read(self._file)
            self._is_lost = self._is_lost or (found is not None and found.token != self._owner.token)
            if found == self._owner:
                _touch(self._file)
            elif found is None:
                self._taken()  # the lock was deleted


def alive(file: Path) -> Owner | None:
    """Returns the owner of a lock, unless it has crashed. Raises `OSError` if the folder cannot be written to."""
    owner = _read(file)
    if owner is not None and (lives := _lives(owner)) is not None:
        return owner if lives else None
    # The age is measured by the clock of the drive, because clocks of two machines differ.
    now = file.with_name(f".{token_hex(8)}.partial")
    try:
        now.touch()
        age = now.stat().st_mtime - file.lstat().st_mtime  # not the target of a link
    except FileNotFoundError:
        return None
    finally:
        now.unlink(missing_ok=True)
    if age > SILENT_SECONDS:
        return None
    return owner or _unknown(file.lstat().st_mtime)


def refuse_busy(folder: Path) -> None:
    """Raises `RunBusyError` if another process trains in a run, and `UserError` if its folder cannot be written to."""
    try:
        owner = alive(folder / NAME)
    except OSError as error:
        raise unwritable(folder / NAME, error) from error
    if owner is not None and not owner.is_here:
        raise _busy(folder, owner)


@contextmanager
def write_access(folder: Path) -> Iterator[None]:
    """Context for a short write into a run. No other process can start to train in it meanwhile; this process may be
    training in it. Raises as `refuse_busy` does."""
    owner = _read(folder / NAME)
    if owner is not None and owner.is_here and _lives(owner):
        yield
    else:
        with RunLock(folder):
            yield


class OwnerWatch:
    """Watches, without writing, whether another process trains a run. A heartbeat that is unchanged for
    `SILENT_SECONDS` means that an owner on another machine has crashed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._pulse, self._heard = 0, time.monotonic()

    def owner(self) -> Owner | None:
        """Returns the other process that trains in the run now, or None."""
        owner = _read(self._file)
        if owner is not None and owner.is_here:
            return None
        if owner is not None and (lives := _lives(owner)) is not None:
            return owner if lives else None
        try:
            pulse = self._file.lstat().st_mtime_ns
        except FileNotFoundError:
            return None
        except OSError:  # a network drive that does not answer
            pulse = self._pulse
        if pulse != self._pulse:
            self._pulse, self._heard = pulse, time.monotonic()
        is_old = time.time() - pulse / 1e9 > SILENT_SECONDS + SKEW_SECONDS
        if is_old or time.monotonic() - self._heard > SILENT_SECONDS:
            return None
        return owner or _unknown(pulse / 1e9)


def _lives(owner: Owner) -> bool | None:
    """Returns whether the owner still runs; None if only its heartbeat can tell: on another machine, or if the start
    time of the process differs (reused ID, or changed clock)."""
    if owner.machine != _machine():
        return None
    try:
        process = psutil.Process(owner.process)
        if process.status() == psutil.STATUS_ZOMBIE:  # it has ended, and its parent has not asked how
            return False
        return True if abs(process.create_time() - owner.started) < SAME_START else None
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # another user's process
        return None


def _unknown(since: float) -> Owner:
    """Returns a placeholder for the owner of a lock that is being written or damaged."""
    return Owner(_("another machine"), "", 0, 0.0, since, "")


def _machine() -> str:
    try:
        return f"{BOOT.read_text('ascii').strip()} {NAMESPACE.readlink()}"
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode():x}"


def _touch(file: Path) -> None:
    """Renews the modification time of a file by a write, so that it comes from the clock of the drive."""
    with file.open("r+b") as opened:
        opened.seek(-1, os.SEEK_END)
        opened.write(b"}")


def _read(file: Path) -> Owner | None:
    """Returns the owner in a lock file; None if it is being written or damaged."""
    with suppress(*FOREIGN_ERRORS):
        owner = Owner(**json.loads(content(file)))
        datetime.fromtimestamp(owner.since)  # must be displayable
        is_process = isinstance(owner.process, int) and 0 < owner.process < 2**31
        texts = owner.host, owner.machine, owner.token
        if is_process and isinstance(owner.started, float) and all(isinstance(text, str) for text in texts):
            return owner
    return None


def _busy(folder: Path, owner: Owner) -> RunBusyError:
    hint = plural(
        "If it has crashed, try again in {count} minute.",
        "If it has crashed, try again in {count} minutes.",
        round(SILENT_SECONDS / 60),
    )
    if owner.machine == _machine():
        hint = ""
    return RunBusyError(folder, owner.place, hint, f"Process {owner.process} on {owner.host}\n{folder / NAME}")
