"""Controller of crash reports: offers to show one at once, or at the next start after a crash."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from core.concurrency import as_generator
from core.crash import watch
from core.crash.report import now, reports, time_of
from core.language import _
from studio import window_state
from studio.main_window import MainWindow
from studio.services.session import Session

NOW = _("An error occurred in GAN Studio. Your runs and images are unchanged.")
BEFORE = _("GAN Studio crashed last time. You can continue saved checkpoints from Home.")
SHOW = _("Show report")


class CrashController(QObject):
    """Listens for crash reports while the window is open."""

    _written = Signal(object)
    """File of a report, emitted in the thread of the exception."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._began = now()
        self._written.connect(self._show_now, Qt.ConnectionType.QueuedConnection)
        self._listener = self._written.emit
        watch.add_listener(self._listener)

    def close(self) -> None:
        """Stops listening."""
        watch.remove_listener(self._listener)

    def look_back(self) -> None:
        """Looks in a thread for an unreported crash of an earlier start, and offers to show it."""
        told = time_of(window_state.told_crash())
        self._session.workers.spawn(lambda: as_generator(untold, told, self._began), done=self._show_earlier)

    def _show_now(self, file: Path) -> None:
        self._offer(file, NOW)

    def _show_earlier(self, file: Path | None) -> None:
        if file is not None:
            self._offer(file, BEFORE)

    def _offer(self, file: Path, text: str) -> None:
        window_state.keep_told_crash(file.name)
        self._window.banner.show_offer(text, SHOW, lambda: self._show(file), "error")

    def _show(self, file: Path) -> None:
        from studio.controllers.shell.help import tail
        from studio.dialogs.help.crash_report import CrashReportDialog

        dialog = CrashReportDialog(file, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        thread = self._session.workers.spawn(
            lambda: as_generator(tail, file), done=lambda text: dialog.show_text(text, at_end=False)
        )
        dialog.finished.connect(lambda _result: self._session.workers.dismiss(thread))
        dialog.show()


def untold(told: str, began: str) -> Path | None:
    """Returns the newest report of a window crash between two times, or of any fault; None if there is none.

    Faults of earlier processes become reports first.
    """
    faults = watch.collect_faults()
    windows = [file for file in reports() if file.name.startswith("window") and told < time_of(file.name) < began]
    return next(reversed([*windows, *faults]), None)
