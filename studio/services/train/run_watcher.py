"""Service that follows the open run while another process trains in it, without writing into it, and asks that process
for what a person wants."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.errors import RunBusyError, UserError
from core.events import Edited, Event, Measured, Points, Samples, Saved
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.train import OpenedRun
from studio.services.train.run_loader import read_points, read_samples
from studio.services.train.steering import RunSteering

if TYPE_CHECKING:
    from core.runs.requests import Kind, Request
    from core.runs.run_lock import Owner


class RunWatcher(QObject):
    """Follows a run; its reports are the workers' `reported`, as those of a training. Emits every signal in the GUI
    thread."""

    changed = Signal()
    """`owner`, `can_steer` or `is_paused` may have changed."""
    sampled = Signal(object)
    """`Samples` or `Points` just drawn by the training."""
    drawn = Signal()
    """The run folder has more sample grids."""
    measured = Signal(object)
    """A `Measured`."""
    edited = Signal(object)
    """An `Edited`: settings changed by the other process."""
    saved = Signal(object)
    """A `Saved`: a newer checkpoint."""
    replaced = Signal(object)
    """The training went back to an earlier step; carries the run folder to read again."""
    ended = Signal(object)
    """The training elsewhere has ended; carries its newest checkpoint, or None."""
    refused = Signal()
    """A request was refused: what the form shows may not be in force."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.owner: Owner | None = None
        """The other process that trains in the open run, if any."""
        self.can_steer = self.is_paused = False
        """Tell whether the training carries out requests, and whether it is paused."""
        self._run: OpenedRun | None = None
        self._task = NewestTask(workers)
        self._steering = RunSteering(workers, self)
        self._steering.answered.connect(self._show_answered)
        self._steering.refused.connect(lambda run: self.refused.emit() if run == self.folder else None)

    @property
    def folder(self) -> Path | None:
        """Returns the folder of the watched run."""
        return self._run.folder if self._run is not None else None

    def open(self, run: OpenedRun) -> None:
        """Opens another run and sets `owner` if another process trains in it; `follow` begins when it is completely
        read."""
        self.close()
        if run.owner is not None:
            self._run, self.owner = run, run.owner
            self.changed.emit()

    def follow(self, end: int | None) -> None:
        """Reads news of the opened run. `end`: bytes of its reports that are on screen; None: start at the current
        end."""
        run = self._run
        if run is not None and not self._task.is_running:
            self._task.start(lambda: follow_run(run, end), self._show, self._finish, self._end)

    def refuse(self) -> RunBusyError | None:
        """Returns why the open run cannot be written; None if it is not watched."""
        return RunBusyError(self._run.folder, self.owner.place) if self._run is not None and self.owner else None

    def ask(self, kind: Kind, **values: Any) -> None:
        """Asks the training to carry something out; `values`: settings to change."""
        from core.runs.requests import Request

        if self._run is not None and self.can_steer:
            self._steering.ask(self._run.folder, Request(kind, values))

    def close(self) -> None:
        """Stops following; what is shown stays."""
        self._task.drop()
        self._end()

    def _show(self, event: Event) -> None:
        from core.runs.run_watch import Drawn, Owned, Replaced, Steerable

        match event:
            case Owned():
                self.owner = event.owner
                self.changed.emit()
            case Steerable():
                self.can_steer, self.is_paused = event.takes_requests, event.is_paused
                self.changed.emit()
            case Samples() | Points():
                self.sampled.emit(event)
            case Drawn():
                self.drawn.emit()
            case Measured():
                self.measured.emit(event)
            case Edited():
                self.edited.emit(event)
            case Saved():
                self.saved.emit(event)
            case Replaced():
                self.replaced.emit(self.folder)

    def _show_answered(self, run: Path, request: Request) -> None:
        if run == self.folder and request.kind in ("pause", "resume"):  # seconds before the next look at the run
            self.is_paused = request.kind == "pause"
            self.changed.emit()

    def _finish(self, newest: Path | None) -> None:
        self._end()
        self.ended.emit(newest)

    def _end(self) -> None:
        if self._run is not None:
            self._run = self.owner = None
            self.can_steer = self.is_paused = False
            self.changed.emit()


def follow_run(run: OpenedRun, end: int | None) -> Generator[Event, None, Path | None]:
    """Yields what another process adds to a run, as `core.runs.run_watch.watch` does, with the images of each sample
    grid. Skips unreadable files."""
    from core.runs.run import Run
    from core.runs.run_watch import Drawn, watch

    has_points, settings = isinstance(run.samples, Points), run.settings
    with closing(watch(Run(run.folder), end, run.edits_end)) as events:
        while True:
            try:
                event = next(events)
            except StopIteration as over:
                newest: Path | None = over.value
                return newest
            with suppress(UserError, OSError):
                if isinstance(event, Edited):
                    settings = settings.changed(**event.changes)
                yield event
                if isinstance(event, Drawn) and not has_points:
                    yield read_samples(event.path, settings, run.classes)
                if isinstance(event, Saved) and has_points:
                    yield read_points(event.path, run.dataset)
