"""Service that reads images of the open dataset for a grid of all images, newest request first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.imaging.packed import packed
from studio.background.threads import LatestThread
from studio.model.data import Image, OpenedDataset, TileRequest, Tiles

if TYPE_CHECKING:
    from core.data.dataset import Dataset

AT_ONCE = 2**21
"""Bytes of images read before checking for a newer request."""
MOST_AT_ONCE = 64
"""Number of images read before checking, if they are small."""

T = TypeVar("T")


class TileReader(QObject):
    """Reads in a thread. Emits every signal in the GUI thread."""

    read = Signal(object)
    """`Tiles` of some rows of the newest request."""
    image_read = Signal(int, object)
    """A row, and its image at training size, (H, W, C)."""
    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._whole: Dataset | None = None
        self._newest = TileRequest((), (1, 1))
        self._thread = LatestThread(self)
        self._thread.failed.connect(self._fail)

    def open(self, opened: OpenedDataset) -> None:
        """Reads from this dataset from now on."""
        self._whole = None if opened.whole.points else opened.whole

    def ask(self, request: TileRequest) -> None:
        """Reads tiles, as `read`; drops the rest of an older request."""
        self._newest = request
        if self._whole is not None:
            self._read(self._whole, request, 0)

    def read_image(self, row: int) -> None:
        """Reads an image at training size, as `image_read`."""
        if self._whole is not None:
            work = partial(read_image, self._whole, row)
            self._ask("image", work, partial(self._show_image, self._whole, row))

    def shutdown(self) -> None:
        """Ends the thread and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def _ask(self, slot: str, work: Callable[[], T], done: Callable[[T], object]) -> None:
        if not self._thread.isRunning():
            self._thread.start()
        self._thread.ask(slot, work, done)

    def _read(self, whole: Dataset, request: TileRequest, start: int) -> None:
        """Reads the request from this place on, a few rows at a time."""
        count = min(max(AT_ONCE * len(whole.images) // max(whole.images.nbytes, 1), 1), MOST_AT_ONCE)
        if rows := request.rows[start : start + count]:
            done = partial(self._show, whole, request, start + count)
            self._ask("tiles", partial(read_tiles, whole, rows, request.size), done)

    def _show(self, whole: Dataset, request: TileRequest, start: int, tiles: Tiles) -> None:
        if whole is self._whole:
            self.read.emit(tiles)
            if request is self._newest:
                self._read(whole, request, start)

    def _show_image(self, whole: Dataset, row: int, image: Image) -> None:
        if whole is self._whole:
            self.image_read.emit(row, image)

    def _fail(self, problem: UserError) -> None:
        """Reports once that images cannot be read any more, and stops reading."""
        if self._whole is not None:
            self._whole = None
            self.problem.emit(problem)


def read_tiles(whole: Dataset, rows: tuple[int, ...], size: tuple[int, int]) -> Tiles:
    """Reads rows of a dataset as pixels of tiles of this width and height."""
    images = whole.images[np.array(rows, np.int64)].transpose(0, 2, 3, 1)
    if whole.size != size:
        images = np.stack([_resized(image, size) for image in images])
    return Tiles(whole.records, size, rows, packed(images))


def read_image(whole: Dataset, row: int) -> Image:
    """Reads one image of a dataset, (H, W, C)."""
    return np.ascontiguousarray(whole.images[row].transpose(1, 2, 0))


def _resized(image: Image, size: tuple[int, int]) -> Image:
    """Returns the image (H, W, C) at this width and height: antialiased, or enlarged pixel by pixel."""
    from PIL.Image import Resampling, fromarray

    height, width, channels = image.shape
    flat = np.ascontiguousarray(image[:, :, 0] if channels == 1 else image)
    how = Resampling.BOX if size < (width, height) else Resampling.NEAREST
    return np.asarray(fromarray(flat).resize(size, how)).reshape(size[1], size[0], channels)
