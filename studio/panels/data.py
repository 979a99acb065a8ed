"""Panel of the Data workspace: the dataset, its preparation, and excluded images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.events import Images, Progress
from core.language import _, number, titled
from studio.model.undo import Undo
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.basic.labels import Label
from studio.widgets.basic.scale import scale_length
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_mime import add_image
from studio.widgets.images.row_viewer import RowViewer
from studio.widgets.images.tile_layout import sheet as one_picture
from studio.widgets.images.tile_view import NO_IMAGES

if TYPE_CHECKING:
    from studio.model.data import (
        BeforeAfter,
        DataFacts,
        DatasetSheet,
        Examined,
        Examples,
        Image,
        ImageIndex,
        Page,
        Tiles,
    )
    from studio.widgets.data.dataset_view import DatasetView


class DataPanel(QWidget):
    """Panel that is empty, shows the first images above a progress bar, or shows a dataset."""

    home_requested = Signal()
    """Go to Home, to open other images."""
    canceled = Signal()
    sheet_requested = Signal(int, int)
    """Number of augmented images to show, and the seed of their choice."""
    comparison_requested = Signal(int)
    """Seed of the originals to compare with their prepared images."""
    examples_requested = Signal(int)
    """Seed of the examples of what a translation learns from."""
    preparation_chosen = Signal(object)
    """New values by setting name."""
    page_requested = Signal(object, int)
    """A finding and a page of its images."""
    tiles_requested = Signal(object)
    """A `TileRequest` that replaces the previous one."""
    image_requested = Signal(int)
    """Row of an image to enlarge or copy."""
    left_out_changed = Signal(object)
    """Frozenset of the rows to leave out."""
    remedy_switched = Signal(object, bool)
    """A `Remedy` that is a setting, and whether to apply it."""
    train_requested = Signal()
    undo_changed = Signal(bool, bool)
    """Tells whether undo and redo are possible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        text = _("No images are open. Drop a folder of images here, or open one on Home.")
        self._empty = EmptyPage(text, _("Go to Home"), "house", _("Go to Home"), _("Open images or try a sample"))
        self._empty.asked.connect(self.home_requested)
        self._stack = QStackedWidget()
        self._busy = self._build_busy()
        self._view: DatasetView | None = None
        for page in (self._empty, self._busy):
            self._stack.addWidget(page)
        self._has_dataset = False
        self._is_preparing = False
        self._index: ImageIndex | None = None
        self._undo = Undo(frozenset[int]())
        """Rows left out."""
        self._copied = -1
        self._viewer: RowViewer | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self._stack)

    @property
    def view(self) -> DatasetView:
        """The view that shows a dataset."""
        if self._view is None:
            from studio.widgets.data.dataset_view import DatasetView

            view = self._view = DatasetView()
            view.sheet_requested.connect(self.sheet_requested)
            view.comparison_requested.connect(self.comparison_requested)
            view.examples_requested.connect(self.examples_requested)
            view.another_requested.connect(self.home_requested)
            view.train_requested.connect(self.train_requested)
            view.controls.chosen.connect(self.preparation_chosen)
            view.controls.canceled.connect(self.canceled)
            view.groups.page_requested.connect(self.page_requested)
            view.leave_out_requested.connect(self._leave_out)
            view.remedy_switched.connect(self.remedy_switched)
            view.browser.grid.tiles_requested.connect(self.tiles_requested)
            view.browser.grid.activated.connect(self._enlarge)
            view.browser.grid.copy_requested.connect(self._copy)
            self._stack.addWidget(view)
        return self._view

    def set_locked(self, locked: bool) -> None:
        """Locks images and settings while a training runs."""
        self.view.set_locked(locked)

    def begin_progress(self, is_preparing: bool) -> None:
        """Shows that images are being read; `is_preparing`: those shown, which stay until they are prepared again."""
        self._is_preparing = is_preparing
        self._first_images.set_images(NO_IMAGES)

    def show_progress(self, progress: Progress) -> None:
        if self._is_preparing:
            self.view.controls.show_progress(progress)
            return
        self._stack.setCurrentWidget(self._busy)
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        count = progress.counted if progress.total else number(progress.done)
        self._busy_text.setText(titled(progress.text, count))

    def show_first_images(self, images: Images) -> None:
        """Shows the first images of a dataset that is being read."""
        if not self._is_preparing:
            self._first_images.set_images(images)
            self._stack.setCurrentWidget(self._busy)

    def end_progress(self) -> None:
        """Returns to the open dataset, if there is one."""
        self.view.controls.end_progress()
        if not self._is_preparing:
            self._stack.setCurrentWidget(self.view if self._has_dataset else self._empty)

    def show_dataset(self, facts: DataFacts, index: ImageIndex, sheet: Images) -> None:
        """Shows a dataset, all its images and a sheet of them; again after images were left out."""
        self._has_dataset = True
        if not self._goes_on(index):
            self._undo = Undo(index.left_out)
            self._tell_undo()
        self._index = index
        self.view.show_dataset(facts, index, self._undo.state, sheet)
        self._stack.setCurrentWidget(self.view)

    def show_sheet(self, sheet: DatasetSheet) -> None:
        """Shows other images of the same dataset."""
        self.view.show_sheet(sheet)

    def show_tiles(self, tiles: Tiles) -> None:
        """Adds tiles to the grid of all images."""
        self.view.browser.grid.add_tiles(tiles)

    def show_image(self, row: int, image: Image) -> None:
        """Shows an image that was requested to enlarge or copy."""
        if row == self._copied:
            self._copied = -1
            QGuiApplication.clipboard().setMimeData(add_image(QMimeData(), one_picture(image[None], 1), image, False))
        if self._viewer is not None:
            self._viewer.show_image(row, image)

    def show_settings(self, values: Mapping[str, Any]) -> None:
        """Shows settings that are remedies, by name."""
        self.view.show_settings(values)

    def show_preparation(self, values: Mapping[str, Any]) -> None:
        """Shows the current preparation, by setting name."""
        self.view.show_preparation(values)

    def begin_examination(self) -> None:
        self.view.begin_examination()

    def show_examination(self, progress: Progress) -> None:
        self.view.findings.show_progress(progress)

    def show_report(self, examined: Examined) -> None:
        """Shows the findings about the dataset."""
        self.view.show_report(examined)

    def end_examination(self) -> None:
        self.view.findings.end()

    def show_page(self, page: Page) -> None:
        """Shows a page of the selected finding's images."""
        self.view.groups.show_page(page)

    def show_comparison(self, comparison: BeforeAfter) -> None:
        """Shows originals beside their prepared images."""
        self.view.show_comparison(comparison)

    def show_task(self, name: str) -> None:
        """Shows examples of a task beside the images, unless it makes images from noise."""
        self.view.show_task(name)

    def show_examples(self, examples: Examples) -> None:
        """Shows inputs beside their targets."""
        self.view.show_examples(examples)

    # --- left-out images ---

    def undo(self) -> None:
        """Undoes the last change of the left-out images."""
        if self._undo.undo():
            self._show_left_out()

    def redo(self) -> None:
        if self._undo.redo():
            self._show_left_out()

    def copy(self) -> bool:
        """Copies the current image to the clipboard; returns whether there is one."""
        row = self.view.browser.grid.current_row() if self._has_dataset and self.view.is_browsing() else -1
        if row >= 0:
            self._copy(row)
        return row >= 0

    def settle_left_out(self, rows: frozenset[int]) -> None:
        """Takes over the stored rows that are left out; undoes a refused change."""
        if rows == self._undo.state:
            return
        self._undo.undo()
        if rows != self._undo.state:
            self._undo = Undo(rows)
        self.view.show_left_out(rows)
        self._tell_undo()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_undo()

    def _leave_out(self, rows: NDArray[np.int64], out: bool) -> None:
        chosen = frozenset(rows.tolist())
        self._undo.do(self._undo.state | chosen if out else self._undo.state - chosen)
        self._show_left_out()

    def _show_left_out(self) -> None:
        self.view.show_left_out(self._undo.state)
        self.left_out_changed.emit(self._undo.state)
        self._tell_undo()

    def _goes_on(self, index: ImageIndex) -> bool:
        """Returns whether these are the open images, with a change of the left-out rows still being stored."""
        before = self._index
        if before is None or (before.source, len(before)) != (index.source, len(index)):
            return False
        return before.records is index.records or index.left_out == self._undo.state

    def _tell_undo(self) -> None:
        self.undo_changed.emit(self._undo.can_undo, self._undo.can_redo)

    # --- single images ---

    def _copy(self, row: int) -> None:
        self._copied = row
        self.image_requested.emit(row)

    def _enlarge(self, row: int) -> None:
        grid = self.view.browser.grid
        viewer = RowViewer(grid.rows(), grid.place_of(row), self.view.browser.describe, self)
        viewer.image_requested.connect(self.image_requested)
        viewer.finished.connect(lambda: self._end_viewer(viewer))
        self._viewer = viewer
        self.image_requested.emit(row)
        viewer.open()

    def _end_viewer(self, viewer: RowViewer) -> None:
        """Makes the image seen last the current one."""
        grid = self.view.browser.grid
        if (place := grid.place_of(viewer.row())) >= 0:
            grid.step_to(place)
        self._viewer = None
        viewer.deleteLater()

    def _build_busy(self) -> QWidget:
        page = QWidget()
        self._first_images = ImageGrid()
        self._first_images.set_empty_text("")
        self._first_images.setMaximumHeight(320)
        self._first_images.setAccessibleName(_("First images"))
        self._busy_text = Label(alignment=Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar(textVisible=False)
        scale_length(self._bar, self._bar.setFixedWidth, 360)
        self._bar.setAccessibleName(_("Progress of reading the images"))
        cancel = QPushButton(_("Cancel"))
        cancel.setToolTip(_("Stop reading; the open dataset stays"))
        cancel.clicked.connect(self.canceled)
        column = QVBoxLayout(page)
        column.setSpacing(10)
        column.addStretch()
        column.addWidget(self._first_images, 4)
        column.addWidget(self._busy_text)
        for widget in (self._bar, cancel):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        return page
