"""The pictures that a run has kept of its fixed latents, read as fast as a hand moves through them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.events import Images, Points, Samples
from studio.background.threads import LatestThread

MOST_BYTES = 2**26
"""Of pictures that are kept decoded."""
AHEAD = 3
"""Pictures beyond the cursor, in the direction of its last move, that are read before they are wanted."""

STEP = re.compile("[0-9]{9}|[1-9][0-9]{9,17}")
"""How a picture's step is written."""

Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Album:
    """Where a run's pictures lie, and how each is cut into `count` images of `size` (width, height) in `columns`; those
    of points are whole (`size` None)."""

    folder: Path
    size: tuple[int, int] | None
    count: int
    columns: tuple[str, ...]

    @classmethod
    def of(cls, run: Path, like: Samples | Points) -> Album:
        """`like`: any samples of that run."""
        if isinstance(like, Points):
            return cls(run / "samples", None, 1, ())
        count, height, width, _ = like.images.shape
        return cls(run / "samples", (width, height), count, like.columns)


@dataclass(frozen=True)
class _Look:
    """What pictures are there?"""

    album: Album


@dataclass(frozen=True)
class _Read:
    """The first of these steps is wanted now, or in a moment."""

    album: Album
    steps: tuple[int, ...]


class SampleImages(QObject):
    """The pictures of the run that is open. Every signal is emitted in the GUI thread."""

    listed = Signal(object)
    """The steps, in order, of which there are pictures, when they have changed."""
    read = Signal(object, bool)
    """`Samples` of a step that was asked for, and whether they are a picture of points."""
    missed = Signal(int)
    """There is no picture any more of this step, or it is damaged."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._album: Album | None = None
        self._steps: Steps = np.empty(0, np.int64)
        self._last = 0
        self._thread = LatestThread(_Shelf().answer, self)
        self._thread.answered.connect(self._show)

    def open(self, run: Path, like: Samples | Points) -> None:
        """From now on those of this run; call it again when it may have more. `like`: any samples of it."""
        album = Album.of(run, like)
        if album != self._album:
            self._album = album
            self._put_steps(np.empty(0, np.int64))
        self.look()

    def close(self) -> None:
        """No run is open."""
        self._album = None
        self._put_steps(np.empty(0, np.int64))

    def look(self) -> None:
        """Looks for pictures that have come or gone."""
        self._ask("look", None if self._album is None else _Look(self._album))

    def ask(self, step: int) -> None:
        """The picture of a step, as `read` or `missed`; one that waits is given up for it."""
        if self._album is not None:
            forward, self._last = step >= self._last, step
            self._ask("read", _Read(self._album, (step, *self._beyond(step, forward))))

    def shutdown(self) -> None:
        """Ends the thread, and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def _beyond(self, step: int, forward: bool) -> tuple[int, ...]:
        at = bisect_left(self._steps, step)
        found = self._steps[at + 1 : at + 1 + AHEAD] if forward else self._steps[max(at - AHEAD, 0) : at][::-1]
        return tuple(found.tolist())

    def _ask(self, slot: str, request: _Look | _Read | None) -> None:
        if request is not None:
            if not self._thread.isRunning():
                self._thread.start()
            self._thread.ask(slot, request)

    def _show(self, slot: str, request: _Look | _Read, answer: Steps | Samples | None) -> None:
        if request.album != self._album:
            return
        if isinstance(request, _Look):
            assert isinstance(answer, np.ndarray)
            self._put_steps(answer)
            return
        if slot == "read":
            if answer is None:
                self.missed.emit(request.steps[0])
                self.look()
            else:
                self.read.emit(answer, request.album.size is None)
        if len(request.steps) > 1:  # one at a time, so that what a hand wants never waits for several
            self._ask("ahead", _Read(request.album, request.steps[1:]))

    def _put_steps(self, steps: Steps) -> None:
        if not np.array_equal(steps, self._steps):
            self._steps = steps
            self.listed.emit(steps)


class _Shelf:
    """Answers in the thread, and keeps what was read last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int], Samples] = OrderedDict()

    def answer(self, request: _Look | _Read) -> Steps | Samples | None:
        if isinstance(request, _Look):
            return _listed(request.album.folder)
        return self._read(request.album, request.steps[0])

    def _read(self, album: Album, step: int) -> Samples | None:
        path = album.folder / f"{step:09d}.png"
        try:
            place = path, path.stat().st_mtime_ns  # a training that goes back writes some of them again
            samples = self._kept.pop(place, None) or Samples(step, _cut(path, album), album.columns)
        except (OSError, ValueError, SyntaxError):  # gone, damaged, or of another size
            return None
        self._kept[place] = samples
        while len(self._kept) > 1 and sum(each.images.nbytes for each in self._kept.values()) > MOST_BYTES:
            self._kept.popitem(last=False)
        return samples


def _listed(folder: Path) -> Steps:
    try:
        found = [int(path.stem) for path in folder.glob("*.png") if STEP.fullmatch(path.stem)]
    except OSError:
        found = []
    return np.array(sorted(found), np.int64)


def _cut(path: Path, album: Album) -> Images:
    """Raises `OSError` or `ValueError` for what is no picture of the album."""
    from core.imaging.grid import read_png, tiles

    pixels = read_png(path)
    return pixels[None] if album.size is None else tiles(pixels, album.size, album.count)
