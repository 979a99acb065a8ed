"""What is on this disk? Shows the datasets that were prepared and those that can be downloaded, off the GUI thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.events import Event, Notice
from core.formatting import amount

if TYPE_CHECKING:
    from studio.main_window import MainWindow


class DataLibraryController:
    """Those of a window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    def download(self) -> None:
        """Asks which dataset; it comes beside whatever else is done, and is opened when it is here."""
        from studio.dialogs.download import DownloadDialog
        from studio.services.data.library import list_downloads

        dialog = DownloadDialog(self._window)
        dialog.chosen.connect(self._window.open_path)
        dialog.fetch_requested.connect(self._fetch)
        self._session.reader.stock_listed.connect(dialog.show_stock)
        self._session.problem.connect(dialog.show_problem)  # the banner is behind the dialog
        self._session.reader.list_stock(list_downloads)
        dialog.exec()
        dialog.deleteLater()

    def prepared(self) -> None:
        """Lists them, deletes those that are chosen, and limits what they take."""
        from studio.dialogs.prepared_datasets import PreparedDatasetsDialog
        from studio.services.data.library import delete_prepared, limit_prepared, list_prepared

        reader = self._session.reader
        dialog = PreparedDatasetsDialog(self._window)
        dialog.delete_requested.connect(
            lambda folders: reader.change_stock(partial(delete_prepared, folders), list_prepared)
        )
        dialog.limit_chosen.connect(
            lambda gigabytes: reader.change_stock(partial(limit_prepared, gigabytes), list_prepared)
        )
        reader.stock_listed.connect(dialog.show_stock)
        self._session.problem.connect(dialog.show_problem)
        reader.list_stock(list_prepared)
        dialog.exec()
        dialog.deleteLater()

    def look_for_weights(self, features: str) -> None:
        """Inception was chosen to compare images by: asks how its weights are to come, if they are not here."""
        from studio.services.data.library import find_weights

        if features == "inception":
            self._session.reader.list_stock(find_weights)

    def show_weights(self, found: object) -> None:
        """What was looked for."""
        from studio.model.data import InceptionRow
        from studio.services.data.library import adopt_weights, fetch_weights

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
            self._session.jobs.start(fetch_weights, self._tell)
        elif chosen is choose:
            file, _ = QFileDialog.getOpenFileName(self._window, "Inception's weights", filter="Weights (*.pth *.pt)")
            if file:
                self._session.jobs.start(partial(adopt_weights, Path(file)), self._tell)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._window.banner.show_good(event.text)

    def _fetch(self, name: str) -> None:
        from studio.services.data.library import fetch

        self._session.jobs.start(partial(fetch, name), done=self._window.open_path)
