"""Service that starts a training once nothing blocks it: a run being read, a preview, a change of the images, or
unknown devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal

from core.config.settings import Settings
from core.data.names import quoted
from core.errors import UserError
from core.language import _
from studio.model.train import TrainingState
from studio.services.data.loader import DatasetLoader
from studio.services.data.review import DatasetReview
from studio.services.explore.service import ExploreService
from studio.services.opening import Opening
from studio.services.train.run_loader import RunLoader
from studio.services.train.training import TrainingService


class Origin(NamedTuple):
    """Origin of a continued training: a checkpoint, or the newest one of a run to copy."""

    checkpoint: Path | None
    copied: Path | None = None


class TrainingStart(QObject):
    """Starts on the images and checkpoint named in the request, or not at all."""

    began = Signal(str)
    """Dataset of the started training."""
    problem = Signal(object)
    notice = Signal(str)

    def __init__(
        self,
        opening: Opening,
        data: DatasetLoader,
        review: DatasetReview,
        runs: RunLoader,
        training: TrainingService,
        explore: ExploreService,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._opening, self._data, self._review, self._runs = opening, data, review, runs
        self._training, self._explore = training, explore

    def start(self, settings: Callable[[], Settings], folder: Path, origin: Callable[[], Origin]) -> None:
        """Starts a training of a new run below `folder`, or continues from what `origin` returns.

        A waiting start calls `origin` again, and begins only if it returns the same, or the same run to be copied.
        `settings` is called at the very start, as a preset fits itself to images and devices; it may raise `UserError`,
        which is shown.
        """
        dataset = self._data.dataset
        if self._training.state is not TrainingState.IDLE:  # requested again while the first start waited
            return
        if dataset is None:
            self.problem.emit(UserError(_("There are no images to train on."), _("Open a folder, or try a sample.")))
            return
        if reading := self._opening.reading:
            self.problem.emit(
                UserError(
                    _("{name} is being read.").format(name=quoted(reading)), _("Start when it is open, or cancel it.")
                )
            )
            return
        found = origin()
        later = partial(self._start_if_same, settings, folder, origin, dataset.source, found)
        if self._runs.is_replaying:  # further reports are appended to the complete run
            self.notice.emit(_("The training starts as soon as the run has been read."))
            self._runs.ended.connect(later, Qt.ConnectionType.SingleShotConnection)
            return
        if self._data.previews:
            # Previews use torch's random numbers for a moment, which belong to the training from its first step on.
            next(iter(self._data.previews)).ended.connect(later, Qt.ConnectionType.SingleShotConnection)
            return
        if self._review.is_changing:  # images left out a moment ago must not be trained on
            self._review.settled.connect(lambda _: later(), Qt.ConnectionType.SingleShotConnection)
            return
        if not self._explore.devices:
            self.notice.emit(_("The training starts as soon as the devices of this computer are known."))
            self._explore.devices_found.connect(lambda _: later(), Qt.ConnectionType.SingleShotConnection)
            return
        try:
            chosen = settings()
        except UserError as problem:
            self.problem.emit(problem)
            return
        self.began.emit(dataset.source)
        self._training.start(chosen, dataset, folder, *found)

    def _start_if_same(
        self,
        settings: Callable[[], Settings],
        folder: Path,
        origin: Callable[[], Origin],
        source: str,
        before: Origin,
    ) -> None:
        """Starts after a wait, unless the person has opened something else meanwhile."""
        now = origin()
        is_same = now == before or (now.copied is not None and now.copied == before.copied)
        if self._opening.is_open(source) and is_same:
            self.start(settings, folder, origin)
        else:
            self.notice.emit(_("The training did not start, because something else was opened meanwhile."))
