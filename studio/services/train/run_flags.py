"""Service that lists the flags of a run's timeline: its checkpoints, and the best of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.language import _, listed
from core.runs.retention import best, is_pinned, numbered
from core.runs.saved_checkpoints import note_of
from core.stats.keys import label
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.train import Flag

MOST = 200
"""Most checkpoints with a flag, the newest."""


class RunFlags(QObject):
    """Lists the flags of the open run in a thread."""

    listed = Signal(object)
    """Tuple of `Flag` in order of steps, whenever they may have changed."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task = NewestTask(workers)
        self._folder: Path | None = None

    def open(self, folder: Path) -> None:
        """Lists the flags of this run from now on."""
        if folder != self._folder:
            self.close()
            self._folder = folder
        self.refresh()

    def close(self) -> None:
        """Clears the flags; no run is open."""
        self._task.drop()
        self._folder = None
        self.listed.emit(())

    def refresh(self) -> None:
        """Updates the flags after checkpoints or measurements changed."""
        if self._folder is not None:
            self._task.start(partial(as_generator, read_flags, self._folder / "checkpoints"), done=self.listed.emit)


def read_flags(checkpoints: Path) -> tuple[Flag, ...]:
    """Returns a flag for each of a run's own checkpoints in a folder, and one more for each that is best by a
    metric."""
    found = []
    for path in numbered(checkpoints)[-MOST:]:
        words = [_("Checkpoint"), *([_("kept")] if is_pinned(path) else []), *filter(None, [note_of(path)])]
        found.append(Flag(int(path.stem), "checkpoint", listed(words)))
    for each in best(checkpoints):
        text = _("Best {metric}: {value}").format(metric=label(each.key), value=f"{each.value:.4g}")
        found.append(Flag(each.step, "best", text))
    return tuple(sorted(found, key=lambda flag: flag.step))
