"""Job: the process that trains one entry of the queue, from its lock to its outcome."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core.errors import UserError
from core.events import Event, Finished
from core.jobs.interruption import Interruption
from core.jobs.training_job import TrainingJob
from core.language import _, sentences
from core.queue.entry import State
from core.queue.folder import LOG, Listed, Queue
from core.runs.run import Run, is_run
from core.runs.run_lock import RunLock


def run_entry(queue: Queue, id: str) -> Generator[Event, None, int]:
    """Yields the events of an entry's training; returns the exit code of the process.

    The training is continued if it was interrupted before. A signal saves it and leaves the entry without an outcome,
    so that it goes on later. Raises `RunBusyError` if another process runs the entry.
    """
    with RunLock(queue.entry(id).folder):
        listed = queue.entry(id)
        if listed.outcome is not None:
            return 0
        try:
            return (yield from _trained(queue, listed))
        except UserError as problem:
            queue.end(listed, State.FAILED, str(problem), listed.step)
            return 2
        except Exception:
            traceback.print_exc()
            reason = _("Something went wrong inside GAN Studio.")
            where = _("The details are in {file}.").format(file=listed.folder / LOG)
            queue.end(listed, State.FAILED, sentences(reason, where), listed.step)
            return 1


def newest_checkpoint(out: Path) -> Path | None:
    """Returns the newest checkpoint of a run, None if the run does not exist yet. Raises `UserError` if none can be
    read."""
    return Run(out).newest() if is_run(out) else None


def _trained(queue: Queue, listed: Listed) -> Generator[Event, None, int]:
    entry = listed.entry
    begun = newest_checkpoint(entry.out)
    settings = entry.settings.changed(device=listed.device)
    job = TrainingJob(
        settings,
        entry.source,
        out=entry.out,
        resume=begun or entry.resume,
        given=None if begun or entry.given is None else entry.given | {"device": listed.device},
        on_request=True,
    )
    finished = None
    with closing(job.events()) as events, Interruption() as interruption:
        for event in events:
            yield event
            if isinstance(event, Finished):
                finished = event
            if interruption:
                if job.run:
                    yield job.save_at_end()
                return interruption.exit_code
    assert finished is not None
    queue.end(listed, State.STOPPED if job.is_stopped else State.DONE, finished.reason, finished.step)
    return 0
