"""Controller of the glossary and its addresses."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from core.learn.addresses import SCHEME
from studio.main_window import MainWindow


class LearnController(QObject):
    """Shows the glossary page of a term at its address, `ganstudio:glossary/KEY`. Imports the glossary on first use, so
    that the first window opens sooner.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        QDesktopServices.setUrlHandler(SCHEME, self, "open_address")  # type: ignore[arg-type]
        window.closed.connect(self.end)

    def end(self) -> None:
        """Closes the glossary; addresses lead nowhere from now on."""
        from studio.dialogs.glossary import GlossaryDialog

        QDesktopServices.unsetUrlHandler(SCHEME)
        for glossary in self._window.findChildren(GlossaryDialog):
            glossary.close()

    @Slot(QUrl)
    def open_address(self, url: QUrl) -> None:
        """Opens the glossary at the term of an address, or at the first term if there is none of that key."""
        place, _, key = url.path().partition("/")
        if place == "glossary":
            self.show_glossary(key)

    def show_glossary(self, key: str = "") -> None:
        """Opens or raises the glossary, at the term `key` if there is one."""
        from core.learn.glossary import TERMS
        from studio.dialogs.glossary import GlossaryDialog

        # Above a modal dialog, which would block any other window.
        above = QApplication.activeModalWidget() or self._window
        shown = (each for each in above.findChildren(GlossaryDialog) if each.isVisible())
        glossary = next(shown, None) or GlossaryDialog(above)
        glossary.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if key in {term.key for term in TERMS}:
            glossary.show_term(key)
        glossary.show()
        glossary.raise_()
        glossary.activateWindow()
