"""Import of Qt, which leaves Python's import as it was."""

from __future__ import annotations

import builtins


def import_qt() -> None:
    """For the start of the window, before anything else imports PySide6.

    PySide6 puts a function of its own in the place of Python's import. It reads the source of every module that is
    imported later, and keeps it, to see whether it asks for `__feature__`, which nothing here does. For torch these are
    1,800 files, a second of processor time beside the window and 100 MB of memory.
    """
    plain = builtins.__import__
    import PySide6.QtCore  # noqa: F401

    builtins.__import__ = plain
