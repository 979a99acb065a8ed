"""Service that recognizes an opened source and passes it to the service that reads it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.events import Event
from core.language import _
from studio.background.threads import IteratorThread
from studio.background.workers import Workers
from studio.model.data import DataRequest, Recognized
from studio.model.train import TrainingState
from studio.services.data.loader import DatasetLoader
from studio.services.open_path import open_path
from studio.services.train.run_loader import RunLoader
from studio.services.train.training import TrainingService


class Opening(QObject):
    """Opens one source at a time. Datasets and runs are read in the thread that recognizes them."""

    recognized = Signal(str, str)
    """An opened source and its `SourceKind`; the receiver opens what belongs to the explorer."""
    changed = Signal()
    """`reading` may have changed."""
    problem = Signal(object)

    def __init__(
        self,
        workers: Workers,
        data: DatasetLoader,
        runs: RunLoader,
        training: TrainingService,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workers, self._data, self._runs, self._training = workers, data, runs, training
        self._recognition: tuple[IteratorThread, str] | None = None
        """The thread that recognizes a source, and the source."""
        for signal in (data.scan_began, data.scan_ended, runs.opened, runs.ended):
            signal.connect(lambda *_: self.changed.emit())

    @property
    def reading(self) -> str:
        """Returns the dataset or run being read, or a source that may be one; empty if there is none."""
        return self._recognition[1] if self._recognition else self._data.opening or self._runs.opening

    def is_open(self, source: str) -> bool:
        """Returns whether this dataset is open and is not being replaced."""
        return not self.reading and self._data.dataset is not None and self._data.dataset.source == source

    def open(self, request: DataRequest) -> None:
        """Opens a dropped or chosen source; drops one that is not recognized yet."""
        if self._recognition is not None:
            self._workers.dismiss(self._recognition[0])
        thread = self._workers.spawn(
            lambda: open_path(request),
            lambda event: self._show(event, thread, request),
            end=lambda: self._end(thread),
        )
        self._recognition = thread, request.source
        self.changed.emit()

    def open_run(self, folder: Path) -> None:
        """Opens a known run folder."""
        self._runs.open(folder)
        self.changed.emit()

    def _show(self, event: Event, thread: IteratorThread, request: DataRequest) -> None:
        assert isinstance(event, Recognized)
        self.recognized.emit(event.source, event.kind)
        match event.kind:
            case "data":
                self._data.adopt(thread, request)
            case "run" if self._training.state is not TrainingState.IDLE:
                self._workers.dismiss(thread)
                self.problem.emit(UserError(_("A training is running."), _("Stop it before you open another run.")))
            case "run":
                self._runs.adopt(thread, Path(event.source))
        self._end(thread)

    def _end(self, thread: IteratorThread) -> None:
        if self._recognition is not None and self._recognition[0] is thread:
            self._recognition = None
            self.changed.emit()
