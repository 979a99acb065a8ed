"""Main window: lays out workspaces, messages and footer, and emits the user's intents.

It knows no service. `studio.application` connects it with the services.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QPushButton, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from core.language import _
from studio import window_state
from studio.model.drops import is_openable
from studio.panels.home import HomePanel
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.fitting_area import FittingArea
from studio.widgets.basic.job_strip import JobStrip
from studio.widgets.basic.page_area import PageArea
from studio.widgets.home.drop_overlay import DropOverlay
from studio.widgets.train.footer import Footer

if TYPE_CHECKING:
    from studio.panels.apply import ApplyPanel
    from studio.panels.data import DataPanel
    from studio.panels.explore import ExplorePanel
    from studio.panels.queue import QueuePanel
    from studio.panels.train import TrainPanel

HOME, DATA, TRAIN, EXPLORE, QUEUE = range(5)
PROGRAM = "GAN Studio"
SMALLEST = QSize(900, 560)
"""Minimum size of the window, unless the screen is smaller."""
FRAME = 40
"""Height of the desktop's title bar."""


class MainWindow(QMainWindow):
    """Window with five workspaces: Home, Data, Train, Explore and Queue.

    Builds only Home before the first paint. Builds and imports the other workspaces right after it, or on demand.
    """

    path_dropped = Signal(str)
    pictures_dropped = Signal(list)
    """Paths dropped while a translator is shown, which may be pictures for it."""
    sources_dropped = Signal(list)
    """Paths dropped on the queue."""
    close_requested = Signal()
    """The person wants to close the window; it stays open until `release` is called."""
    closed = Signal()
    completed = Signal()
    """Every workspace is built."""
    seen = Signal()
    """The window is on screen with Home alone built."""
    painted = Signal()
    """The window is on screen with every workspace built."""
    workspace_changed = Signal(int)
    generator_changed = Signal(bool)
    """Explore shows another kind of generator; true for one that makes images from images."""

    def __init__(self) -> None:
        super().__init__()
        self.home = HomePanel(window_state.has_projects())
        self.banner, self.footer = Banner(passes=True), Footer()
        self.drop_overlay = DropOverlay()
        self.jobs = JobStrip(_("Stop this job. Files already written are kept."))
        self.reading = JobStrip(_("Stop reading this run. What is already shown is kept."))
        self.pages = QStackedWidget()
        self.pages.currentChanged.connect(self.workspace_changed)
        self._data: DataPanel | None = None
        self._train: TrainPanel | None = None
        self._explore: ExplorePanel | None = None
        self._apply: ApplyPanel | None = None
        self._queue: QueuePanel | None = None
        self._is_painted = self._is_released = self._is_placed = False
        self.setWindowTitle(PROGRAM)
        self.setAcceptDrops(True)
        self._build()
        window_state.restore_geometry(self)
        self._fit_screen()

    @property
    def data(self) -> DataPanel:
        """The Data workspace."""
        self.complete()
        assert self._data is not None
        return self._data

    @property
    def train(self) -> TrainPanel:
        """The Train workspace."""
        self.complete()
        assert self._train is not None
        return self._train

    @property
    def explore(self) -> ExplorePanel:
        """The Explore workspace."""
        self.complete()
        assert self._explore is not None
        return self._explore

    @property
    def apply(self) -> ApplyPanel:
        """The panel that stands in place of Explore for a generator that makes images from images."""
        self.complete()
        assert self._apply is not None
        return self._apply

    @property
    def queue(self) -> QueuePanel:
        """The Queue workspace."""
        self.complete()
        assert self._queue is not None
        return self._queue

    def complete(self) -> None:
        """Builds the remaining workspaces; a second call does nothing."""
        if self._data is not None:
            return
        from studio.panels.apply import ApplyPanel
        from studio.panels.data import DataPanel
        from studio.panels.explore import ExplorePanel
        from studio.panels.queue import QueuePanel
        from studio.panels.train import TrainPanel

        self._queue = QueuePanel()
        self._data, self._train, self._explore, self._apply = DataPanel(), TrainPanel(), ExplorePanel(), ApplyPanel()
        self._generator = QStackedWidget()
        for panel in (self._explore, self._apply):
            self._generator.addWidget(panel)
        for page in (self._data, self._train, self._generator, self._queue):
            self.pages.addWidget(FittingArea(page))
        self._train.restore(window_state.choices("train"))
        self._explore.restore_choices(window_state.choices("explore"))
        self._apply.restore_choices(window_state.choices("apply"))
        window_state.restore_splitters(self._train.splitters)
        self.completed.emit()

    def show_workspace(self, index: int) -> None:
        self.complete()
        self.pages.setCurrentIndex(index)

    def set_translates(self, translates: bool) -> None:
        """Shows Apply in place of Explore, for a generator that makes images from images, or Explore again."""
        self.complete()
        if translates != self.translates:
            self._generator.setCurrentIndex(translates)
            self.generator_changed.emit(translates)

    @property
    def translates(self) -> bool:
        """Returns whether Apply stands in place of Explore."""
        return self._apply is not None and self._generator.currentWidget() is self._apply

    @property
    def is_applying(self) -> bool:
        """Returns whether Apply is on screen."""
        return self.pages.currentIndex() == EXPLORE and self.translates

    def show_settings(self) -> None:
        """Shows the Train workspace with the focus on the first setting."""
        self.show_workspace(TRAIN)
        self.train.settings.focus_first()

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ self.windowState().WindowFullScreen)

    def release(self) -> None:
        """Closes the window after the person agreed."""
        self._is_released = True
        self.close()

    def _build(self) -> None:
        self.pages.addWidget(FittingArea(self.home))
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PageArea(self.pages, self.banner, self.drop_overlay), 1)
        column.addWidget(self.footer)
        for strip in (self.reading, self.jobs):
            self.footer.add_strip(strip)
        self.setCentralWidget(central)
        self.resize(1280, 800)

    def _fit_screen(self) -> None:
        """Fits the window and its minimum size to its screen."""
        room = self.screen().availableSize() - QSize(0, FRAME)
        # Set by hand, so that no message, name or tool enlarges the window.
        self.setMinimumSize(SMALLEST.boundedTo(room))
        if not self.windowState() & (self.windowState().WindowFullScreen | self.windowState().WindowMaximized):
            self.resize(self.size().boundedTo(room))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_placed:
            self._is_placed = True
            self.windowHandle().screenChanged.connect(self._fit_screen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Presses the focused button on Enter, as on Space."""
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, QPushButton | QToolButton):
            focused.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # An image dragged out of this window is a file for other programs only.
        paths = _dropped_paths(event)
        if event.source() is None and paths:
            name = Path(paths[0]).name or paths[0]
            is_for_queue = self.pages.currentIndex() == QUEUE
            self.drop_overlay.show_name(name, is_openable(name), len(paths) if is_for_queue else 0)
            self._answer(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._answer(event)

    def _answer(self, event: QDragMoveEvent) -> None:
        """Accepts what is dragged over the window. Sets no action where the name shows that it cannot be opened, so
        that it is not dropped but the overlay says why.
        """
        if not self.drop_overlay.is_openable:
            event.setDropAction(Qt.DropAction.IgnoreAction)
            event.accept()
        else:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_overlay.hide()
        event.acceptProposedAction()
        paths = _dropped_paths(event)
        if paths and self.is_applying:
            self.pictures_dropped.emit(paths)
        elif paths and self.pages.currentIndex() == QUEUE:
            self.sources_dropped.emit(paths)
        elif paths:
            self.path_dropped.emit(paths[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self._go_on_after_first_paint)

    def _go_on_after_first_paint(self) -> None:
        self.seen.emit()
        self.complete()
        self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_released:
            self.close_requested.emit()
        if not self._is_released:
            event.ignore()
            return
        if self._train is not None:
            window_state.keep_choices("train", self._train.choices())
            window_state.keep_choices("explore", self.explore.choices())
            window_state.keep_choices("apply", self.apply.choices())
        window_state.save(self, self._train.splitters if self._train else {})
        event.accept()
        self.closed.emit()


def _dropped_paths(event: QDropEvent) -> list[str]:
    """Returns the dragged or dropped files and folders."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
