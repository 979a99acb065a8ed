"""Controller of what explains the program: the glossary and its addresses."""

from __future__ import annotations

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from core.learn.glossary import TERMS
from studio.dialogs.glossary import GlossaryDialog
from studio.main_window import MainWindow
from studio.widgets.basic.help_button import SCHEME


class LearnController(QObject):
    """Shows the page of a term at its address, `ganstudio:glossary/KEY`. There is one glossary window at most."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._glossary: GlossaryDialog | None = None
        QDesktopServices.setUrlHandler(SCHEME, self, "open_address")  # type: ignore[arg-type]
        window.closed.connect(self.end)

    def end(self) -> None:
        """Closes what is open; addresses lead nowhere from now on."""
        QDesktopServices.unsetUrlHandler(SCHEME)
        if self._glossary is not None:
            self._glossary.close()

    @Slot(QUrl)
    def open_address(self, url: QUrl) -> None:
        """Opens the glossary at the term of an address; at the last one if it names none."""
        place, _, key = url.path().partition("/")
        if place == "glossary":
            self.show_glossary(key)

    def show_glossary(self, key: str = "") -> None:
        """Opens the glossary, at a term if there is one of that key."""
        if self._glossary is None:
            self._glossary = GlossaryDialog(self._window)
        if key in {term.key for term in TERMS}:
            self._glossary.show_term(key)
        self._glossary.show()
        self._glossary.raise_()
        self._glossary.activateWindow()
