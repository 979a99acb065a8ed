"""Controller of feature extractor weights that are not shipped: offers to download them or choose a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.formatting import size_text
from core.language import _
from studio.main_window import PROGRAM, MainWindow
from studio.model.data import InceptionRow
from studio.services.data.library import adopt_weights, fetch_weights
from studio.services.session import Session


class FeatureWeightsController:
    """Downloads the Inception weights or imports them from a file, if the person agrees."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def check(self, features: str) -> None:
        """Looks for the weights when the chosen feature extractor needs some."""
        if features == "inception":
            self._session.library.find_weights()

    def show(self, found: object) -> None:
        """Asks how to get missing weights."""
        if not isinstance(found, InceptionRow) or found.here:
            return
        box = QMessageBox(
            QMessageBox.Icon.Question, PROGRAM, _("The Inception weights are missing."), parent=self._window
        )
        box.setInformativeText(
            _(
                "Download {size} once from {page}, or choose a file. {license}.\n"
                "Without the weights, metrics are not measured."
            ).format(size=size_text(found.bytes), page=found.page, license=found.license)
        )
        receive = box.addButton(
            _("Download {size}").format(size=size_text(found.bytes)), QMessageBox.ButtonRole.AcceptRole
        )
        choose = box.addButton(_("Choose a file…"), QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(receive)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen is receive:
            self._session.jobs.start(fetch_weights, done=self._window.banner.show_good, title=_("Download"))
        elif chosen is choose:
            file, _filter = QFileDialog.getOpenFileName(
                self._window, _("Inception weights"), filter=_("Weights (*.pth *.pt)")
            )
            if file:
                make = partial(adopt_weights, Path(file))
                self._session.jobs.start(make, done=self._window.banner.show_good, title=_("Download"))
