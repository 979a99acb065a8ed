"""Messages on stderr, which cannot end a training, and the colors of a terminal."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Protocol

CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\r\t"}
ESCAPES = {code: f"\\u{code:04x}" for code in range(127, 160)}

QUIET, NORMAL, VERBOSE = -1, 0, 1
"""Levels of `--quiet` and `--verbose`."""
RED, YELLOW = 31, 33
"""Colors of a terminal by their ANSI numbers."""


class Terminal(Protocol):
    """A stream that knows whether it is a terminal."""

    def isatty(self) -> bool: ...


def without_controls(text: str) -> str:
    """Returns text in which no name of a file or class can give orders to a terminal."""
    return text.translate(CONTROLS)


def as_json(value: object, indent: int | None = 2) -> str:
    """Returns JSON for programs, in which no name gives orders to a terminal either: control characters are escaped.

    `indent` None: on one line.
    """
    return json.dumps(value, indent=indent, ensure_ascii=False).translate(ESCAPES)


def is_colored(stream: Terminal) -> bool:
    """Returns whether colors can be shown: in a terminal, unless `NO_COLOR` is set (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows shows the codes themselves.
    return stream.isatty() and (sys.platform != "win32" or "WT_SESSION" in os.environ)


def painted(text: str, color: int, stream: Terminal) -> str:
    """Returns text without control characters, in a color where the stream shows colors."""
    clean = without_controls(text)
    return f"\x1b[{color}m{clean}\x1b[0m" if is_colored(stream) else clean


class PlainMessages:
    """The text stream of stderr; what cannot be written there is dropped.

    The terminal may be closed, the pipe's reader gone or the disk behind it full, while the training is well.
    """

    def write(self, text: str) -> int:
        """Writes text as it is, with the codes that move the cursor or change the color."""
        with suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.flush()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError):
            return bool(sys.stderr) and sys.stderr.isatty()
        return False

    def fileno(self) -> int:
        """Raises `OSError` where there is none."""
        if not sys.stderr:
            raise OSError("There is no stderr.")
        return sys.stderr.fileno()

    @property
    def encoding(self) -> str:
        return getattr(sys.stderr, "encoding", None) or "utf-8"


class Messages(PlainMessages):
    """Standard error without control characters, at a level of detail."""

    level = NORMAL

    def write(self, text: str) -> int:
        return super().write(without_controls(text))

    def say(self, text: str) -> None:
        """Writes a line of information, unless `--quiet` was given."""
        if self.level > QUIET:
            self.write(f"{text}\n")

    def complain(self, text: str, details: str = "") -> None:
        """Writes an error on one line, and with `--verbose` its technical details below."""
        super().write(f"{painted('gan-studio:', RED, self)} {without_controls(text)}\n")
        if details and self.level >= VERBOSE:
            self.write(f"{details}\n")


MESSAGES = Messages()
