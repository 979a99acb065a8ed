"""Connection to another machine: one process of ssh, over which one question after another is answered."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from threading import Lock, Thread
from time import time
from types import TracebackType
from typing import IO, Any

from core import __version__
from core.errors import UserError
from core.language import _, number
from core.remote.frames import PROTOCOL, Frame, read_frame, skip_noise, write_frame
from core.remote.hosts import Host
from core.remote.ssh import NoConnectionError, failure, python_command, start, unreadable

START_SECONDS = 90.0
"""Seconds for the first answer: the other end imports its modules, perhaps from a slow network drive."""
CALL_SECONDS = 45.0
END_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two tries to connect again: initial and maximum. Each is twice the one before."""


class RefusedThereError(UserError):
    """Refusal of a call by the program on the other machine."""


class Connection:
    """Connection to the program on a host, made with the first call and again after it was lost. Thread-safe.

    Raises `NoConnectionError` for whatever is wrong with the connection, and `RefusedThereError` for what the other
    machine refuses.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.version = ""
        """Version of the program there, from the first call on."""
        self.skew = 0.0
        """Seconds by which the clock there is ahead."""
        self.far_process = 0
        """ID of the process there."""
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def process(self) -> int | None:
        """ID of the process of ssh; None without a connection."""
        return self._process.pid if self._process is not None else None

    def call(self, operation: str, body: bytes = b"", seconds: float = CALL_SECONDS, **arguments: Any) -> Frame:
        """Asks the other machine for one of its operations (`core.remote.far`), and returns the answer.

        Raises `NoConnectionError` if there is none within `seconds`; the next call connects again.
        """
        with self._lock:
            if self._process is None:
                self._connect()
            answer = self._ask({"operation": operation, "arguments": arguments}, body, seconds)
        if problem := answer.header.get("problem"):
            raise RefusedThereError(*(str(problem[part]) for part in ("what", "remedy", "details")))
        return answer

    def close(self) -> None:
        """Ends the process of ssh, and with it the other end. What runs there goes on."""
        with self._lock:
            self._end()

    def _connect(self) -> None:
        if self.host.python is None:
            raise NoConnectionError(
                _("GAN Studio is not installed on {host}.").format(host=self.host.name),
                _("Install it with gan-studio hosts install {host}.").format(host=self.host.name),
            )
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115
        self._process = start(self.host, python_command(self.host, "-P", "-m", "core.remote.far"), self._errors)
        self._frames: SimpleQueue[Frame | Exception | None] = SimpleQueue()
        self._reader = Thread(target=_read, args=(self._process.stdout, self._frames), name="ssh", daemon=True)
        self._reader.start()
        began = time()
        hello = self._next(START_SECONDS).header
        if hello.get("protocol") != PROTOCOL:
            self._end()
            raise NoConnectionError(
                _("{host} has version {there} of GAN Studio, which differs too much from {here}.").format(
                    host=self.host.name, there=str(hello.get("version", "?"))[:20], here=__version__
                ),
                _("Install this version with gan-studio hosts install {host}.").format(host=self.host.name),
            )
        self.version, self.far_process = str(hello["version"])[:20], int(hello["process"])
        self.skew = float(hello["time"]) - (began + time()) / 2
        if abs(self.skew) < time() - began:  # within the time that the start took
            self.skew = 0.0

    def _ask(self, header: dict[str, Any], body: bytes, seconds: float) -> Frame:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            write_frame(self._process.stdin, header, body)
        except OSError as error:
            raise self._lost(error) from error
        return self._next(seconds)

    def _next(self, seconds: float) -> Frame:
        try:
            frame = self._frames.get(timeout=seconds)
        except Empty:
            frame = TimeoutError(_("It did not answer within {seconds} s.").format(seconds=number(seconds)))
        if isinstance(frame, Frame):
            return frame
        raise self._lost(frame) from frame

    def _lost(self, reason: Exception | None) -> NoConnectionError:
        """Ends the connection; returns the error. `reason`: what went wrong here, None if the other end has ended."""
        process = self._process
        assert process is not None
        code = None
        try:
            code = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # it hangs in a network that has gone
        self._errors.seek(0)
        text = self._errors.read(2**20).decode("utf-8", "replace")
        self._end()
        if isinstance(reason, ValueError):
            return unreadable(self.host, f"{reason}\n{text}")
        return failure(self.host, code, "\n".join(filter(None, (text, str(reason or "")))))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.close()
            process.wait(END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        self._reader.join()
        process.stdout.close()
        self._errors.close()


def pauses() -> Iterator[float]:
    """Yields the seconds to wait before each further try to connect."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def _read(file: IO[bytes], frames: SimpleQueue[Frame | Exception | None]) -> None:
    """Puts the frames of the other end into a queue; at their end None, or the error that ended them."""
    try:
        skip_noise(file)
        while (frame := read_frame(file)) is not None:
            frames.put(frame)
        frames.put(None)
    except Exception as error:  # the thread that waits for an answer raises it
        frames.put(error)
