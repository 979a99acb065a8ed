"""Controller of the end of the window: asks what becomes of a running training."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox

from core.language import _, sentences
from studio.main_window import PROGRAM, MainWindow
from studio.model.train import TrainingState
from studio.services.session import Session


class ClosingController:
    """Closes the window once its training is saved, and perhaps handed over to the queue."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session
        self.is_closing = False
        """Tells whether the window closes when the training has ended."""
        self._must_close = self._hands_over = self._was_paused = False

    def show_state(self, state: TrainingState) -> None:
        """Closes the window as soon as the training has ended, if it should."""
        if state is TrainingState.IDLE and self.is_closing:
            self._window.release()

    def close(self) -> None:
        """Closes the window, after asking what to do with a running training."""
        state = self._session.training.state
        if state is TrainingState.IDLE and not self.is_closing:
            self._window.release()
        elif state is TrainingState.STOPPING:  # it is being saved
            self.is_closing = True
        elif not self.is_closing:
            self._ask()

    def end(self) -> None:
        """Saves the training and closes the window without asking, because the system ends the program."""
        if self._session.training.state is TrainingState.IDLE:
            self._window.release()
        elif not self._must_close:
            self.is_closing = self._must_close = True
            self._session.training.end()

    def keep_open(self) -> None:
        """Keeps the window open, as an error should be seen first."""
        self.is_closing = self._must_close
        if self._hands_over and (run := self._session.training.run_folder) is not None:
            self._session.queue.take_back(run, self._was_paused)
        self._hands_over = False

    def _ask(self) -> None:
        training, is_paused = self._session.training, self._session.queue.listing.is_paused
        box = QMessageBox(QMessageBox.Icon.Question, PROGRAM, _("A training is running."), parent=self._window)
        text = _("It can be saved and go on in the background, as the first in the queue. You can watch it later.")
        box.setInformativeText(sentences(text, _("The queue is paused, and goes on then.")) if is_paused else text)
        keep = box.addButton(_("Keep training"), QMessageBox.ButtonRole.ActionRole)
        keep.setEnabled(training.is_running)  # before its first step it has no run
        save = box.addButton(_("Save and close"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(_("Close without saving"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(cancel)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen not in (keep, save, discard):
            return
        if training.state is TrainingState.IDLE:  # it ended while the question was open
            self._window.release()
        else:
            self.is_closing, self._hands_over, self._was_paused = True, chosen is keep, is_paused
            if chosen is keep and training.run_folder is not None:
                source, settings = training.source, training.settings
                self._session.queue.hand_over(training.run_folder, source, settings, training.stop)
            else:
                training.abandon() if chosen is discard else training.stop()
