"""Runner of the queue: starts each entry in a process of its own when its device is free.

One process runs a queue, by a lock. The entries' processes outlive it: the next runner finds them by their locks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from core.concurrency import own_process
from core.config.devices import device_names
from core.errors import RunBusyError, UserError
from core.events import Event, Notice, Waiting
from core.language import _, plural
from core.queue.devices import is_occupied, placed
from core.queue.entry import CLUSTER, State
from core.queue.folder import LOG, Listed, Queue, read, trained_by
from core.queue.job import NO_DEVICE, is_orderly
from core.queue.notify import Message, Notifier
from core.runs.retention import numbered
from core.runs.run_lock import RunLock

if TYPE_CHECKING:
    from subprocess import Popen

POLL_SECONDS = 1.0
"""Seconds between two looks at the queue."""
MOST_DEATHS = 3
"""Deaths of its process without a further checkpoint after which an entry fails."""
TURN_SECONDS = 0.05
"""Seconds between two looks at the processes that were started."""
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


def run_queue(queue: Queue, look: Callable[[], Sequence[str]], stay: bool = False) -> Generator[Event, None, None]:
    """Starts entries until none waits or runs. Yields `Started`, `Ended`, `Notice`, and `Waiting` once a second.

    `look`: returns the names of the devices that take an entry each, the preferred ones first; called again when one
    was lost. `stay`: waits for further entries. Raises `UserError` if another process runs the queue, or its folder
    cannot be written to.
    """
    lock = queue.folder / RUNNER
    try:
        lock.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = _("The queue {folder} cannot be written to.").format(folder=queue.folder)
        raise UserError(what, _("Check its permissions and its disk."), str(error)) from error
    while True:
        with ExitStack() as stack:
            try:
                held = stack.enter_context(RunLock(lock))
            except RunBusyError as busy:
                what = _("The queue is running already ({place}).").format(place=busy.place)
                raise UserError(what, _("Entries that are added start by themselves."), busy.details) from busy
            queue.sweep()
            notifier = stack.enter_context(closing(Notifier(queue.folder)))
            yield from _Runner(queue, look, held, notifier).events(stay)
        if not queue.waits:  # otherwise an entry was added just as this runner ended, which looked as if it would run
            return


def is_served(queue: Queue) -> bool:
    """Returns whether another process runs the queue."""
    return trained_by(queue.folder / RUNNER) is not None


def start_runner(queue: Queue) -> None:
    """Starts a runner in a process of its own, which outlives this one, unless there is one. Raises `UserError`."""
    if is_served(queue):
        return
    try:
        queue.folder.mkdir(parents=True, exist_ok=True)
        with (queue.folder / LOG).open("ab") as log:
            call = "-m", "core", "queue", "start", "--queue", str(queue.folder)
            runner = own_process(*call, stdout=log, stderr=log, outlives=True)
        Thread(target=runner.wait, name="end of the runner", daemon=True).start()  # or it would stay a zombie
    except OSError as error:
        raise UserError(
            _("The queue could not be started."), _("Start it by gan-studio queue start."), str(error)
        ) from error


class _Runner:
    def __init__(self, queue: Queue, look: Callable[[], Sequence[str]], lock: RunLock, notifier: Notifier) -> None:
        self._queue, self._look, self._lock, self._notifier = queue, look, lock, notifier
        self._devices = look()
        self._processes: dict[str, Popen[bytes]] = {}
        """Processes of entries that this runner has started, by ID."""
        self._started: dict[str, Listed] = {}
        """These entries as they were at the start."""

    def events(self, stay: bool) -> Generator[Event, None, None]:
        running: set[str] = set()
        while not self._lock.is_lost():
            self._reap()
            try:
                entries = [each for each in self._queue.entries() if each.entry.device != CLUSTER]
            except UserError as problem:  # a drive that does not answer
                yield Notice(str(problem))
                yield from self._wait()
                continue
            now = {each.id for each in entries if each.state is State.RUNNING or each.id in self._processes}
            yield from (Ended(each) for each in entries if each.id in running - now and each.outcome is not None)
            running = now
            if not self._queue.is_paused:
                yield from self._start(entries)
            running |= self._processes.keys()
            if not (stay or running or self._queue.waits):
                return
            yield from self._wait()

    def _reap(self) -> None:
        """Forgets processes that have ended, and looks for the devices again if one was not there."""
        ended = {id: code for id, process in self._processes.items() if (code := process.poll()) is not None}
        for id, code in ended.items():
            del self._processes[id]
            started = self._started.pop(id)
            if not is_orderly(code):
                self._count_death(started)
        if NO_DEVICE in ended.values():
            self._devices = self._look()

    def _count_death(self, started: Listed) -> None:
        """Counts the death of a process before it could count its start itself."""
        now = read(started.folder)
        if now is not None and now.outcome is None and (now.deaths, now.step) == (started.deaths, started.step):
            with suppress(UserError):  # a full disk: nothing is started until it has space again
                self._queue.tell_device(now, now.device, now.deaths + 1, now.step)

    def _wait(self) -> Generator[Event, None, None]:
        """Waits for the next look at the queue, or for the end of a process."""
        yield Waiting()
        until = time.monotonic() + POLL_SECONDS
        while time.monotonic() < until and all(process.poll() is None for process in self._processes.values()):
            time.sleep(TURN_SECONDS)

    def _start(self, entries: Sequence[Listed]) -> Generator[Event, None, None]:
        """Starts the entries whose device is free, in order."""
        running = (each for each in entries if each.state is State.RUNNING or each.id in self._processes)
        taken = {name for each in running for name in device_names(each.device)}
        free = [
            device for device in self._devices if device not in taken and not is_occupied(self._queue.folder, device)
        ]
        for listed in entries:
            if listed.state is not State.WAITING or listed.id in self._processes:
                continue
            wanted = listed.entry.device
            try:
                if placed(wanted, self._devices, self._devices) is None:
                    yield self._failed(listed, _missing(wanted))
                    continue
                device = placed(wanted, free, self._devices)
                if device is None or trained_by(listed.entry.out) is not None:
                    continue
                step = _last_step(listed.entry.out)
                deaths = listed.deaths if step == listed.step else 0
                if deaths >= MOST_DEATHS:
                    yield self._failed(listed, _lost(listed))
                    continue
                self._started[listed.id] = replace(listed, device=device, deaths=deaths, step=step)
                self._processes[listed.id] = self._process(self._started[listed.id])
            except RunBusyError:
                continue
            except (OSError, UserError) as problem:  # such as a full disk
                yield Notice(str(problem))
                continue
            free = [name for name in free if name not in device_names(device)]
            yield Started(listed, device)

    def _process(self, listed: Listed) -> Popen[bytes]:
        self._queue.tell_device(listed, listed.device, listed.deaths, listed.step)
        with (listed.folder / LOG).open("ab") as log:
            call = "-m", "core", "queue", "run", listed.id, "--queue", str(self._queue.folder)
            return own_process(*call, stdout=log, stderr=log, outlives=True)

    def _failed(self, listed: Listed, problem: UserError) -> Ended:
        with RunLock(listed.folder):
            self._queue.end(listed, State.FAILED, str(problem), listed.step)
        ended = self._queue.entry(listed.id)
        self._notifier.tell(Message.of_end(ended))
        return Ended(ended)


def _last_step(out: Path) -> int:
    found = numbered(out / "checkpoints")
    return int(found[-1].stem) if found else 0


def _missing(device: str) -> UserError:
    return UserError(
        _("The device {device} is not there.").format(device=device),
        _("Add the training again with another device, or retry it when the device is back."),
    )


def _lost(listed: Listed) -> UserError:
    what = plural(
        "Its process ended {count} time without a further checkpoint.",
        "Its process ended {count} times without a further checkpoint.",
        listed.deaths,
    )
    remedy = _("Look into {file}, and let it run again by gan-studio queue retry.").format(file=listed.folder / LOG)
    return UserError(what, remedy)
