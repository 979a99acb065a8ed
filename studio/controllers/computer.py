"""Controller of Help > About this computer: device and build facts, and a short test training on each device."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from studio.background.newest_task import NewestTask
from studio.background.threads import Events
from studio.background.torch_import import import_torch
from studio.main_window import MainWindow
from studio.services.session import Session
from studio.window_facts import window_facts

if TYPE_CHECKING:
    from studio.dialogs.about_computer import AboutComputerDialog


class ComputerController:
    """Collects facts about this computer in a thread. At most one dialog is open."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window = window
        self._task = NewestTask(session.workers)

    def show(self) -> None:
        """Shows the dialog and starts collecting facts."""
        from studio.dialogs.about_computer import AboutComputerDialog  # the window comes first

        shown = (each for each in self._window.findChildren(AboutComputerDialog) if each.isVisible())
        dialog = next(shown, None) or self._opened()
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _opened(self) -> AboutComputerDialog:
        from studio.dialogs.about_computer import AboutComputerDialog

        dialog = AboutComputerDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.test_requested.connect(partial(self._examine, dialog, quick=False))
        dialog.finished.connect(self._task.drop)
        self._examine(dialog, quick=True)
        return dialog

    def _examine(self, dialog: AboutComputerDialog, quick: bool) -> None:
        from core.jobs import doctor

        window = window_facts()

        def make() -> Events:
            import_torch()
            return doctor.examine(window, quick)

        def show(facts: dict[str, Any]) -> None:
            dialog.show_facts(doctor.rows(facts), doctor.troubles(facts), "\n".join(doctor.lines(facts)))

        dialog.begin()
        self._task.start(make, dialog.show_progress, show, dialog.end)
