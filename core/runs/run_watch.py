"""Watching a run that another process trains: its reports, sample grids and checkpoints as they appear.

Nothing is written into the run, and only new data is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from core.errors import UserError
from core.events import Event, Measured, Report, Saved, Waiting
from core.runs.jsonl_log import LogReplacedError, with_known_keys
from core.runs.report_table import REQUIRED
from core.runs.requests import is_paused, takes_requests
from core.runs.run import Run, edit_of, report_of
from core.runs.run_lock import Owner, OwnerWatch

POLL_SECONDS, LONGEST_POLL, SLOWER = 1.0, 5.0, 1.5
"""Seconds between two polls: initial and maximum, and the factor after each poll without news."""
SHARE = 0.05
"""Maximum fraction of the time spent on polling, for slow drives."""
TURN_SECONDS = 0.1
"""Seconds between two yields."""


@dataclass(frozen=True)
class Owned(Event):
    """Event: another process trains in the run from now on."""

    owner: Owner


@dataclass(frozen=True)
class Steerable(Event):
    """Event: whether the training carries out requests of this process (`core.runs.requests`), and whether it is
    paused."""

    takes_requests: bool
    is_paused: bool


@dataclass(frozen=True)
class Drawn(Event):
    """Event: a sample grid is complete on the disk."""

    path: Path
    step: int


@dataclass(frozen=True)
class Replaced(Event):
    """Event: the training was rewound; later reports are invalid, and the run has to be read again."""


def watch(run: Run, end: int | None = None, edits_end: int | None = None) -> Generator[Event, None, Path | None]:
    """Yields what another process adds to a run, until it ends: `Owned`, `Steerable`, `Report`, `Measured`, `Edited`,
    `Drawn`, `Saved` for a newer checkpoint, `Replaced`, and `Waiting` several times a second.

    `end` and `edits_end`: bytes of the reports and of the settings changes that were already read; None: all present
    ones. Returns the newest undamaged checkpoint when no process trains in the run any more; None if there is none.
    """
    watch, reader = OwnerWatch(run.folder), _Reader(run, end, edits_end)
    last: Owner | None = None
    steerable = Steerable(takes_requests=False, is_paused=False)
    pause = POLL_SECONDS
    while True:
        began, is_new = monotonic(), False
        owner = watch.owner()  # before the files, so that its last writes are read too
        if owner is not None and owner != last:
            last = owner
            yield Owned(owner)
        now = Steerable(takes_requests(run.folder), is_paused(run.folder))
        if owner is not None and now != steerable:
            steerable = now
            yield now
        for event in reader.events():
            is_new = True
            yield event
        if owner is None:
            return _newest(run)
        pause = POLL_SECONDS if is_new else min(SLOWER * pause, LONGEST_POLL)
        until = monotonic() + max(pause, (monotonic() - began) / SHARE)
        while monotonic() < until:
            yield Waiting()
            sleep(TURN_SECONDS)


class _Reader:
    """Reader of new data in a run folder. A drive that does not answer is tried again at the next poll."""

    def __init__(self, run: Run, end: int | None, edits_end: int | None) -> None:
        self._run = run
        self._reports, self._edits = run.report_tail(end), run.edit_tail(edits_end)
        self._keys = set(REQUIRED)
        self._grid = self._checkpoint = None
        if end is None:  # otherwise the newest may have appeared after the reports were read
            self._grid, self._checkpoint = _last(run.samples()), _last(run.checkpoints())
        if edits_end is None:
            with suppress(OSError):
                list(self._edits.read())

    def events(self) -> Iterator[Event]:
        with suppress(OSError):
            try:
                for block in self._reports.read():
                    yield from (_told(report_of(with_known_keys(values, self._keys))) for values in block)
                for block in self._edits.read():
                    yield from (edit for edit in map(edit_of, block) if edit.changes)
            except LogReplacedError:
                yield Replaced()
        with suppress(OSError):
            if (grid := _last(self._run.samples())) is not None and grid != self._grid:
                self._grid = grid
                yield Drawn(grid, int(grid.stem))
            if (checkpoint := _last(self._run.checkpoints())) is not None and checkpoint != self._checkpoint:
                self._checkpoint = checkpoint
                yield Saved(checkpoint, int(checkpoint.stem))


def _told(report: Report) -> Report | Measured:
    """Returns a line of the reports as the event of the training: a report of steps, or a measurement."""
    if report.of_steps or not report.stats:
        return report
    return Measured(report.step, report.images, report.seconds, report.stats)


def _last(paths: list[Path]) -> Path | None:
    return paths[-1] if paths else None


def _newest(run: Run) -> Path | None:
    with suppress(UserError):
        return run.newest()
    return None
