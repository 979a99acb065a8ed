"""Import of Qt that leaves Python's import unchanged."""

from __future__ import annotations

import builtins


def import_qt() -> None:
    """Imports Qt at the start of the window, before anything else imports PySide6.

    PySide6 replaces Python's import function. Its version reads and keeps the source of every module imported later, to
    look for `__feature__`, which is unused here. For torch these are 1,800 files: a second of processor time and 100 MB
    of memory.
    """
    plain = builtins.__import__
    import PySide6.QtCore  # noqa: F401

    builtins.__import__ = plain
