"""Interruption of a training by a signal of the system, so that it is saved before the process ends."""

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
"""Ctrl-C, a container or system that stops, a closed terminal, warnings of batch systems, and Ctrl-Break on Windows."""
AGAIN_SECONDS = 1.0
"""The same signal so much later ends the process at once. One that comes sooner, or another one, belongs to the same
event: a logout sends SIGHUP and SIGTERM, a batch system its warning and SIGTERM, `timeout` its signal twice."""
CLOSED = (2, 5, 6)
"""Windows' events of a console that is closed, a logout and a shutdown, which Python makes no signals of."""
CLOSED_SECONDS = 20.0
"""Windows ends the process when its handler returns, or after five seconds to twenty."""


class Interruption:
    """Context that notes the first signal. True once there was one; `exit_code` is the shell's for it, as 143.

    Signals that the process was started to ignore, as `nohup` does, stay ignored.
    """

    def __init__(self) -> None:
        self._number = 0
        self._received: dict[int, float] = {}
        """When each signal came for the first time."""
        self._before: dict[int, Any] = {}
        self._over = Event()

    def __enter__(self) -> Interruption:
        for name in NAMES:
            number = getattr(signal, name, None)  # each system has some of them
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
    def exit_code(self) -> int:
        return 128 + self._number

    def _wait_to_be_closed(self, event: int) -> int:
        """In a thread of Windows' own; returns whether the event was for us."""
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
