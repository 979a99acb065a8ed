"""Termination: what the window does when the system ends the program."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QObject, QSocketNotifier, Qt
from PySide6.QtGui import QGuiApplication, QSessionManager

from core.jobs.interruption import Interruption


class Termination(QObject):
    """Calls `end` once for a signal or at the end of the desktop session.

    Python runs signal handlers between two of its instructions, while Qt waits for events elsewhere; a byte in a socket
    wakes it.
    """

    def __init__(self, interruption: Interruption, end: Callable[[], None], is_ending: Callable[[], bool]) -> None:
        """`end` begins to save and close; `is_ending` returns whether that is in progress."""
        super().__init__()
        self._interruption, self._end, self._is_ending = interruption, end, is_ending
        self._was_asked = False
        self._ours, self._theirs = socket.socketpair()
        for each in (self._ours, self._theirs):
            each.setblocking(False)
        self._before = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._wake)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.commitDataRequest.connect(self.commit, Qt.ConnectionType.DirectConnection)

    def close(self) -> None:
        """Stops listening."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        self._ours.close()
        self._theirs.close()

    def commit(self, _: QSessionManager | None = None) -> None:
        """Saves before it returns, as the desktop waits for this call and then ends the program."""
        self._end()
        while self._is_ending():
            QGuiApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def _wake(self) -> None:
        self._ours.recv(4096)
        if self._interruption and not self._was_asked:
            self._was_asked = True
            self._end()
