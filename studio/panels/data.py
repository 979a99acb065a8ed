"""The Data workspace: what is trained on, and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.events import Images, Progress
from studio import theme
from studio.opening import BUILT_IN, SHEET, DataFacts, Sheet
from studio.widgets.drop_area import DropArea
from studio.widgets.image_grid import ImageGrid

MOST_LINES = 12
"""Longer lists of sizes, classes and skipped files end with "and 40 more"; a tooltip holds them all."""


class DataPanel(QWidget):
    """Empty with a drop target, busy with a progress bar, or showing a dataset."""

    opened = Signal(str)
    """A path or `sample:NAME` was chosen."""
    open_folder_requested = Signal()
    open_file_requested = Signal()
    cancelled = Signal()
    sheet_requested = Signal(int, int, bool)
    """How many images, the seed of their choice, and whether as the discriminator sees them."""
    train_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drop_area = DropArea()
        self.drop_area.chosen.connect(self.opened)
        self.drop_area.open_folder_requested.connect(self.open_folder_requested)
        self.drop_area.open_file_requested.connect(self.open_file_requested)
        self._stack = QStackedWidget()
        self._busy = self._build_busy()
        self._loaded = self._build_loaded()
        for page in (self.drop_area, self._busy, self._loaded):
            self._stack.addWidget(page)
        self._has_dataset = False
        self._sheet = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self._stack)

    def set_recents(self, recents: Sequence[str]) -> None:
        """The sources that were opened last, the newest first."""
        self.drop_area.set_recents(recents)

    def show_progress(self, progress: Progress) -> None:
        """A scan is under way."""
        self._stack.setCurrentWidget(self._busy)
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        count = f"{progress.done:,} of {progress.total:,}" if progress.total else f"{progress.done:,}"
        self._busy_text.setText(f"{progress.text}: {count}")

    def end_progress(self) -> None:
        """The scan is over: back to the dataset that is open, or to the drop target."""
        self._stack.setCurrentWidget(self._loaded if self._has_dataset else self.drop_area)

    def show_dataset(self, facts: DataFacts, sheet: Images) -> None:
        """A dataset and a sheet of its images."""
        self._has_dataset = True
        self._title.setText(facts.title)
        self._source.setText("drawn by the program" if facts.source.startswith(BUILT_IN) else facts.source)
        self._source.setToolTip(facts.source)
        images = f"{facts.count:,} images, {facts.colour}, trained at {_pixels(facts.size)}"
        self._count.setText(f"{facts.count:,} points, 2-D" if facts.points else images)
        self._others.setVisible(not facts.points)  # all points are in the picture
        _list(self._sizes, "Original sizes", [f"{size}: {count:,}" for size, count in _descending(facts.sizes)])
        _list(self._classes, "Classes", [f"{name}: {count:,}" for name, count in facts.classes.items()])
        skipped = [f"{name}: {reason}" for name, reason in facts.skipped]
        _list(self._skipped, f"Skipped ({len(skipped):,})", skipped)
        with QSignalBlocker(self._seen):
            self._seen.setChecked(False)
        self._seen.setVisible(not facts.points)
        self.show_sheet(Sheet(sheet))
        self._stack.setCurrentWidget(self._loaded)

    def show_sheet(self, sheet: Sheet) -> None:
        """Other images of the same dataset."""
        self._grid.set_images(sheet.images)
        self._grid.set_caption(sheet.caption)

    def _build_busy(self) -> QWidget:
        page = QWidget()
        self._busy_text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(360)
        self._bar.setAccessibleName("Progress of reading the images")
        cancel = QPushButton("Cancel")
        cancel.setToolTip("Stop reading; nothing is changed")
        cancel.clicked.connect(self.cancelled)
        column = QVBoxLayout(page)
        column.addStretch()
        for widget in (self._busy_text, self._bar, cancel):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        return page

    def _build_loaded(self) -> QWidget:
        page = QWidget()
        self._grid = ImageGrid()
        self._grid.setAccessibleName("Some images of the dataset")
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self._grid, 1)
        row.addWidget(self._build_facts())
        return page

    def _build_facts(self) -> QWidget:
        self._title, self._source, self._count = QLabel(), QLabel(), QLabel()
        self._sizes, self._classes, self._skipped = QLabel(), QLabel(), QLabel()
        self._title.setObjectName("headline")
        self._source.setObjectName("muted")
        facts = QWidget()
        column = QVBoxLayout(facts)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        for label in (self._title, self._source, self._count, self._sizes, self._classes, self._skipped):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.addStretch()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(facts)
        side = QWidget()
        side.setFixedWidth(320)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._build_buttons())
        return side

    def _build_buttons(self) -> QVBoxLayout:
        train = QPushButton("Set up training")
        train.setObjectName("primary")
        train.setToolTip("Choose the settings, then press Start")
        train.clicked.connect(self.train_requested)
        self._others = QPushButton(theme.icon("shuffle"), "Show others")
        self._others.setToolTip("Another random sheet of the same images")
        self._others.clicked.connect(self._ask_for_others)
        another = QPushButton(theme.icon("folder-open"), "Open another…")
        another.setToolTip("Back to the drop target; this dataset stays open until another one is")
        another.clicked.connect(lambda: self._stack.setCurrentWidget(self.drop_area))
        self._seen = QPushButton(theme.icon("eye"), "As the discriminator sees them")
        self._seen.setCheckable(True)
        self._seen.setToolTip("Augmented, mirrored and under noise, as the settings say; ADA at its strongest")
        self._seen.toggled.connect(lambda _: self._ask_for_sheet())
        row = QHBoxLayout()
        row.addWidget(self._others)
        row.addWidget(another)
        column = QVBoxLayout()
        column.addWidget(self._seen)
        column.addLayout(row)
        column.addWidget(train)
        return column

    def _ask_for_others(self) -> None:
        self._sheet += 1
        self._ask_for_sheet()

    def _ask_for_sheet(self) -> None:
        self.sheet_requested.emit(SHEET, self._sheet, self._seen.isChecked())


def _descending(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _pixels(size: tuple[int, int]) -> str:
    width, height = size
    return f"{width} px" if width == height else f"{width} × {height} px"


def _list(label: QLabel, title: str, lines: Sequence[str]) -> None:
    label.setVisible(bool(lines))
    shown = list(lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES:,} more")
    label.setText("\n".join([title, *(f"  {line}" for line in shown)]))
    label.setToolTip("\n".join(lines[:200]) if len(lines) > MOST_LINES else "")
