"""Service that reads a run in a thread: first a summary, then every report."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from core.data.builtin import toys
from core.diagnosis.case import RunFacts
from core.diagnosis.report_history import OLDER, RECENT, ReportHistory
from core.errors import UserError
from core.events import Event, Points, Progress, Report, Samples
from core.language import _
from studio.background.newest_task import NewestTask
from studio.background.threads import IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.history import History, ReportRows
from studio.model.train import OpenedRun

if TYPE_CHECKING:
    from core.checkpoint import Summary
    from core.config.settings import Settings
    from core.runs.report_table import ReportTable
    from core.runs.run import Run

FIRST_PAINT_MS = 1500
"""Time in ms that the first paint has the processor to itself; the rest takes many seconds anyway."""
MOST_TRIES = 20
"""Sample grids to try, newest first; if all are damaged, the checkpoint's preview is shown."""
DRAWN = ("Loss/", "Score/")
"""Key prefixes of the curves shown as soon as a run is open."""


class RunLoader(QObject):
    """Reads one run at a time; a newer one replaces it. Read errors are the workers' `problem`."""

    progressed = Signal(object)
    """A `Progress`."""
    opened = Signal(object)
    """An `OpenedRun` to show."""
    replayed = Signal(object)
    """The complete `History`, if `opened` came with a thinned one."""
    ended = Signal()
    """Reading has ended."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_replaying = False
        """Tells whether only some reports of the open run have been read."""
        self.opening = ""
        """Folder of a run being read that is not shown yet."""
        self.end: int | None = None
        """Bytes of the open run's reports read so far; None while reading, or after it was canceled."""
        self._task = NewestTask(workers)
        self._thread: IteratorThread | None = None

    def open(self, folder: Path) -> None:
        """Reads a run folder, replacing one that is still being read."""
        self.opening = str(folder)
        self._thread = self._task.start(lambda: read_run(folder), self._show, self._finish, self._end)

    def adopt(self, thread: IteratorThread, folder: Path) -> None:
        """Takes over a thread that runs `read_run` already."""
        self._thread, self.opening = thread, str(folder)
        self._task.adopt(thread, self._show, self._finish, self._end)

    def cancel(self) -> None:
        """Stops reading; the reports read so far stay on screen."""
        self._task.cancel()

    def _show(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, OpenedRun):
            self.opening, self.end = "", None
            self.is_replaying = not event.complete
            if self.is_replaying and self._thread is not None:
                self._thread.pause()
                QTimer.singleShot(FIRST_PAINT_MS, self._thread, self._thread.resume)
            self.opened.emit(event)

    def _finish(self, whole: WholeRun) -> None:
        self.end = whole.end
        if self.is_replaying:
            self.is_replaying = False
            self.replayed.emit(whole.history)

    def _end(self) -> None:
        self._thread, self.is_replaying, self.opening = None, False, ""
        self.ended.emit()


class WholeRun(NamedTuple):
    """All reports of a run: the first `end` bytes of their file."""

    history: History
    end: int


def read_run(folder: Path) -> Generator[Progress | OpenedRun, None, WholeRun]:
    """Reads a run; yields `Progress` and one `OpenedRun` as soon as there is enough to show, and returns the complete
    run. Raises `UserError` if the run cannot be continued."""
    from core.checkpoint import summary
    from core.runs.run import Run

    yield Progress(_("Opening run"), 0, 0)
    run = Run(folder)
    newest = summary(run.newest())
    reader = run.table_reader()
    thinned = reader.thinned()
    if thinned is not None:
        yield _opened(run, newest, thinned)
        return WholeRun(_history((yield from reader.read())), reader.end)
    opened = _opened(run, newest, (yield from reader.read()))
    yield opened
    return WholeRun(opened.history, reader.end)


def read_samples(path: Path, settings: Settings, classes: Sequence[str]) -> Samples:
    """Reads a sample grid of a run. Raises `UserError`."""
    from core.runs.sample_grid import GridColumns, read_tiles

    columns = GridColumns.of(settings, classes)
    return Samples(int(path.stem), read_tiles(path, settings.size, columns.count), columns.titles, columns.generated)


def read_points(checkpoint: Path, dataset: str) -> Points:
    """Reads the game of points stored in a checkpoint. Raises `UserError`."""
    import_torch()
    from core.checkpoint import load
    from core.monitoring.playground import checkpoint_snapshot

    return checkpoint_snapshot(load(checkpoint), toys.dataset(dataset))


def _opened(run: Run, newest: Summary, table: ReportTable) -> OpenedRun:
    from core.runs.run_lock import OwnerWatch

    meta, edits_end = newest.meta, run.edits_end()
    has_points = meta.settings.points and toys.opens(meta.dataset)
    return OpenedRun(
        run.folder,
        meta.settings,
        meta.dataset,
        meta.step,
        newest.path,
        _history(table),
        table.complete,
        read_points(newest.path, meta.dataset) if has_points else _newest_grid(run, newest),
        meta.classes,
        _report_history(table),
        RunFacts(run.images(), tuple(run.edits()), tuple(run.rewinds())),
        OwnerWatch(run.folder).owner(),
        edits_end,
    )


def _report_history(table: ReportTable) -> ReportHistory:
    """Returns the last reports and some earlier ones, which suffice for a diagnosis."""
    count = len(table.steps)
    rows = [*range(0, max(count - RECENT, 0), max(count // OLDER, 1)), *range(max(count - RECENT, 0), count)]
    history = ReportHistory()
    for row in rows:
        there = np.flatnonzero(np.isfinite(table.values[row]))
        stats = {table.keys[column]: float(table.values[row, column]) for column in there}
        history.append(Report(int(table.steps[row]), 0, float(table.seconds[row]), stats))
    return history


def _history(table: ReportTable) -> History:
    history = History()
    history.add(ReportRows(table.keys, table.steps, table.seconds, table.values))
    history.fold(key for key in table.keys if key.startswith(DRAWN))
    return history


def _newest_grid(run: Run, newest: Summary) -> Samples:
    meta = newest.meta
    for path in reversed(run.samples()[-MOST_TRIES:]):
        with suppress(UserError):  # damaged: try the previous one
            return read_samples(path, meta.settings, meta.classes)
    return Samples(meta.step, newest.preview[None])
