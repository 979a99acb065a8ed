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

from core.config.translation_fields import GENERATE
from core.data.health.findings import HealthFinding
from core.data.sides import two_sources
from core.events import Images
from core.language import _, number, plural, titled
from core.registry import components
from studio import theme
from studio.model.data import (
    BUILT_IN,
    SHEET,
    BeforeAfter,
    DataFacts,
    DatasetSheet,
    Examined,
    Examples,
    ImageIndex,
    SideCounts,
)
from studio.model.image_filter import ImageFilter
from studio.widgets.basic.labels import Label, LabeledButton, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.data.before_after_view import BeforeAfterView
from studio.widgets.data.finding_view import FindingView
from studio.widgets.data.findings_list import FindingsList
from studio.widgets.data.image_browser import ImageBrowser
from studio.widgets.data.preparation_controls import PreparationControls
from studio.widgets.data.split_question import SplitQuestion
from studio.widgets.data.statistics_view import StatisticsView
from studio.widgets.data.translation_examples_view import TranslationExamplesView
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_view import NO_IMAGES

MOST_LINES = 12
"""Longer lists of sizes and classes end with "and 40 more"; a tip holds them all."""
IMAGES, PAIRS, EXAMPLES, STATISTICS = range(4)


class DatasetView(QWidget):
    """Views of the same images, one of them shown, beside facts, findings and preparation."""

    sheet_requested = Signal(int, int)
    """Number of augmented images to show, and the seed of their choice."""
    comparison_requested = Signal(int)
    """Seed of the originals to compare with their prepared images."""
    examples_requested = Signal(int)
    """Seed of the examples of what a translation learns from."""
    another_requested = Signal()
    train_requested = Signal()
    leave_out_requested = Signal(object, bool)
    """Rows (n,), and whether to leave them out or restore them."""
    remedy_switched = Signal(object, bool)
    """A `Remedy` that is a setting, and whether to apply it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls = PreparationControls()
        self.findings, self.statistics = FindingsList(), StatisticsView()
        self.browser, self.groups = ImageBrowser(), FindingView()
        self._sheet, self._examples = ImageGrid(), TranslationExamplesView()
        self._pairs = BeforeAfterView(_("Originals beside prepared images"))
        self._sheet.setAccessibleName(_("Some images of the dataset"))
        self._question = SplitQuestion()
        self._shown, self._number = "", 0
        self._seed = 0
        self._is_points = self._is_locked = self._needs_sides = False
        self._settings: Mapping[str, Any] = {}
        self._images, self._views = QStackedWidget(), QStackedWidget()
        for widget in (self.browser, self._sheet, self.groups):
            self._images.addWidget(widget)
        self.tabs = QTabBar(drawBase=False, expanding=False)
        self.tabs.setAccessibleName(_("Views of the dataset"))
        for title, view in (
            (_("Images"), self._images),
            (_("Before / after"), self._pairs),
            (_("Examples"), self._examples),
            (_("Statistics"), self.statistics),
        ):
            self.tabs.addTab(title)
            self._views.addWidget(view)
        self.tabs.setTabVisible(EXAMPLES, False)
        self.tabs.currentChanged.connect(self._show_view)
        self._connect()
        top = QHBoxLayout()
        top.addWidget(self.tabs, 1)
        self._shuffle = LabeledButton("shuffle", _("Shuffle"), "")
        self._shuffle.clicked.connect(self._show_others)
        top.addWidget(self._shuffle)
        top.addWidget(self.browser.slider)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addLayout(top)
        left.addWidget(self._question)
        left.addWidget(self._views, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addWidget(self._build_side())

    def _connect(self) -> None:
        for asked in (
            self.browser.leave_out_requested,
            self.groups.leave_out_requested,
            self.findings.left_out_switched,
        ):
            asked.connect(self.leave_out_requested)
        self.findings.remedy_switched.connect(self.remedy_switched)
        self.findings.images_requested.connect(self._show_finding)
        self.findings.groups_requested.connect(self._show_groups)
        self.groups.back_requested.connect(self._show_images)
        self._question.answered.connect(lambda split: self.controls.chosen.emit({"split": split}))

    def show_dataset(self, facts: DataFacts, index: ImageIndex, left_out: frozenset[int], sheet: Images) -> None:
        """Shows a dataset, all its images, the left-out ones, and a sheet of points."""
        is_other = facts.source != self._shown
        self._is_points = facts.points
        if is_other:
            self._shown, self._seed = facts.source, 0
            self.tabs.setCurrentIndex(IMAGES)
            self.statistics.show_report(None)
            self.controls.suggest(None)
            with QSignalBlocker(self._preview):
                self._preview.setChecked(False)
        if is_other or len(index) != self._number:
            self._number = len(index)
            self.findings.clear()
        self._title.setText(facts.title)
        self._source.setText(_place(facts.source))
        self._source.setToolTip(plain_tip(facts.source))
        self._count.setText(_summary(facts))
        self._sides.setText("" if facts.sides is None else _side_text(facts.sides))
        self._show_sides()
        _list(
            self._sizes, _("Original sizes"), [titled(size, number(count)) for size, count in _descending(facts.sizes)]
        )
        _list(self._classes, _("Classes"), [titled(name, number(count)) for name, count in facts.classes.items()])
        for widget in (self.controls, self._preview):  # points are not prepared
            widget.setVisible(not facts.points)
        self.tabs.setTabVisible(PAIRS, not facts.points)
        self.controls.set_offered(facts.transparent, facts.video, bool(facts.parts), facts.may_be_halves)
        self._question.ask(facts.source, facts.parts)
        if facts.points:
            self.show_sheet(DatasetSheet(sheet))
        else:
            self.browser.set_index(index, left_out)
        self.show_left_out(left_out)
        if is_other or self._images.currentWidget() is not self.groups:
            self._show_images()
        self._show_tools()

    def show_left_out(self, rows: frozenset[int]) -> None:
        """Dims these images and updates the remedies."""
        if not self._is_points:
            self.browser.set_left_out(rows)
        self.groups.show_left_out(rows)
        self.findings.show_left_out(rows)

    def show_sheet(self, sheet: DatasetSheet) -> None:
        """Shows points, or images as the discriminator sees them."""
        self._sheet.set_images(sheet.images)
        self._sheet.set_caption(sheet.caption)

    def show_preparation(self, values: Mapping[str, Any]) -> None:
        """Shows how the images are prepared, or soon will be."""
        self.controls.show_values(values)
        self._compare()

    def show_settings(self, values: Mapping[str, Any]) -> None:
        """Shows settings that are remedies, by name."""
        self._settings = values
        self.findings.show_settings(values, self._is_locked)

    def show_task(self, name: str) -> None:
        """Shows examples of a task, or hides them if the task makes images from noise."""
        self.tabs.setTabVisible(EXAMPLES, name != GENERATE)
        self._needs_sides = components("translation.tasks")[name].facts["SIDES"] == 2
        self._show_sides()
        self._examples.set_task(name)
        self._compare()

    def _show_sides(self) -> None:
        """Shows the numbers of inputs and targets to a task that needs both: folders and classes may tell others."""
        self._sides.setVisible(self._needs_sides and bool(self._sides.text()))

    def show_examples(self, examples: Examples) -> None:
        """Shows inputs beside their targets."""
        self._examples.show_examples(examples)

    def set_locked(self, locked: bool) -> None:
        """Locks images and settings while a training runs."""
        self._is_locked = locked
        self.controls.set_locked(locked)
        self.browser.set_training(locked)
        self.findings.show_settings(self._settings, locked)

    def begin_examination(self) -> None:
        self.findings.begin()

    def show_report(self, examined: Examined) -> None:
        """Shows the findings about the dataset."""
        self.findings.show_report(examined)
        self.statistics.show_report(examined.report)
        self.controls.suggest(examined.report)
        if not self._is_points:
            self.browser.show_findings(examined)

    def show_comparison(self, comparison: BeforeAfter) -> None:
        """Shows originals beside their prepared images."""
        if comparison.pairs:
            self._pairs.show_pairs(comparison.pairs)
        else:
            self._pairs.show_text(comparison.reason)

    def is_browsing(self) -> bool:
        """Returns whether the grid of all images is visible."""
        return self.tabs.currentIndex() == IMAGES and self._images.currentWidget() is self.browser

    def _build_side(self) -> QWidget:
        self._title, self._source, self._count = Label(), Label(), Label()
        self._sides, self._sizes, self._classes = Label(), Label(), Label()
        self._title.setObjectName("headline")
        self._source.setObjectName("muted")
        facts = QWidget()
        column = QVBoxLayout(facts)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        for label in (self._title, self._source, self._count, self._sides, self._sizes, self._classes):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.insertWidget(4, self.controls)
        column.insertWidget(5, self.findings)
        column.addStretch()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(facts)
        side = QWidget()
        scale_length(side, side.setFixedWidth, 320)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._build_buttons())
        return side

    def _build_buttons(self) -> QVBoxLayout:
        train = QPushButton(_("Choose settings"))
        train.setObjectName("primary")
        train.setToolTip(_("Choose settings, then press Start"))
        train.clicked.connect(self.train_requested)
        another = QPushButton(theme.icon("folder-open"), _("Open other data"))
        another.setToolTip(_("Go to Home; this dataset stays open until you open another"))
        another.clicked.connect(self.another_requested)
        self._preview = QPushButton(theme.icon("eye"), _("Preview augmentation"))
        self._preview.setCheckable(True)
        self._preview.setToolTip(_("Show images augmented, mirrored and noisy as set; ADA at full strength"))
        self._preview.toggled.connect(self._show_preview)
        column = QVBoxLayout()
        for button in (self._preview, another, train):
            column.addWidget(button)
        return column

    def _show_view(self, index: int) -> None:
        self._views.setCurrentIndex(index)
        self._show_tools()
        self._compare()

    def _show_tools(self) -> None:
        """Shows order and size of the grid of all images, or else a button for other images."""
        browses = self.is_browsing()
        self.browser.slider.setEnabled(browses)
        can_draw = self.tabs.currentIndex() in (PAIRS, EXAMPLES) or self._images.currentWidget() is self._sheet
        self._shuffle.setVisible(not self._is_points)
        self._shuffle.setEnabled(browses or (can_draw and self.tabs.currentIndex() != STATISTICS))
        self._shuffle.setCheckable(browses)
        self._shuffle.setChecked(browses and self.browser.is_shuffled())
        self._shuffle.setToolTip(
            _("Show the images in random order or in folder order") if browses else _("Show other random images")
        )

    def _show_images(self) -> None:
        """Shows all images, or else points or a preview."""
        is_sheet = self._is_points or self._preview.isChecked()
        self._images.setCurrentWidget(self._sheet if is_sheet else self.browser)
        self._show_tools()

    def _show_finding(self, finding: HealthFinding) -> None:
        """Filters the images of a finding."""
        self._preview.setChecked(False)
        self.tabs.setCurrentIndex(IMAGES)
        self._show_images()
        self.browser.filter_bar.set_filter(ImageFilter(findings=frozenset({finding.kind})))
        self.browser.grid.setFocus()

    def _show_groups(self, finding: HealthFinding) -> None:
        self.tabs.setCurrentIndex(IMAGES)
        self._images.setCurrentWidget(self.groups)
        self.groups.show_finding(finding)
        self._show_tools()

    def _compare(self) -> None:
        """Requests originals or examples, which are read only while visible."""
        if self.tabs.currentIndex() == PAIRS:
            self.comparison_requested.emit(self._seed)
        elif self.tabs.currentIndex() == EXAMPLES:
            self.examples_requested.emit(self._seed)

    def _show_others(self) -> None:
        if self.is_browsing():
            self.browser.set_shuffled(self._shuffle.isChecked())
            return
        self._seed += 1
        if self.tabs.currentIndex() in (PAIRS, EXAMPLES):
            self._compare()
        else:
            self.sheet_requested.emit(SHEET, self._seed)

    def _show_preview(self, shown: bool) -> None:
        self.tabs.setCurrentIndex(IMAGES)
        self._show_images()
        if shown:
            self._sheet.set_images(NO_IMAGES)
            self._sheet.set_empty_text(_("Rendering images…"))
            self.sheet_requested.emit(SHEET, self._seed)


def _place(source: str) -> str:
    """Returns where images come from: a path, or that of each side."""
    return "\n".join(_("built in") if each.startswith(BUILT_IN) else each for each in two_sources.each(source))


def _summary(facts: DataFacts) -> str:
    if facts.points:
        return plural("{count} point, 2-D", "{count} points, 2-D", facts.count)
    return plural(
        "{count} image, {color}, trained at {size}",
        "{count} images, {color}, trained at {size}",
        facts.count,
        color=facts.color,
        size=_pixels(facts.size),
    )


def _side_text(sides: SideCounts) -> str:
    inputs, targets, pairs = (
        plural("{count} input", "{count} inputs", sides.inputs),
        plural("{count} target", "{count} targets", sides.targets),
        plural("{count} pair", "{count} pairs", sides.pairs),
    )
    text = _("{inputs} and {targets}; {pairs} by name")
    return text.format(inputs=inputs, targets=targets, pairs=pairs)


def _descending(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _pixels(size: tuple[int, int]) -> str:
    width, height = size
    return f"{width} px" if width == height else f"{width} × {height} px"


def _list(label: QLabel, title: str, lines: Sequence[str]) -> None:
    label.setVisible(bool(lines))
    shown = list(lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        shown.append(_("and {number} more").format(number=number(len(lines) - MOST_LINES)))
    label.setText("\n".join([title, *(f"  {line}" for line in shown)]))
    label.setToolTip(plain_tip("\n".join(lines[:200]) if len(lines) > MOST_LINES else ""))
