"""Controller of training: starts and stops it, shows the available actions, and asks before the window closes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMessageBox

from core.data.names import quoted
from core.errors import UserError
from core.events import Report, Rewound, Tuned
from studio.controllers.menus import Menus
from studio.main_window import TRAIN, MainWindow
from studio.model.data import DataRequest
from studio.model.train import OpenedRun, TrainingState
from studio.services.session import Session


class TrainController:
    """Connects the Train workspace, the footer and the menu with the training."""

    def __init__(self, window: MainWindow, session: Session, menus: Menus) -> None:
        self._window, self._session, self._menus = window, session, menus
        self._training = session.training
        self.is_closing = False
        """Whether the window closes when the training has ended."""
        self._must_close = False

    def start(self) -> None:
        """Begins a training with the settings of the form, or continues from the checkpoint that is set."""
        try:
            settings = self._window.train.form.settings()
        except UserError as problem:
            self._session.problem.emit(problem)
            return
        self._window.banner.dismiss()
        self._window.show_workspace(TRAIN)
        self._session.start(settings)

    # Showing

    def show_state(self, state: TrainingState) -> None:
        """What can be done now, everywhere in the window."""
        running, idle = self._training.is_running, state is TrainingState.IDLE
        dataset, reading, resumes = self._session.data.dataset, self._session.reading, self._session.resume is not None
        footer = self._window.footer
        if idle and reading:
            footer.show_reading(Path(reading).name, resumes)
        elif idle:
            footer.show_idle(dataset.title if dataset else "", resumes)
        elif state is TrainingState.STARTING:
            footer.show_starting()
        elif state is TrainingState.STOPPING:
            footer.show_stopping()
        else:
            footer.show_running(state is TrainingState.PAUSED)
        self._window.train.set_running(not idle)
        self._window.train.playground.set_paused(state is TrainingState.PAUSED)
        self._window.explore.set_training(running)
        self._menus.start.setEnabled(idle and dataset is not None and not reading)
        self._menus.pause.setEnabled(running)
        self._menus.measure.setEnabled(running or (idle and resumes))
        self._menus.stop.setEnabled(running or state is TrainingState.STARTING)
        self._menus.dialogs["save_checkpoint"].setEnabled(running or resumes)
        if idle and self.is_closing:
            self._window.release()

    def refresh(self) -> None:
        """The same after something else than the training has changed."""
        self.show_state(self._training.state)

    def show_reading(self) -> None:
        """Other images, or a run, are being read or are open now."""
        if self._training.state is TrainingState.IDLE:
            self.refresh()

    def show_tuned(self, tuned: Tuned) -> None:
        self._window.footer.show_tuned(tuned, self._training.settings)

    def show_reports(self, reports: list[Report]) -> None:
        self._window.train.show_reports(reports)
        self._window.footer.show_report(reports[-1], self._training.settings)

    def show_run(self, run: OpenedRun) -> None:
        train = self._window.train
        train.set_history(run.history, run.facts.edits)
        train.form.set_settings(run.settings)
        train.stage.show_newest(run.samples)

    def show_rewound(self, rewound: Rewound) -> None:
        self._window.train.form.set_values(rewound.changes)

    def show_resume(self, checkpoint: Path | None) -> None:
        """Says from where the next start continues."""
        text = f"Continues from step {int(checkpoint.stem):,}" if checkpoint and checkpoint.stem.isdecimal() else ""
        self._window.train.form.set_continues(checkpoint is not None)
        self._window.train.set_resume(text or (f"Continues from {checkpoint.name}" if checkpoint else ""))
        if self._training.state is TrainingState.IDLE:
            self.refresh()

    def offer_resume(self, checkpoint: Path) -> None:
        """Other images were opened than those that the checkpoint was trained on."""
        self._window.banner.show_offer(
            f"A new training begins with these images: {checkpoint.name} was trained on others.",
            "Continue from it anyway",
            lambda: self._session.set_resume(checkpoint),
        )

    def offer_images(self, checkpoint: Path, request: DataRequest) -> None:
        """A checkpoint names images that the person has not opened before."""
        self._window.banner.show_offer(
            f"{checkpoint.name} was trained on {quoted(request.source)}, which was not opened here before.",
            "Open these images",
            lambda: self._session.continue_on(checkpoint, request),
        )

    # Closing

    def close(self) -> None:
        """Closes the window, after asking what becomes of a training that runs."""
        if self._training.state is TrainingState.IDLE:
            self._window.release()
        elif not self.is_closing:
            self._ask_before_closing()

    def end(self) -> None:
        """Closes the window without asking, once what there is of the training is saved: the system ends the program,
        whatever happens."""
        if self._training.state is TrainingState.IDLE:
            self._window.release()
        elif not self._must_close:
            self.is_closing = self._must_close = True
            self._training.end()

    def keep_open(self) -> None:
        """Something went wrong that the person should see before the window closes."""
        self.is_closing = self._must_close

    def _ask_before_closing(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, "GAN Studio", "A training is running.", parent=self._window)
        box.setInformativeText("It can be saved now and continued another day, exactly where it stopped.")
        save = box.addButton("Save and close", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Close without saving", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(keep)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen in (save, discard):
            self.is_closing = True
            self._training.stop() if chosen is save else self._training.abandon()
