"""Service that reads the stored sample grids of a run while its timeline is scrubbed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.events import Images, Points, Samples
from studio.background.threads import LatestThread

MOST_BYTES = 2**26
"""Bytes of decoded sample grids in the cache."""
MOST_PIXELS = 2**22
"""Most pixels of an image of points."""
AHEAD = 3
"""Sample grids read ahead in the direction of the last move."""

STEP = re.compile("[0-9]{9}|[1-9][0-9]{9,17}")
"""Format of the step in a file name."""

Steps = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Album:
    """Folder of a run's sample grids, and how each is cut into `count` images of `size` (width, height) in `columns`,
    those of the columns `generated` by the training; images of points are not cut (`size` None)."""

    folder: Path
    size: tuple[int, int] | None
    count: int
    columns: tuple[str, ...]
    generated: tuple[int, ...] = ()

    @classmethod
    def of(cls, run: Path, like: Samples | Points) -> Album:
        """Returns the album of a run; `like`: any samples of it."""
        if isinstance(like, Points):
            return cls(run / "samples", None, 1, ())
        count, height, width, _ = like.images.shape
        return cls(run / "samples", (width, height), count, like.columns, like.generated)


class SampleImages(QObject):
    """Reads sample grids of the open run. Emits every signal in the GUI thread."""

    steps_listed = Signal(object)
    """Ascending steps with sample grids, when they have changed."""
    read = Signal(object, bool)
    """`Samples` of a requested step, and whether they are an image of points."""
    missed = Signal(int)
    """Step whose sample grid is missing or damaged."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._album: Album | None = None
        self._steps: Steps = np.empty(0, np.int64)
        self._last = 0
        self._reader = _Reader()
        self._thread = LatestThread(self)

    def open(self, run: Path, like: Samples | Points) -> None:
        """Reads from this run from now on; call it again when it may have more. `like`: any samples of it."""
        album = Album.of(run, like)
        if album != self._album:
            self._album = album
            self._put_steps(np.empty(0, np.int64))
        self.list_pictures()

    def close(self) -> None:
        """Stops reading; no run is open."""
        self._album = None
        self._put_steps(np.empty(0, np.int64))

    def list_pictures(self) -> None:
        """Updates the list of sample grids."""
        if self._album is not None:
            self._ask("list", partial(_list_pictures, self._album.folder), partial(self._show_steps, self._album))

    def ask(self, step: int) -> None:
        """Reads the sample grid of a step, as `read` or `missed`, replacing a waiting request."""
        if self._album is not None:
            forward, self._last = step >= self._last, step
            done = partial(self._show, self._album, step, self._beyond(step, forward))
            self._ask("read", partial(self._reader.read, self._album, step), done)

    def shutdown(self) -> None:
        """Ends the thread and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def _beyond(self, step: int, forward: bool) -> tuple[int, ...]:
        at = bisect_left(self._steps, step)
        found = self._steps[at + 1 : at + 1 + AHEAD] if forward else self._steps[max(at - AHEAD, 0) : at][::-1]
        return tuple(found.tolist())

    def _ask(self, slot: str, work: Callable[[], T], done: Callable[[T], object]) -> None:
        if not self._thread.isRunning():
            self._thread.start()
        self._thread.ask(slot, work, done)

    def _show_steps(self, album: Album, steps: Steps) -> None:
        if album == self._album:
            self._put_steps(steps)

    def _show(self, album: Album, step: int, ahead: tuple[int, ...], samples: Samples | None) -> None:
        if album != self._album:
            return
        if samples is None:
            self.missed.emit(step)
            self.list_pictures()
        else:
            self.read.emit(samples, album.size is None)
        self._read_ahead(album, ahead)

    def _read_ahead(self, album: Album, steps: tuple[int, ...], _: Samples | None = None) -> None:
        """Reads ahead one grid at a time, so that a request never waits for several."""
        if steps and album == self._album:
            self._ask("ahead", partial(self._reader.read, album, steps[0]), partial(self._read_ahead, album, steps[1:]))

    def _put_steps(self, steps: Steps) -> None:
        if not np.array_equal(steps, self._steps):
            self._steps = steps
            self.steps_listed.emit(steps)


class _Reader:
    """Reads in the thread, and caches the most recent grids."""

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[Path, int], Samples] = OrderedDict()

    def read(self, album: Album, step: int) -> Samples | None:
        """Returns None for a missing or damaged grid."""
        path = album.folder / f"{step:09d}.png"
        try:
            key = path, path.stat().st_mtime_ns  # a training that goes back writes some again
            samples = self._cache.pop(key, None) or _samples(step, path, album)
        except (OSError, UserError):  # missing, damaged, or of another size
            return None
        self._cache[key] = samples
        while len(self._cache) > 1 and sum(each.images.nbytes for each in self._cache.values()) > MOST_BYTES:
            self._cache.popitem(last=False)
        return samples


def _list_pictures(folder: Path) -> Steps:
    try:
        found = [int(path.stem) for path in folder.glob("*.png") if STEP.fullmatch(path.stem)]
    except OSError:
        found = []
    return np.array(sorted(found), np.int64)


def _samples(step: int, path: Path, album: Album) -> Samples:
    return Samples(step, _cut(path, album), album.columns, album.generated)


def _cut(path: Path, album: Album) -> Images:
    """Cuts a grid into images. Raises `UserError` for an image of another album."""
    from core.runs.sample_grid import read_pixels, read_tiles

    if album.size is None:
        return read_pixels(path, MOST_PIXELS)[None]
    return read_tiles(path, album.size, album.count)
