"""View of the open dataset: its images, originals, findings and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from core.events import Images
from studio import theme
from studio.model.data import BUILT_IN, SHEET, BeforeAfter, DataFacts, DatasetSheet, Examined
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.data.before_after_view import BeforeAfterView
from studio.widgets.data.health_view import HealthView
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.settings.preparation_controls import PreparationControls

MOST_LINES = 12
"""Longer lists of sizes and classes end with "and 40 more"; a tooltip holds them all."""
IMAGES, PAIRS, HEALTH = range(3)


class DatasetView(QWidget):
    """Three views of the same images, of which one is shown."""

    sheet_requested = Signal(int, int, bool)
    """How many images, the seed of their choice, and whether as the discriminator sees them."""
    comparison_requested = Signal(int)
    """The seed of the choice of originals that are to be seen beside what becomes of them."""
    another_requested = Signal()
    train_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls = PreparationControls()
        self.health = HealthView()
        self._grid, self._pairs = ImageGrid(), BeforeAfterView()
        self._grid.setAccessibleName("Some images of the dataset")
        self._shown = ""
        self._seed = 0
        self._views = QStackedWidget()
        self.tabs = QTabBar(drawBase=False, expanding=False)
        self.tabs.setAccessibleName("What is shown of the dataset")
        for title, view in (("Images", self._grid), ("Before and after", self._pairs), ("Health", self.health)):
            self.tabs.addTab(title)
            self._views.addWidget(view)
        self.tabs.currentChanged.connect(self._show_view)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.tabs)
        left.addWidget(self._views, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addWidget(self._build_side())

    def show_dataset(self, facts: DataFacts, sheet: Images) -> None:
        """A dataset and a sheet of its images; of the same source the view that is shown stays."""
        if facts.source != self._shown:
            self._shown, self._seed = facts.source, 0
            self.tabs.setCurrentIndex(IMAGES)
            self.health.clear()
            self.controls.suggest(None)
        self._title.setText(facts.title)
        self._source.setText("drawn by the program" if facts.source.startswith(BUILT_IN) else facts.source)
        self._source.setToolTip(plain_tip(facts.source))
        images = f"{facts.count:,} images, {facts.colour}, trained at {_pixels(facts.size)}"
        self._count.setText(f"{facts.count:,} points, 2-D" if facts.points else images)
        _list(self._sizes, "Original sizes", [f"{size}: {count:,}" for size, count in _descending(facts.sizes)])
        _list(self._classes, "Classes", [f"{name}: {count:,}" for name, count in facts.classes.items()])
        for widget in (self.controls, self._others, self._d_input):  # all points are in the picture, as they are
            widget.setVisible(not facts.points)
        self.tabs.setTabVisible(PAIRS, not facts.points)
        self.controls.set_offered(facts.transparent, facts.video)
        self.health.show_excluded(len(facts.excluded))
        with QSignalBlocker(self._d_input):
            self._d_input.setChecked(False)
        self.show_sheet(DatasetSheet(sheet))

    def show_sheet(self, sheet: DatasetSheet) -> None:
        """Other images of the same dataset."""
        self._grid.set_images(sheet.images)
        self._grid.set_caption(sheet.caption)

    def show_preparation(self, values: Mapping[str, Any]) -> None:
        """How the images are prepared, or soon will be."""
        self.controls.show_values(values)
        self._compare()

    def begin_examination(self) -> None:
        self.tabs.setTabText(HEALTH, "Health")
        self.health.begin()

    def show_report(self, examined: Examined) -> None:
        """What is wrong with the dataset; the tab says how much of it is grave."""
        warnings = sum(finding.severity == "warning" for finding in examined.report.findings)
        self.tabs.setTabText(HEALTH, f"Health ({warnings})" if warnings else "Health")
        self.tabs.setTabToolTip(HEALTH, plain_tip(f"{warnings} warning{'' if warnings == 1 else 's'}"))
        self.health.show_report(examined)
        self.controls.suggest(examined.report)

    def show_comparison(self, comparison: BeforeAfter) -> None:
        """Originals beside what becomes of them."""
        if comparison.pairs:
            self._pairs.show_pairs(comparison.pairs)
        else:
            self._pairs.show_text(comparison.reason)

    def _build_side(self) -> QWidget:
        self._title, self._source, self._count = Label(), Label(), Label()
        self._sizes, self._classes = Label(), Label()
        self._title.setObjectName("headline")
        self._source.setObjectName("muted")
        facts = QWidget()
        column = QVBoxLayout(facts)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        for label in (self._title, self._source, self._count, self._sizes, self._classes):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.insertWidget(3, self.controls)
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
        self._others.setToolTip("Other images of the same dataset, drawn at random")
        self._others.clicked.connect(self._show_others)
        another = QPushButton(theme.icon("folder-open"), "Open another…")
        another.setToolTip("Choose other images on the Home page; these stay open until then")
        another.clicked.connect(self.another_requested)
        self._d_input = QPushButton(theme.icon("eye"), "As the discriminator sees them")
        self._d_input.setCheckable(True)
        self._d_input.setToolTip("Augmented, mirrored and under noise, as the settings say; ADA at its strongest")
        self._d_input.toggled.connect(self._show_d_input)
        row = QHBoxLayout()
        row.addWidget(self._others)
        row.addWidget(another)
        column = QVBoxLayout()
        column.addWidget(self._d_input)
        column.addLayout(row)
        column.addWidget(train)
        return column

    def _show_view(self, index: int) -> None:
        self._views.setCurrentIndex(index)
        self._others.setEnabled(index != HEALTH)
        self._compare()

    def _compare(self) -> None:
        """Asks for originals, which are only read while somebody looks at them."""
        if self.tabs.currentIndex() == PAIRS:
            self.comparison_requested.emit(self._seed)

    def _show_others(self) -> None:
        self._seed += 1
        if self.tabs.currentIndex() == PAIRS:
            self._compare()
        else:
            self._ask_for_sheet()

    def _show_d_input(self) -> None:
        self.tabs.setCurrentIndex(IMAGES)
        self._ask_for_sheet()

    def _ask_for_sheet(self) -> None:
        self.sheet_requested.emit(SHEET, self._seed, self._d_input.isChecked())


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
    label.setToolTip(plain_tip("\n".join(lines[:200]) if len(lines) > MOST_LINES else ""))
