"""Opens the comparison of two runs, and connects it with what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from studio.dialogs.compare_runs import CompareRunsDialog
    from studio.main_window import MainWindow
    from studio.services.session import Session


class RunComparisonController:
    """That of a window, which has one comparison at most."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session
        self._dialog: CompareRunsDialog | None = None

    def show(self) -> None:
        """The comparison, beginning with the run that is open."""
        if self._dialog is None:
            self._dialog = self._make()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _make(self) -> CompareRunsDialog:
        from studio.dialogs.compare_runs import CompareRunsDialog

        session, comparison = self._session, self._session.comparison
        dialog = CompareRunsDialog(session.runs_folder, session.training.run_folder, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.list_requested.connect(comparison.list_runs)
        dialog.run_requested.connect(comparison.open)
        dialog.grid_requested.connect(comparison.show_grid)
        comparison.runs_listed.connect(dialog.show_runs)
        comparison.progressed.connect(dialog.show_progress)
        comparison.run_read.connect(dialog.show_run)
        comparison.refused.connect(dialog.show_problem)
        comparison.grid_read.connect(dialog.show_grid)
        dialog.finished.connect(self._end)
        dialog.begin()
        return dialog

    def _end(self) -> None:
        self._dialog = None
        self._session.comparison.close()
