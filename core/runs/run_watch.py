"""Watching a run that another process trains: its reports, sample grids and checkpoints as they come.

Nothing is written into the run, and only what is new is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from core.errors import UserError
from core.events import Event, Measured, Report, Saved
from core.runs.jsonl_log import LogReplacedError, with_known_keys
from core.runs.report_table import REQUIRED
from core.runs.run import Run, edit_of, report_of
from core.runs.run_lock import Owner, OwnerWatch

POLL_SECONDS, LONGEST_POLL, SLOWER = 1.0, 5.0, 1.5
"""From one look to the next: at first, at most, and how many times as long after each that finds nothing."""
SHARE = 0.05
"""The part of its time at most that looking takes, however slow the drive is."""
TURN_SECONDS = 0.1
"""Whoever pulls the events gets a turn so often."""


@dataclass(frozen=True)
class Owned(Event):
    """Another process trains in the run from now on."""

    owner: Owner


@dataclass(frozen=True)
class Drawn(Event):
    """A sample grid is complete on disk."""

    path: Path
    step: int


@dataclass(frozen=True)
class Replaced(Event):
    """The training went back to an earlier step: reports after it do not hold any more, and the run has to be read
    anew."""


@dataclass(frozen=True)
class Waiting(Event):
    """Nothing is new; the time for whoever pulls the events to do something else."""


def watch(run: Run, end: int | None = None, edits_end: int | None = None) -> Generator[Event, None, Path | None]:
    """Yields what another process adds to a run, until it ends: `Owned`, `Report`, `Measured`, `Edited`, `Drawn`,
    `Saved` for a newer checkpoint, `Replaced`, and `Waiting` several times a second.

    `end` and `edits_end`: how many bytes of the reports, and of the changes of settings, have been read already; None:
    those that are there now. Returns the newest checkpoint that is whole, when nobody trains in the run any more; None
    where there is none.
    """
    watch, reader = OwnerWatch(run.folder), _Reader(run, end, edits_end)
    last: Owner | None = None
    pause = POLL_SECONDS
    while True:
        began, is_new = monotonic(), False
        owner = watch.owner()  # before the files: what it wrote at last is read as well
        if owner is not None and owner != last:
            last = owner
            yield Owned(owner)
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
    """Reads what is new in a run's folder. A drive that does not answer is asked again at the next look."""

    def __init__(self, run: Run, end: int | None, edits_end: int | None) -> None:
        self._run = run
        self._reports, self._edits = run.report_tail(end), run.edit_tail(edits_end)
        self._keys = set(REQUIRED)
        self._grid = self._checkpoint = None
        if end is None:  # else the newest of them may have come since the reports were read
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
    """A report as the training told it: what was measured is no report of steps."""
    if report.of_steps or not report.stats:
        return report
    return Measured(report.step, report.images, report.seconds, report.stats)


def _last(paths: list[Path]) -> Path | None:
    return paths[-1] if paths else None


def _newest(run: Run) -> Path | None:
    with suppress(UserError):
        return run.newest()
    return None
