"""View of samples in the Train workspace, now or at a past moment: sample grid beside real images, or the plane of
points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from core.events import Images, Points, Samples
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.train.playground import PlaygroundView

MOST_POINTS = 1000
"""Real points in the plane before there is a training, as many as with one."""
GRIDS, PLANE, PICTURE = range(3)


class SampleView(QStackedWidget):
    """While a moment is held, new samples are kept for later and change nothing on screen."""

    plane_shown = Signal(bool)
    """The plane has taken the place of the images, or given it back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.samples = ImageGrid(selectable=True, generated=True, comparable=True)
        self.samples.setToolTip("Click to enlarge, Ctrl-click or Shift-click to select, right-click for more")
        self.samples.set_empty_text("Samples appear here when training starts.")
        self.reals = ImageGrid()
        self.reals.set_empty_text("Real images appear here when a dataset is open.")
        self.playground = PlaygroundView()
        self.picture = ImageGrid(generated=True)
        self.picture.setAccessibleName("Picture of the points")
        self.columns: tuple[str, ...] = ()
        """What the columns of the samples stand for."""
        self._newest: Samples | None = None
        self._is_held = False
        self._shows_plane = False
        self.grids = QSplitter(Qt.Orientation.Horizontal)
        self.grids.addWidget(self.samples)
        self.grids.addWidget(self.reals)
        self.grids.setSizes([600, 400])
        for page in (self.grids, self.playground, self.picture):
            self.addWidget(page)

    def minimumSizeHint(self) -> QSize:
        # That of the page on screen: a plane, which wants more room, must not take it from two grids.
        shown = self.currentWidget()
        return shown.minimumSizeHint() if shown is not None else QSize()

    def show_reals(self, images: Images) -> None:
        """Training images, to compare with."""
        self.show_plane(False)
        self.reals.set_images(images)
        self.reals.set_caption("Real images")

    def show_real_points(self, real: NDArray[np.float32]) -> None:
        """The points that will be trained on."""
        self.playground.view.set_real(real[:MOST_POINTS])
        self.show_plane(True)

    def show_newest(self, samples: Samples | Points) -> None:
        """What the training has made last."""
        self.show_plane(isinstance(samples, Points))
        if isinstance(samples, Points):
            self.playground.view.set_points(samples)
            return
        self._newest = samples
        if not self._is_held:
            self._put(samples)

    def show_plane(self, shown: bool) -> None:
        """The plane of points in the place of both grids."""
        if shown != self._shows_plane:
            self._shows_plane = shown
            if not self._is_held:
                self.setCurrentIndex(PLANE if shown else GRIDS)
            self.plane_shown.emit(shown)

    def hold(self) -> None:
        """From now on a moment is looked at."""
        self._is_held = True

    def show_moment(self, samples: Samples, of_points: bool) -> None:
        """The samples of the moment; those of points are one picture."""
        if not self._is_held:
            return
        self.setCurrentIndex(PICTURE if of_points else GRIDS)
        if of_points:
            self.picture.set_images(samples.images)
            self.picture.set_caption(f"Points, step {samples.step:,}")
        else:
            self._put(samples)

    def release(self) -> None:
        """The newest again."""
        if not self._is_held:
            return
        self._is_held = False
        self.setCurrentIndex(PLANE if self._shows_plane else GRIDS)
        if self._newest is not None:
            self._put(self._newest)

    def _put(self, samples: Samples) -> None:
        self.columns = samples.columns
        self.samples.set_images(samples.images)
        self.samples.set_columns(len(samples.columns), samples.columns)
        self.samples.set_caption(f"Generated, step {samples.step:,}")
