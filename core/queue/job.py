"""Job: the process that trains one entry of the queue, from its lock to its outcome."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic

from core.checkpoint import summary
from core.config.devices import device_names
from core.config.settings import Settings
from core.errors import RunBusyError, UserError
from core.events import Edited, Event, Finished
from core.jobs.interruption import Interruption
from core.language import _, sentences
from core.queue.entry import AUTO, State
from core.queue.folder import LOG, Listed, Queue, entry_lock, read, stop_asked
from core.queue.health import Health
from core.queue.notify import Message, Notifier
from core.runs.requests import POLL_SECONDS
from core.runs.run import Run, is_run, refuse_taken
from core.runs.run_lock import RunLock

BUSY, NO_DEVICE = 3, 4
"""Exit codes of a process that did not train, and leaves the entry waiting: another one trains in the run, or the
device is not there."""
SIGNALED = range(129, 160)
"""Exit codes after a signal that let the process save the training."""


def is_orderly(code: int) -> bool:
    """Returns whether a process with this exit code ended by itself, and did not die."""
    return code in (0, 2, BUSY, NO_DEVICE) or code in SIGNALED


def run_entry(queue: Queue, id: str) -> Generator[Event, None, int]:
    """Yields the events of an entry's training; returns the exit code of the process.

    The training is continued if it was interrupted before. A signal saves it and leaves the entry without an outcome,
    so that it goes on later. Raises `RunBusyError` if another process runs the entry.
    """
    folder = queue.entry(id).folder
    with closing(Notifier(queue.folder)) as notifier:
        with entry_lock(folder) as lock:
            listed = queue.entry(id)
            if listed.outcome is not None:
                return 0
            with _counted(queue, listed, lock):
                code = yield from _to_its_end(queue, listed, lock, notifier)
        ended = read(folder)
        if ended is not None and ended.outcome is not None:
            notifier.tell(Message.of_end(ended))
        return code


@contextmanager
def _counted(queue: Queue, listed: Listed, lock: RunLock) -> Iterator[None]:
    """Context of a process that trains an entry. Counts a death of the entry, unless the process leaves it."""
    queue.tell_device(listed, listed.device, listed.deaths + 1, listed.step)
    try:
        yield
    finally:
        if not lock.is_lost():
            with suppress(UserError):  # a full disk must not hide how the training ended
                queue.tell_device(listed, listed.device, listed.deaths, listed.step)


def _to_its_end(queue: Queue, listed: Listed, lock: RunLock, notifier: Notifier) -> Generator[Event, None, int]:
    try:
        return (yield from _Job(queue, listed, notifier).events())
    except RunBusyError as busy:
        print(busy, flush=True)
        return BUSY
    except Exception as error:
        traceback.print_exc()
        if lock.is_lost():  # it is another process's entry now
            return BUSY
        queue.end(listed, State.FAILED, _reason(error, listed.folder / LOG), listed.step)
        return 2


def _reason(error: Exception, log: Path) -> str:
    if isinstance(error, UserError):
        return str(error)
    details = _("The details are in {file}.").format(file=log)
    return sentences(_("Something went wrong inside GAN Studio."), details)


class _Job:
    """Training of one entry in this process."""

    def __init__(self, queue: Queue, listed: Listed, notifier: Notifier) -> None:
        self._queue, self._listed, self._notifier = queue, listed, notifier
        self._next_look = 0.0

    def events(self) -> Generator[Event, None, int]:
        if self._is_stop_asked():
            return self._stopped(self._listed.step)
        from core.devices import use  # imports torch, once the lock shows that the entry runs
        from core.jobs.training_job import TrainingJob

        entry, device = self._listed.entry, self._listed.device
        try:
            use(device_names(device)[0])
        except UserError as problem:
            if entry.device != AUTO:
                raise
            print(problem, flush=True)
            return NO_DEVICE
        begun, settings, given = self._beginning()
        job = TrainingJob(
            settings, entry.source, out=entry.out, resume=begun or entry.resume, given=given, on_request=True
        )
        health: Health | None = None
        finished: Finished | None = None
        with closing(job.events()) as events, Interruption() as interruption:
            for event in events:
                yield event
                if job.run is not None and health is None:
                    health = Health(job.run)
                    self._tell_settings(job.settings)
                if isinstance(event, Edited):
                    self._tell_settings(job.settings)
                if health is not None:
                    self._tell_findings(health, event, job.settings)
                if interruption:
                    if job.run:
                        yield job.save_at_end()
                    return interruption.exit_code
                if isinstance(event, Finished):
                    finished = event
                elif finished is None and self._is_stop_asked():
                    if job.run:
                        yield job.save_at_end()
                    return self._stopped(job.trainer.step if job.trainer else self._listed.step)
        assert finished is not None
        state = State.STOPPED if job.is_stopped else State.DONE
        self._queue.end(self._listed, state, finished.reason, finished.step)
        return 0

    def _beginning(self) -> tuple[Path | None, Settings, dict[str, object] | None]:
        """Returns the checkpoint to continue from, None for a new run, and the settings as for `TrainingJob`.

        Raises `UserError` if the folder belongs to another run.
        """
        entry, device = self._listed.entry, self._listed.device
        if not entry.begun:
            refuse_taken(entry.out)
            self._queue.tell_begun(self._listed)  # before the run, so that no crash leaves a run that looks foreign
        settings = entry.settings.changed(device=device)
        if not is_run(entry.out):
            return None, settings, None if entry.given is None else entry.given | {"device": device}
        newest = Run(entry.out).newest()
        if entry.given is not None:  # the run began, and the process ended before it could tell
            settings = summary(newest).meta.settings.changed(device=device)
        return newest, settings, None

    def _tell_settings(self, settings: Settings) -> None:
        with suppress(UserError):  # a full disk must not end the training; the checkpoints have the settings, too
            self._queue.tell_begun(self._listed, settings)

    def _tell_findings(self, health: Health, event: Event, settings: Settings) -> None:
        try:
            for found in health.new_findings(event, settings):
                self._notifier.tell(Message.of_finding(self._listed, found))
        except Exception:  # no diagnosis may end a training
            traceback.print_exc()

    def _is_stop_asked(self) -> bool:
        if monotonic() < self._next_look:
            return False
        self._next_look = monotonic() + POLL_SECONDS
        return stop_asked(self._listed.folder)

    def _stopped(self, step: int) -> int:
        self._queue.end(self._listed, State.STOPPED, _("Stopped on request."), step)
        return 0
