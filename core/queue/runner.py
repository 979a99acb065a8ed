"""Runner of the queue: starts each entry in a process of its own when its device is free.

One process runs a queue, by a lock. The entries' processes outlive it: the next runner finds them by their locks.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.concurrency import own_process
from core.errors import RunBusyError, UserError
from core.events import Event, Waiting
from core.language import _, plural
from core.queue.entry import AUTO, CLUSTER, State
from core.queue.folder import LOG, Listed, Queue
from core.runs.retention import numbered
from core.runs.run_lock import OwnerWatch, RunLock

if TYPE_CHECKING:
    from subprocess import Popen

POLL_SECONDS = 1.0
"""Seconds between two looks at the queue."""
MOST_STARTS = 3
"""Starts without a further checkpoint after which an entry fails."""
RUNNER = "runner"
"""Folder of the runner's lock."""


@dataclass(frozen=True)
class Started(Event):
    """Start of an entry on a device."""

    listed: Listed
    device: str


@dataclass(frozen=True)
class Ended(Event):
    """End of an entry."""

    listed: Listed


def run_queue(queue: Queue, devices: Sequence[str], stay: bool = False) -> Generator[Event, None, None]:
    """Starts entries until none waits or runs. Yields `Started`, `Ended`, and `Waiting` once a second.

    `devices`: names of those that take an entry each, the preferred ones first. `stay`: waits for further entries.
    Raises `RunBusyError` if another process runs the queue, and `UserError` if its folder cannot be written to.
    """
    lock = queue.folder / RUNNER
    lock.mkdir(parents=True, exist_ok=True)
    with RunLock(lock):
        yield from _Runner(queue, devices).events(stay)


def is_served(queue: Queue) -> bool:
    """Returns whether another process runs the queue."""
    return OwnerWatch(queue.folder / RUNNER).owner() is not None


def start_runner(queue: Queue) -> None:
    """Starts a runner in a process of its own, which outlives this one, unless there is one. Raises `UserError`."""
    if is_served(queue):
        return
    queue.folder.mkdir(parents=True, exist_ok=True)
    try:
        with (queue.folder / LOG).open("ab") as log:
            own_process(
                "-m", "core", "queue", "start", "--queue", str(queue.folder), stdout=log, stderr=log, outlives=True
            )
    except OSError as error:
        raise UserError(
            _("The queue could not be started."), _("Start it by gan-studio queue start."), str(error)
        ) from error


class _Runner:
    def __init__(self, queue: Queue, devices: Sequence[str]) -> None:
        self._queue, self._devices = queue, devices
        self._processes: dict[str, Popen[bytes]] = {}
        """Processes of entries that this runner has started, by ID."""

    def events(self, stay: bool) -> Generator[Event, None, None]:
        running: set[str] = set()
        while True:
            for id in [id for id, process in self._processes.items() if process.poll() is not None]:
                del self._processes[id]
            entries = [each for each in self._queue.entries() if each.entry.device != CLUSTER]
            now = {each.id for each in entries if each.state is State.RUNNING or each.id in self._processes}
            yield from (Ended(each) for each in entries if each.id in running - now and each.outcome is not None)
            running = now
            if not self._queue.is_paused:
                yield from self._start(entries)
            running |= self._processes.keys()
            waits = any(each.state is State.WAITING for each in entries) and not self._queue.is_paused
            if not (stay or running or waits):
                return
            yield Waiting()
            time.sleep(POLL_SECONDS)

    def _start(self, entries: Sequence[Listed]) -> Generator[Event, None, None]:
        """Starts the entries whose device is free, in order."""
        taken = {each.device for each in entries if each.state is State.RUNNING or each.id in self._processes}
        free = [device for device in self._devices if device not in taken]
        for listed in entries:
            if listed.state is not State.WAITING or listed.id in self._processes:
                continue
            wanted = listed.entry.device
            device = next((each for each in free if wanted in (AUTO, each)), None)
            if device is None:
                if wanted != AUTO and wanted not in self._devices:
                    yield from self._fail(listed, _missing(wanted))
                continue
            step = _last_step(listed.entry.out)
            starts = listed.starts if step == listed.step else 0
            if starts >= MOST_STARTS:
                yield from self._fail(listed, _lost(listed))
                continue
            free.remove(device)
            self._queue.tell_device(listed, device, starts + 1, step)
            with (listed.folder / LOG).open("ab") as log:
                call = "-m", "core", "queue", "run", listed.id, "--queue", str(self._queue.folder)
                self._processes[listed.id] = own_process(*call, stdout=log, stderr=log, outlives=True)
            yield Started(listed, device)

    def _fail(self, listed: Listed, problem: UserError) -> Generator[Event, None, None]:
        with suppress(RunBusyError), RunLock(listed.folder):
            self._queue.end(listed, State.FAILED, str(problem), listed.step)
        yield Ended(self._queue.entry(listed.id))


def _last_step(out: Path) -> int:
    found = numbered(out / "checkpoints")
    return int(found[-1].stem) if found else 0


def _missing(device: str) -> UserError:
    return UserError(
        _("The device {device} is not there.").format(device=device), _("Choose another device for the entry.")
    )


def _lost(listed: Listed) -> UserError:
    what = plural(
        "Its process ended {count} time without a further checkpoint.",
        "Its process ended {count} times without a further checkpoint.",
        listed.starts,
    )
    remedy = _("Look into {file}, and continue the run by gan-studio train --resume.").format(file=listed.folder / LOG)
    return UserError(what, remedy)
