"""What is on this disk? Shows the datasets that were prepared and those that can be downloaded, off the GUI thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.events import Event

if TYPE_CHECKING:
    from studio.main_window import MainWindow


class StockDialogs:
    """Those of a window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    def download(self) -> None:
        """Asks which dataset; it comes beside whatever else is done, and is opened when it is here."""
        from studio.dialogs.download import DownloadDialog
        from studio.stock import list_downloads

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
        from studio.dialogs.prepared import PreparedDialog
        from studio.stock import delete_prepared, limit_prepared, list_prepared

        reader = self._session.reader
        dialog = PreparedDialog(self._window)
        dialog.delete_requested.connect(lambda folders: reader.list_stock(partial(delete_prepared, folders)))
        dialog.limit_chosen.connect(lambda gigabytes: reader.list_stock(partial(limit_prepared, gigabytes)))
        reader.stock_listed.connect(dialog.show_stock)
        self._session.problem.connect(dialog.show_problem)
        reader.list_stock(list_prepared)
        dialog.exec()
        dialog.deleteLater()

    def _fetch(self, name: str) -> None:
        from studio.dialogs.stock_rows import Fetched
        from studio.stock import fetch

        def show(event: Event) -> None:
            assert isinstance(event, Fetched)
            self._window.open_path(event.source)

        self._session.jobs.start(partial(fetch, name), show)
