"""Controller of the Data workspace: shows datasets, prepares them as the form says, and applies remedies."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from core.config.settings import Settings
from core.data.health.findings import Remedy
from core.errors import UserError
from studio.main_window import MainWindow
from studio.model.data import Examined, OpenedDataset
from studio.model.train import TrainingState
from studio.services.session import Session

REMEDIES = ("augment", "mirror", "fit", "grid", "alpha", "split")
"""Settings that mend what may be wrong with a dataset."""
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
        self._before: dict[str, Any] = {}
        """Settings as they were before a remedy changed them."""
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._prepare)
        window.closed.connect(self._timer.stop)

    def show_dataset(self, opened: OpenedDataset) -> None:
        """Shows another dataset, or the same prepared anew, in every workspace."""
        facts, training = opened.facts, self._session.training
        self._window.data.show_dataset(facts, opened.index, opened.sheet)
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
            train.form.set_values({"split": opened.how.split})  # what was answered about other images
            train.settings.clear_undo()
        if facts.points:
            train.show_real_points(opened.dataset.images[:, :, 0, 0].astype(np.float32))
        else:
            train.show_reals(opened.sheet)

    def draw_sheet(self, count: int, seed: int) -> None:
        """Shows some of the images as the discriminator sees them."""
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
        self.show_settings()
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

    # Remedies

    def show_settings(self) -> None:
        """Says which settings that are remedies are in force."""
        form = self._window.train.form
        self._session.review.set_augment(form.value("augment"))
        self._window.data.show_settings({name: form.value(name) for name in REMEDIES})

    def show_review(self, examined: Examined) -> None:
        """Shows what was found in the dataset."""
        self._window.data.show_report(examined)
        self.show_settings()

    def switch_remedy(self, remedy: Remedy, on: bool) -> None:
        """Sets the training's settings, or sets them back to what they were."""
        form = self._window.train.form
        if on:
            self._before |= {name: form.value(name) for name in remedy.settings}
            form.change(remedy.settings)
        else:
            form.change({name: self._before.pop(name, None) or _usual(name) for name in remedy.settings})
        self.show_settings()


def _usual(name: str) -> Any:
    return Settings.model_fields[name].default
