"""Service that reads two runs to compare, in threads: the list of runs, their numbers and samples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.language import _, number
from core.runs.overview import Overview, read_overview
from studio.background.newest_task import NewestTask
from studio.background.threads import Events, LatestThread, as_problem
from studio.background.workers import Workers
from studio.model.train import Grid
from studio.services.train.checkpoint_list import read_runs

CELLS = 2000
"""Points of a curve: about one per pixel of a wide window."""


class RunComparison(QObject):
    """Reads runs for the sides "A" and "B". Emits every signal in the GUI thread; a newer request replaces an older one
    of the same side."""

    runs_listed = Signal(object)
    """`CheckpointRows`, one for each run."""
    progressed = Signal(object)
    """A `Progress`; None when reading has ended."""
    run_read = Signal(str, object)
    """A side and its `Overview`."""
    refused = Signal(str, object)
    """A side, or "" for the list, and the `UserError`."""
    grid_read = Signal(str, object)
    """A side and its `Grid`, or its `UserError`."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = {what: NewestTask(workers) for what in ("", "A", "B")}
        self._grids: LatestThread | None = None

    def list_runs(self, folder: Path) -> None:
        """Lists the runs of a folder, as `runs_listed`."""
        self._read("", read_runs(folder), self.runs_listed.emit)

    def open(self, side: str, folder: Path) -> None:
        """Reads a run, as `run_read`."""
        self._read(side, read_overview(folder, CELLS), partial(self.run_read.emit, side))

    def show_grid(self, side: str, run: Overview, step: int, path: Path) -> None:
        """Decodes a sample grid, as `grid_read`."""
        if self._grids is None:
            self._grids = LatestThread(self)
            self._grids.start()
        self._grids.ask(side, partial(_decoded, run, step, path), partial(self.grid_read.emit, side))

    def close(self) -> None:
        """Stops all reading."""
        for task in self._tasks.values():
            task.drop()
        if self._grids is not None:
            self._grids.stop()
            self._grids.wait()
            self._grids.deleteLater()
            self._grids = None

    def _read(self, what: str, events: Events, show: Callable[[Any], object]) -> None:
        def done(result: object) -> None:
            if isinstance(result, UserError):
                self.refused.emit(what, result)
            else:
                show(result)

        self._tasks[what].start(lambda: _guarded(events), self.progressed.emit, done, self._end)

    def _end(self) -> None:
        if not any(task.is_running for task in self._tasks.values()):
            self.progressed.emit(None)


# In threads


def _guarded(events: Events) -> Events:
    """Returns the result of the events, or the error, which is shown in the comparison itself."""
    try:
        with closing(events):
            return (yield from events)
    except Exception as error:
        return as_problem(error)


def _decoded(run: Overview, step: int, path: Path) -> Grid | UserError:
    from core.imaging.grid import tiles
    from core.runs.sample_grid import GridColumns, read_pixels

    try:
        whole = read_pixels(path)
    except UserError:
        what = _("The samples of step {step} cannot be read.").format(step=number(step))
        return UserError(what, _("Choose another step."))
    columns = GridColumns.of(run.settings, run.classes)
    width, height = run.settings.size
    if run.settings.points or whole.shape[0] % height or whole.shape[1] % width:
        return Grid(step, whole[None], ())
    return Grid(step, tiles(whole, (width, height), columns.count), columns.titles)
