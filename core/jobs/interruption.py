"""Interruption of a training by a signal, so that it is saved before the process ends."""

from __future__ import annotations

import signal
import sys
from threading import Event
from time import monotonic
from types import FrameType
from typing import Any

if sys.platform == "win32":
    import ctypes

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGBREAK")
"""Ctrl-C, stop of a container or system, closed terminal, warnings of batch systems, and Ctrl-Break on Windows."""
AGAIN_SECONDS = 1.0
"""Seconds after which the same signal again ends the process at once. Earlier or other signals belong to the same
event: a logout sends SIGHUP and SIGTERM, a batch system its warning and SIGTERM, `timeout` its signal twice."""
CLOSED = (2, 5, 6)
"""Windows console events for close, logoff and shutdown, for which Python has no signals."""
CLOSED_SECONDS = 20.0
"""Seconds to wait in the handler; Windows ends the process when it returns, or after 5 to 20 seconds."""


class Interruption:
    """Context that records the first signal. True once there was one; `exit_code` is that of a shell, such as 143.

    Signals that were ignored at the start of the process, such as by `nohup`, stay ignored.
    """

    def __init__(self) -> None:
        self._number = 0
        self._received: dict[int, float] = {}
        """Time of the first arrival of each signal."""
        self._before: dict[int, Any] = {}
        self._over = Event()

    def __enter__(self) -> Interruption:
        for name in NAMES:
            number = getattr(signal, name, None)  # not all exist on every system
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        if sys.platform == "win32":
            self._close = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(self._wait_to_be_closed)
            ctypes.windll.kernel32.SetConsoleCtrlHandler(self._close, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if sys.platform == "win32":
            ctypes.windll.kernel32.SetConsoleCtrlHandler(self._close, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __bool__(self) -> bool:
        return self._number != 0

    @property
    def number(self) -> int:
        """Number of the signal; 0 without one."""
        return self._number

    @property
    def exit_code(self) -> int:
        return 128 + self._number

    def _wait_to_be_closed(self, event: int) -> int:
        """Handles a console event in a thread of Windows; returns whether the event was handled."""
        if event not in CLOSED:
            return 0
        signal.raise_signal(signal.SIGTERM)
        self._over.wait(CLOSED_SECONDS)
        return 1

    def _receive(self, number: int, _: FrameType | None) -> None:
        if monotonic() - self._received.setdefault(number, monotonic()) > AGAIN_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._number = self._number or number
