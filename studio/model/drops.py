"""Checks by name alone whether dragged content can be opened."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from studio.model.data import PATTERNS


def is_openable(name: str) -> bool:
    """Returns whether something of that name may be opened; a name without a known extension may be a folder. Reads no
    disk."""
    from core.data.formats.file_kinds import kind_by_name
    from core.runs.run import is_checkpoint

    if is_checkpoint(Path(name)) or any(fnmatch(name.lower(), pattern) for pattern in PATTERNS.split()):
        return True
    return kind_by_name(name) in (None, "image", "other_format")
