"""Sources of images that the person has opened on this computer.

A checkpoint or a run names its training images. The author of the file chose that name, which may be a folder on
another computer: it is opened automatically only if the person opened it before.
"""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QSettings

from studio.model.data import BUILT_IN, DOWNLOADED

KEY, MOST = "opened sources", 1000


class OpenedSources:
    def __contains__(self, source: str) -> bool:
        return source.startswith((*BUILT_IN, DOWNLOADED)) or source in _read()

    def add(self, source: str) -> None:
        """Stores a source; beyond `MOST`, drops the oldest."""
        QSettings().setValue(KEY, [source, *(other for other in _read() if other != source)][:MOST])


def _read() -> list[str]:
    return cast(list[str], QSettings().value(KEY, [], type=list))
