"""Image stage of the Train workspace, now or at a past moment: the sample grid with real images beside it, or the plane
of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.events import Images, Points, Samples
from core.language import _, number
from studio.widgets.basic.labels import Glyph, WrappedLabel
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_view import NO_IMAGES
from studio.widgets.train.playground import PlaygroundView

MOST_POINTS = 1000
"""Number of real points in the plane before a training, as many as during one."""
GRIDS, PLANE, PICTURE = range(3)


class EmptyStage(QWidget):
    """Page before the first samples: shows what will appear, and when."""

    def __init__(self, stage: QWidget) -> None:
        super().__init__(stage)
        self._glyph = Glyph("hourglass", 28, "muted")
        self._text = WrappedLabel()
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._below = WrappedLabel(_("Samples appear here when training starts."), "muted")
        self._below.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch()
        column.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._text)
        column.addWidget(self._below)
        column.addStretch()
        around = QVBoxLayout(stage)
        around.setContentsMargins(24, 8, 24, 8)
        around.addWidget(self)
        self.show_text("", is_warning=False)

    def show_text(self, text: str, is_warning: bool) -> None:
        """Shows a sentence; empty for none."""
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._glyph.setVisible(bool(text))
        self._glyph.set_glyph("warning" if is_warning else "hourglass", "caution" if is_warning else "muted")


class SampleView(QStackedWidget):
    """Samples of the newest or a chosen moment; new samples do not replace a chosen moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.samples = ImageGrid(selectable=True, generated=True, comparable=True)
        self.samples.setToolTip(_("Click to enlarge, Ctrl+click or Shift+click to select, right-click for more"))
        self.samples.set_empty_text("")
        self._empty = EmptyStage(self.samples)
        self.reals = ImageGrid()
        self.reals.set_empty_text(_("Real images appear here when a dataset is open."))
        self.playground = PlaygroundView()
        self.picture = ImageGrid(generated=True)
        self.picture.setAccessibleName(_("Image of the points"))
        self.columns: tuple[str, ...] = ()
        """Names of the samples' columns."""
        self.translates = False
        """Tells whether each row shows a translation beside its input."""
        self._newest: Samples | None = None
        self._is_held = False
        self._shows_plane = False
        self.grids = QSplitter(Qt.Orientation.Horizontal)
        self.grids.addWidget(self.samples)
        self.grids.addWidget(self.reals)
        self.grids.setSizes([500, 500])
        self.grids.setChildrenCollapsible(False)
        self.reals.hide()
        self._over = ImageGrid(self.samples)
        self._over.setAutoFillBackground(True)
        self._over.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._over.setAccessibleName(_("Real images"))
        self._over.hide()
        for page in (self.grids, self.playground, self.picture):
            self.addWidget(page)

    def minimumSizeHint(self) -> QSize:
        # Size hint of the visible page only: the plane needs more room and must not take it from the grids.
        shown = self.currentWidget()
        return shown.minimumSizeHint() if shown is not None else QSize()

    def show_reals(self, images: Images) -> None:
        """Sets training images to compare with."""
        self.show_plane(False)
        self.reals.set_images(images)
        self.reals.set_caption(_("Real images"))

    def show_reals_beside(self, shown: bool) -> None:
        """Shows real images beside the samples, each in half of the stage; or the samples alone."""
        self.reals.setVisible(shown)

    def show_reals_over(self, shown: bool) -> None:
        """Shows real images in place of the samples while a key is held, so that they can be compared without
        motion."""
        shown = shown and bool(len(self.reals.images())) and self.currentIndex() == GRIDS
        if shown:
            self._over.set_images(self.reals.images())
            self._over.set_caption(_("Real images"))
            self._over.setGeometry(self.samples.rect())
            self._over.raise_()
        self._over.setVisible(shown)

    def show_expectation(self, text: str, is_warning: bool) -> None:
        """Shows the expected duration of a training while there are no samples."""
        self._empty.show_text(text, is_warning)

    def clear(self) -> None:
        """Clears the samples for another training."""
        self._newest = None
        self.release()
        self.samples.set_images(NO_IMAGES)
        self.samples.set_caption("")
        self._empty.show()

    def show_real_points(self, real: NDArray[np.float32]) -> None:
        """Shows the points of the next training."""
        self.playground.view.set_real(real[:MOST_POINTS])
        self.show_plane(True)

    def show_newest(self, samples: Samples | Points) -> None:
        """Shows the newest samples of the training."""
        self.show_plane(isinstance(samples, Points))
        if isinstance(samples, Points):
            self.playground.view.set_points(samples)
            return
        self._newest = samples
        if not self._is_held:
            self._put(samples)

    def show_plane(self, shown: bool) -> None:
        """Shows the plane of points instead of both grids."""
        if shown != self._shows_plane:
            self._shows_plane = shown
            if not self._is_held:
                self.setCurrentIndex(PLANE if shown else GRIDS)

    def hold(self) -> None:
        """Holds a past moment."""
        self._is_held = True

    def show_moment(self, samples: Samples, of_points: bool) -> None:
        """Shows the samples of the moment; those of points are one image."""
        if not self._is_held:
            return
        self.setCurrentIndex(PICTURE if of_points else GRIDS)
        if of_points:
            self.picture.set_images(samples.images)
            self.picture.set_caption(_("Points, step {step}").format(step=number(samples.step)))
        else:
            self._put(samples)

    def release(self) -> None:
        """Shows the newest samples again."""
        if not self._is_held:
            return
        self._is_held = False
        self.setCurrentIndex(PLANE if self._shows_plane else GRIDS)
        if self._newest is not None:
            self._put(self._newest)

    def _put(self, samples: Samples) -> None:
        self._empty.hide()
        self.columns, self.translates = samples.columns, bool(samples.generated)
        self.samples.set_images(samples.images)
        self.samples.set_columns(len(samples.columns), samples.columns)
        self.samples.set_generated_columns(samples.generated)
        text = _("Translated, step {step}") if self.translates else _("Generated, step {step}")
        self.samples.set_caption(text.format(step=number(samples.step)))
