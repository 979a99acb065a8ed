"""Interruption of a training by a signal of the system, so that it is saved before the process ends."""

from __future__ import annotations

import signal
from time import monotonic
from types import FrameType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGBREAK")
"""Ctrl-C, a container or system that stops, a closed terminal, warnings of batch systems, and Ctrl-Break on Windows."""
AGAIN_SECONDS = 1.0
"""The same signal so much later ends the process at once. One that comes sooner, or another one, belongs to the same
event: a logout sends SIGHUP and SIGTERM, a batch system its warning and SIGTERM, `timeout` its signal twice."""


class Interruption:
    """Context that notes the first signal. True once there was one; `exit_code` is the shell's for it, as 143.

    Signals that the process was started to ignore, as `nohup` does, stay ignored.
    """

    def __init__(self) -> None:
        self._number = 0
        self._received: dict[int, float] = {}
        """When each signal came for the first time."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for name in NAMES:
            number = getattr(signal, name, None)  # each system has some of them
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __bool__(self) -> bool:
        return self._number != 0

    @property
    def exit_code(self) -> int:
        return 128 + self._number

    def _receive(self, number: int, _: FrameType | None) -> None:
        if monotonic() - self._received.setdefault(number, monotonic()) > AGAIN_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._number = self._number or number
