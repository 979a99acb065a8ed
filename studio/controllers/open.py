"""Opening: asks for what is to be opened, has the session open it, and goes where it will appear."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog

from core.config.preparation import Preparation
from core.errors import UserError
from studio import window_state
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow
from studio.model.data import FILES, DataRequest, SourceKind
from studio.services.session import Session


class OpenController:
    """Opens datasets, runs, checkpoints and images, from wherever they come."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def open(self, source: str) -> None:
        """Opens a dataset, a run, a checkpoint, an exported image, a picture or `sample:NAME`."""
        self._window.banner.dismiss()
        self._session.open(DataRequest(source, self._preparation(), self._window.train.form.value("augment")))

    def ask_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self._window, "Open a folder of images"):
            self.open(folder)

    def ask_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self._window, "Open a file of images", filter=FILES)
        if file:
            self.open(file)

    def ask_run(self) -> None:
        start = str(self._session.runs_folder)
        if folder := QFileDialog.getExistingDirectory(self._window, "Open the folder of a run", start):
            self.open(folder)

    def ask_checkpoint(self) -> None:
        from studio.dialogs.open_checkpoint import OpenCheckpointDialog

        dialog = OpenCheckpointDialog(self._window)
        checkpoints = self._session.checkpoints
        dialog.chosen.connect(lambda path: self.open(str(path)))
        dialog.folder_requested.connect(checkpoints.list)
        checkpoints.listed.connect(dialog.show_summaries)
        self._session.problem.connect(dialog.show_problem)  # the banner is behind the dialog
        dialog.show_busy(True)
        checkpoints.list(self._session.runs_folder)
        dialog.exec()
        dialog.deleteLater()

    def show_recognised(self, source: str, kind: SourceKind) -> None:
        """Something is being opened: goes where it will appear, and remembers a dataset."""
        self._window.show_workspace({"data": DATA, "run": TRAIN}.get(kind, EXPLORE))
        if kind == "data":
            self._window.data.set_recents(window_state.add_recent(source))

    def _preparation(self) -> Preparation | UserError:
        try:
            return self._window.train.form.preparation_of_others()
        except UserError as problem:
            return problem
