"""Controller of the Data workspace: shows datasets, prepares them as set in the form, and applies remedies."""

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
from studio.model.data import Examined, ExampleRequest, Examples, OpenedDataset
from studio.model.train import TrainingState
from studio.services.session import Session

REMEDIES = ("augment", "mirror", "fit", "grid", "alpha", "split", "side_by_side")
"""Settings that can fix a problem of a dataset."""
EXAMPLES = 6
"""Number of examples of a translation."""
PATIENCE_MS = 400
"""Delay before a changed preparation is applied, so that intermediate values of a spin box are skipped."""


class DataController(QObject):
    """Keeps the Data workspace and the open dataset in step with the preparation that the form holds."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._waiting: OpenedDataset | None = None
        """Images opened while a training runs on others."""
        self._source = ""
        """Source of the dataset that the form is set to."""
        self._before: dict[str, Any] = {}
        """Values of settings before a remedy changed them."""
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._prepare)
        window.closed.connect(self._timer.stop)

    def show_dataset(self, opened: OpenedDataset) -> None:
        """Shows another dataset, or the same dataset prepared again, in every workspace."""
        facts, training = opened.facts, self._session.training
        self._window.data.show_dataset(facts, opened.index, opened.sheet)
        is_others = training.state is not TrainingState.IDLE and training.source != facts.source
        self._waiting = opened if is_others else None
        if not is_others:
            self._show_in_train(opened)
        self.show_preparation()

    def _show_in_train(self, opened: OpenedDataset) -> None:
        """Sets the form to this dataset and shows its images beside the generated ones."""
        train, facts = self._window.train, opened.facts
        train.form.set_data(len(facts.classes), facts.points)
        train.fit_to_data(facts)
        if facts.source != self._source:
            self._source = facts.source
            # The answers were about other images.
            train.form.set_values({"split": opened.how.split, "side_by_side": opened.how.side_by_side})
            train.settings.clear_undo()
        if facts.points:
            train.show_real_points(opened.dataset.images[:, :, 0, 0].astype(np.float32))
        else:
            train.show_reals(opened.sheet)

    def draw_sheet(self, count: int, seed: int) -> None:
        """Shows images as the discriminator sees them."""
        try:
            self._session.draw_sheet(self._window.train.form.settings(), count, seed)
        except UserError as problem:
            self._session.problem.emit(problem)

    # Preparation

    def change(self, values: Mapping[str, Any]) -> None:
        """Applies a preparation chosen in the Data workspace to the form."""
        self._window.train.form.change(values)

    def show_preparation(self) -> None:
        """Shows the preparation that the form holds, whoever changed it."""
        self._window.data.show_preparation(self._window.train.form.prepared())
        self.show_settings()
        self._timer.start()

    def show_state(self, state: TrainingState) -> None:
        """Locks the preparation while a training runs; changes made before the training was known to run are applied
        then.
        """
        self._window.data.set_locked(state is not TrainingState.IDLE)
        if state is TrainingState.STARTING and self._session.data.is_preparing:
            self._session.data.cancel_scan()  # the training prepares the same
        if state is TrainingState.IDLE and self._waiting is not None:
            self._show_in_train(self._waiting)
            self._waiting = None
        self._timer.start()

    def restore_preparation(self) -> None:
        """Restores the previous preparation in the form after a canceled or failed one."""
        how = self._session.data.how
        if how is not None and self._session.training.state is TrainingState.IDLE and not self._timer.isActive():
            self._window.train.form.set_preparation(how)
            self._timer.stop()  # already in force

    def _prepare(self) -> None:
        form = self._window.train.form
        if self._session.training.state is not TrainingState.STARTING:
            with suppress(UserError):  # the form shows the error
                self._session.data.prepare(form.preparation(), form.value("augment"))

    def compare(self, seed: int) -> None:
        """Shows originals beside the prepared images."""
        if self._session.data.dataset is not None and not self._session.data.dataset.points:
            with suppress(UserError):
                how = self._window.train.form.preparation()
                self._session.review.compare(self._session.data.dataset.source, how, seed)

    def draw_examples(self, seed: int) -> None:
        """Shows inputs and targets of the task that the form holds."""
        with suppress(UserError):  # the form shows the error
            settings = self._window.train.form.settings()
            self._session.examples.ask(ExampleRequest("data", settings, EXAMPLES, seed))

    def show_examples(self, examples: Examples) -> None:
        """Shows examples where they were requested."""
        if examples.request.place == "data":
            self._window.data.show_examples(examples)
        else:
            self._window.train.settings.simple.show_examples(examples)

    # Remedies

    def show_settings(self) -> None:
        """Marks the remedies whose settings are in force."""
        form = self._window.train.form
        self._session.review.set_augment(form.value("augment"))
        self._window.data.show_settings({name: form.value(name) for name in REMEDIES})
        self._window.data.show_task(form.value("task"))

    def show_review(self, examined: Examined) -> None:
        """Shows the findings about the dataset."""
        self._window.data.show_report(examined)
        self.show_settings()

    def switch_remedy(self, remedy: Remedy, on: bool) -> None:
        """Applies a remedy's settings, or restores their previous values."""
        form = self._window.train.form
        if on:
            self._before |= {name: form.value(name) for name in remedy.settings}
            form.change(remedy.settings)
        else:
            form.change({name: self._before.pop(name, None) or _usual(name) for name in remedy.settings})
        self.show_settings()


def _usual(name: str) -> Any:
    return Settings.model_fields[name].default
