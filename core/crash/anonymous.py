"""Anonymous text: replaces the person's home folder and user name, so that text can be pasted into a report."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path


def anonymous(text: str) -> str:
    """Returns text with `~` for the home folder and `USER` for the user's name in other paths."""
    import getpass  # not before the window shows

    with suppress(RuntimeError):  # no home is known
        home = Path.home()
        for folder in {home, home.resolve()}:
            if folder != Path(folder.anchor):  # a home that is the whole disk tells nothing
                text = _without_folder(text, folder)
    with suppress(Exception):  # each system has its own exception for a user without a name
        user = re.escape(getpass.getuser())
        text = re.sub(rf"(?<=[/\\]){user}(?![\w-])", "USER", text)
    return text


def _without_folder(text: str, folder: Path) -> str:
    # On Windows a path is also written with slashes, and with each backslash twice where Python shows a string.
    for spelling in {str(folder), folder.as_posix(), str(folder).replace("\\", "\\\\")}:
        text = re.sub(rf"{re.escape(spelling)}(?![\w-])", "~", text)
    return text
