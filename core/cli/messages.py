"""Messages on stderr that cannot end a training."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\r\t"}
ESCAPES = {code: f"\\u{code:04x}" for code in range(127, 160)}


def without_controls(text: str) -> str:
    """Returns text in which no name of a file or class can give orders to a terminal."""
    return text.translate(CONTROLS)


def as_json(value: object) -> str:
    """Returns JSON for programs, in which no name gives orders to a terminal either: control characters are escaped."""
    return json.dumps(value, indent=2, ensure_ascii=False).translate(ESCAPES)


class Messages:
    """The text stream of stderr; what cannot be written there is dropped.

    The terminal may be closed, the pipe's reader gone or the disk behind it full, while the training is well.
    """

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.write(without_controls(text))
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


MESSAGES = Messages()
