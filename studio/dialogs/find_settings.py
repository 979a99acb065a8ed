"""Dialog that searches for settings: what may vary, and then the trials."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QDialog, QStackedWidget, QVBoxLayout, QWidget

from core.config.settings import Settings
from core.errors import UserError
from core.language import _
from core.search.space import Variation
from studio.model.search.listing import SearchListing
from studio.widgets.basic.banner import Banner
from studio.widgets.search.search_results import SearchResults
from studio.widgets.search.search_setup import SearchSetup

GEOMETRY = "search/geometry"


class FindSettingsDialog(QDialog):
    """Non-modal; remembers its place and size. Closing it stops nothing."""

    again_requested = Signal()
    """Prepare another search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Find settings"))
        self._banner = Banner()
        self.setup, self.results = SearchSetup(), SearchResults()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.setup)
        self._pages.addWidget(self.results)
        self.setup.last_requested.connect(self.show_results)
        self.results.again_requested.connect(self.again_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self._banner)
        column.addWidget(self._pages, 1)
        self.resize(1100, 640)
        if geometry := QSettings().value(GEOMETRY):
            self.restoreGeometry(geometry)

    def show_setup(self, source: str, title: str, settings: Settings, suggested: Sequence[Variation]) -> None:
        """Asks what to search for."""
        self._banner.dismiss()
        self.setup.set_subject(source, title, settings, suggested)
        self._pages.setCurrentWidget(self.setup)

    def show_results(self) -> None:
        """Shows the trials."""
        self._banner.dismiss()
        self._pages.setCurrentWidget(self.results)

    def show_listing(self, listing: SearchListing) -> None:
        """Shows the newest search."""
        self.results.show_listing(listing)
        self.setup.show_begun(has_last=True)

    def show_problem(self, problem: UserError) -> None:
        """Shows why a search did not begin or cannot be read."""
        self._banner.show_problem(problem.what, problem.remedy, problem.details)
        self.setup.show_begun(has_last=False)

    def done(self, result: int) -> None:
        QSettings().setValue(GEOMETRY, self.saveGeometry())
        super().done(result)
