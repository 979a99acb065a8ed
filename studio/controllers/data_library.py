"""What is on this disk? Shows the datasets that were prepared and those that can be downloaded, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.formatting import amount
from studio.main_window import MainWindow
from studio.model.data import InceptionRow
from studio.services.data.library import adopt_weights, fetch, fetch_weights
from studio.services.session import Session


class DataLibraryController:
    """Those of a window."""

    def __init__(self, window: MainWindow, session: Session, open_path: Callable[[str], None]) -> None:
        self._window, self._session, self._open_path = window, session, open_path

    def download(self) -> None:
        """Asks which dataset; it comes beside whatever else is done, and is opened when it is here."""
        from studio.dialogs.download import DownloadDialog

        library = self._session.library
        dialog = DownloadDialog(self._window)
        dialog.chosen.connect(self._open_path)
        dialog.fetch_requested.connect(self._fetch)
        library.listed.connect(dialog.show_stock)
        self._session.problem.connect(dialog.show_problem)  # the banner is behind the dialog
        library.list_downloads()
        dialog.exec()
        dialog.deleteLater()

    def prepared(self) -> None:
        """Lists them, deletes those that are chosen, and limits what they take."""
        from studio.dialogs.prepared_datasets import PreparedDatasetsDialog

        library = self._session.library
        dialog = PreparedDatasetsDialog(self._window)
        dialog.delete_requested.connect(library.delete_prepared)
        dialog.limit_chosen.connect(library.limit_prepared)
        library.listed.connect(dialog.show_stock)
        self._session.problem.connect(dialog.show_problem)
        library.list_prepared()
        dialog.exec()
        dialog.deleteLater()

    def look_for_weights(self, features: str) -> None:
        """Inception was chosen to compare images by: asks how its weights are to come, if they are not here."""
        if features == "inception":
            self._session.library.find_weights()

    def show_weights(self, found: object) -> None:
        """What was looked for."""
        if not isinstance(found, InceptionRow) or found.here:
            return
        box = QMessageBox(
            QMessageBox.Icon.Question, "GAN Studio", "Inception's weights are not here.", parent=self._window
        )
        box.setInformativeText(
            f"{amount(found.bytes)} are downloaded once, from {found.page}. {found.licence}.\n"
            "Without them the images are not measured."
        )
        receive = box.addButton(f"Download {amount(found.bytes)}", QMessageBox.ButtonRole.AcceptRole)
        choose = box.addButton("Choose a file…", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(receive)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen is receive:
            self._session.jobs.start(fetch_weights, done=self._window.banner.show_good)
        elif chosen is choose:
            file, _ = QFileDialog.getOpenFileName(self._window, "Inception's weights", filter="Weights (*.pth *.pt)")
            if file:
                make = partial(adopt_weights, Path(file))
                self._session.jobs.start(make, done=self._window.banner.show_good)

    def _fetch(self, name: str) -> None:
        self._session.jobs.start(partial(fetch, name), done=self._open_path)
