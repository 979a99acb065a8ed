"""Controller of feature extractor weights that are not shipped: offers to download or choose them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.formatting import size_text
from studio.main_window import MainWindow
from studio.model.data import InceptionRow
from studio.services.data.library import adopt_weights, fetch_weights
from studio.services.session import Session


class FeatureWeightsController:
    """Downloads the weights of Inception, or takes them from a file, when a person says so."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def check(self, features: str) -> None:
        """Looks for the weights when the person has chosen a feature extractor that needs some."""
        if features == "inception":
            self._session.library.find_weights()

    def show(self, found: object) -> None:
        """Asks how the weights are to come, if they are not here."""
        if not isinstance(found, InceptionRow) or found.here:
            return
        box = QMessageBox(
            QMessageBox.Icon.Question, "GAN Studio", "Inception's weights are not here.", parent=self._window
        )
        box.setInformativeText(
            f"{size_text(found.bytes)} are downloaded once, from {found.page}. {found.license}.\n"
            "Without them the images are not measured."
        )
        receive = box.addButton(f"Download {size_text(found.bytes)}", QMessageBox.ButtonRole.AcceptRole)
        choose = box.addButton("Choose a file…", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(receive)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen is receive:
            self._session.jobs.start(fetch_weights, done=self._window.banner.show_good, title="Download")
        elif chosen is choose:
            file, _ = QFileDialog.getOpenFileName(self._window, "Inception's weights", filter="Weights (*.pth *.pt)")
            if file:
                make = partial(adopt_weights, Path(file))
                self._session.jobs.start(make, done=self._window.banner.show_good, title="Download")
