"""Panel of the Data workspace: the dataset, its preparation, and excluded images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.events import Images, Progress
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.basic.labels import Label
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_view import NO_IMAGES

if TYPE_CHECKING:
    from studio.model.data import BeforeAfter, DataFacts, DatasetSheet, Examined, Page
    from studio.widgets.data.dataset_view import DatasetView


class DataPanel(QWidget):
    """Empty, busy with first images above a progress bar, or showing a dataset."""

    home_requested = Signal()
    """Other images are to be opened, which Home offers."""
    cancelled = Signal()
    sheet_requested = Signal(int, int, bool)
    """How many images, the seed of their choice, and whether as the discriminator sees them."""
    comparison_requested = Signal(int)
    """The seed of the choice of originals that are to be seen beside what becomes of them."""
    preparation_chosen = Signal(object)
    """New values by the names of their settings."""
    page_requested = Signal(object, int)
    """A finding, and which page of its images."""
    leave_out_requested = Signal(object, object)
    """A finding, and the rows of which the person decided otherwise than it suggests."""
    leave_out_suggested_requested = Signal()
    include_requested = Signal()
    train_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        text = "No images are open. Drop a folder of images here, or choose one on the Home page."
        self._empty = EmptyPage(text, "Go to Home", "house", "Go to Home", "Open images, or try a sample")
        self._empty.asked.connect(self.home_requested)
        self._stack = QStackedWidget()
        self._busy = self._build_busy()
        self._view: DatasetView | None = None
        for page in (self._empty, self._busy):
            self._stack.addWidget(page)
        self._has_dataset = False
        self._is_preparing = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self._stack)

    @property
    def view(self) -> DatasetView:
        """What shows a dataset."""
        if self._view is None:
            from studio.widgets.data.dataset_view import DatasetView

            view = self._view = DatasetView()
            view.sheet_requested.connect(self.sheet_requested)
            view.comparison_requested.connect(self.comparison_requested)
            view.another_requested.connect(self.home_requested)
            view.train_requested.connect(self.train_requested)
            view.controls.chosen.connect(self.preparation_chosen)
            view.controls.cancelled.connect(self.cancelled)
            view.health.page_requested.connect(self.page_requested)
            view.health.leave_out_requested.connect(self.leave_out_requested)
            view.health.leave_out_suggested_requested.connect(self.leave_out_suggested_requested)
            view.health.include_requested.connect(self.include_requested)
            self._stack.addWidget(view)
        return self._view

    def set_locked(self, locked: bool) -> None:
        """While a training runs the images are prepared as they are."""
        self.view.controls.set_locked(locked)

    def begin_progress(self, is_preparing: bool) -> None:
        """Images are being read; `is_preparing`: those that are shown, which stay until they are prepared anew."""
        self._is_preparing = is_preparing
        self._first_images.set_images(NO_IMAGES)

    def show_progress(self, progress: Progress) -> None:
        if self._is_preparing:
            self.view.controls.show_progress(progress)
            return
        self._stack.setCurrentWidget(self._busy)
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        count = f"{progress.done:,} of {progress.total:,}" if progress.total else f"{progress.done:,}"
        self._busy_text.setText(f"{progress.text}: {count}")

    def show_first_images(self, images: Images) -> None:
        """The first images of a dataset that is being read."""
        if not self._is_preparing:
            self._first_images.set_images(images)
            self._stack.setCurrentWidget(self._busy)

    def end_progress(self) -> None:
        """It is over: back to the dataset that is open, if there is one."""
        self.view.controls.end_progress()
        if not self._is_preparing:
            self._stack.setCurrentWidget(self.view if self._has_dataset else self._empty)

    def show_dataset(self, facts: DataFacts, sheet: Images) -> None:
        """A dataset and a sheet of its images."""
        self._has_dataset = True
        self.view.show_dataset(facts, sheet)
        self._stack.setCurrentWidget(self.view)

    def show_sheet(self, sheet: DatasetSheet) -> None:
        """Other images of the same dataset."""
        self.view.show_sheet(sheet)

    def show_preparation(self, values: Mapping[str, Any]) -> None:
        """How images are prepared now, by the names of the settings."""
        self.view.show_preparation(values)

    def begin_examination(self) -> None:
        self.view.begin_examination()

    def show_examination(self, progress: Progress) -> None:
        self.view.health.show_progress(progress)

    def show_report(self, examined: Examined) -> None:
        """What was found in the dataset."""
        self.view.show_report(examined)

    def end_examination(self) -> None:
        self.view.health.end()

    def show_page(self, page: Page) -> None:
        """Images of the finding that is looked at."""
        self.view.health.show_page(page)

    def show_comparison(self, comparison: BeforeAfter) -> None:
        """Originals beside what becomes of them."""
        self.view.show_comparison(comparison)

    def _build_busy(self) -> QWidget:
        page = QWidget()
        self._first_images = ImageGrid()
        self._first_images.set_empty_text("")
        self._first_images.setMaximumHeight(320)
        self._first_images.setAccessibleName("The first images")
        self._busy_text = Label(alignment=Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(360)
        self._bar.setAccessibleName("Progress of reading the images")
        cancel = QPushButton("Cancel")
        cancel.setToolTip("Stop reading; nothing is changed")
        cancel.clicked.connect(self.cancelled)
        column = QVBoxLayout(page)
        column.setSpacing(10)
        column.addStretch()
        column.addWidget(self._first_images, 4)
        column.addWidget(self._busy_text)
        for widget in (self._bar, cancel):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        return page
