"""Controller of the Data workspace: opens datasets, prepares them as the form says, and excludes images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from core.errors import UserError
from studio.main_window import MainWindow
from studio.model.data import OpenedDataset
from studio.model.train import TrainingState
from studio.services.session import Session

PATIENCE_MS = 400
"""Whoever turns a number on passes by others; only the one that stays is prepared."""


class DataController(QObject):
    """The form holds how images are prepared; the Data workspace shows it, and the open dataset follows it."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._waiting: OpenedDataset | None = None
        """Images that were opened while a training ran on others."""
        self._source = ""
        """The dataset that the form is set to."""
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._prepare)

    def show_dataset(self, opened: OpenedDataset) -> None:
        """Shows another dataset, or the same prepared anew, in every workspace."""
        facts, training = opened.facts, self._session.training
        self._window.data.show_dataset(facts, opened.sheet)
        is_others = training.state is not TrainingState.IDLE and training.source != facts.source
        self._waiting = opened if is_others else None
        if not is_others:
            self._show_in_train(opened)
        self.show_preparation()

    def _show_in_train(self, opened: OpenedDataset) -> None:
        """Sets the form to these images, and shows them beside the generated ones."""
        train, facts = self._window.train, opened.facts
        train.form.set_data(len(facts.classes), facts.points)
        train.fit_to_data(facts.size, facts.count)
        if facts.source != self._source:
            self._source = facts.source
            train.settings.clear_undo()
        if facts.points:
            train.show_real_points(opened.dataset.images[:, :, 0, 0].astype(np.float32))
        else:
            train.show_reals(opened.sheet)

    def draw_sheet(self, count: int, seed: int, as_discriminator: bool) -> None:
        """Shows some of the images, as they are or as the discriminator sees them."""
        if not as_discriminator:
            self._session.data.draw_sheet(count, seed)
            return
        try:
            self._session.draw_sheet(self._window.train.form.settings(), count, seed)
        except UserError as problem:
            self._session.problem.emit(problem)

    # How they are prepared

    def change(self, values: Mapping[str, Any]) -> None:
        """The Data workspace asks for another preparation, which is the form's to keep."""
        self._window.train.form.change(values)

    def show_preparation(self) -> None:
        """The form says how images are prepared, whoever changed it there."""
        self._window.data.show_preparation(self._window.train.form.prepared())
        self._timer.start()

    def show_state(self, state: TrainingState) -> None:
        """A training that runs has its images; what was chosen for them meanwhile is made when it is known to run."""
        self._window.data.set_locked(state is not TrainingState.IDLE)
        if state is TrainingState.STARTING and self._session.data.is_preparing:
            self._session.data.cancel_scan()  # the training prepares the same
        if state is TrainingState.IDLE and self._waiting is not None:
            self._show_in_train(self._waiting)
            self._waiting = None
        self._timer.start()

    def restore_preparation(self) -> None:
        """A preparation that was cancelled or failed leaves the one before, and the form says so."""
        how = self._session.data.how
        if how is not None and self._session.training.state is TrainingState.IDLE and not self._timer.isActive():
            self._window.train.form.set_preparation(how)
            self._timer.stop()  # what it would do is done

    def _prepare(self) -> None:
        form = self._window.train.form
        if self._session.training.state is not TrainingState.STARTING:
            with suppress(UserError):  # the form says what is wrong
                self._session.data.prepare(form.preparation(), form.value("augment"))

    def compare(self, seed: int) -> None:
        """Some originals beside what the network sees of them."""
        if self._session.data.dataset is not None and not self._session.data.dataset.points:
            with suppress(UserError):
                how = self._window.train.form.preparation()
                self._session.review.compare(self._session.data.dataset.source, how, seed)

    # What is left out

    def show_left_out(self, source: str, names: Sequence[str]) -> None:
        """Says how many, and offers to undo it."""
        later = "" if self._session.training.state is TrainingState.IDLE else " The training that runs still has them."
        self._window.banner.show_offer(
            f"{_counted(names)} left out.{later}", "Undo", partial(self._session.review.include_again, source, names)
        )

    def show_taken_back(self, source: str, names: Sequence[str]) -> None:
        self._window.banner.show_notice(f"{_counted(names)} included again.")

    def ask_what_to_include(self) -> None:
        """Lists what is left out."""
        from studio.dialogs.restore_excluded import RestoreExcludedDialog

        dataset = self._session.data.dataset
        if dataset is None or not dataset.excluded:
            return
        dialog = RestoreExcludedDialog(dataset.excluded, self._window)
        dialog.chosen.connect(partial(self._session.review.include_again, dataset.source))
        dialog.exec()
        dialog.deleteLater()


def _counted(names: Sequence[str]) -> str:
    return f"{len(names):,} images are" if len(names) != 1 else f"{names[0]} is"
