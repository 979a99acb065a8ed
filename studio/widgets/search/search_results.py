"""Results of a search: a table of its trials above plots and samples, and what can be done with a trial."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from core.language import _, listed, number, titled
from core.presets.settings_diff import value_text
from core.search.trial import Trial
from studio import theme
from studio.model.search.listing import KID, RECALL, STATES, SearchListing
from studio.widgets.basic.labels import ElidedLabel, Label, WrappedLabel, plain_tip
from studio.widgets.search.best_samples import BestSamples
from studio.widgets.search.parallel_plot import ParallelPlot
from studio.widgets.search.slice_plot import SlicePlot
from studio.widgets.search.trial_canvas import TrialCanvas
from studio.widgets.search.trial_table import TrialTable

SAMPLES = 2
"""Index of the tab with samples."""


class SearchResults(QWidget):
    """Shows a search and emits what a person wants to do with it. Table and plots share one selection."""

    stop_requested = Signal()
    resume_requested = Signal()
    """Let the interrupted search go on."""
    again_requested = Signal()
    """Prepare another search."""
    open_requested = Signal(object)
    """A `Trial` whose run to open or watch."""
    continue_requested = Signal(object)
    """A `Trial` whose training to continue without the limits of the search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listing: SearchListing | None = None
        self._state, self._said = ElidedLabel(), ElidedLabel()
        self._said.setObjectName("muted")
        self.table, self.samples = TrialTable(), BestSamples()
        self.plots: tuple[TrialCanvas, ...] = ParallelPlot(), SlicePlot()
        self._pages = QStackedWidget()
        self._empty = WrappedLabel(role="muted")
        self.tabs = QTabWidget()
        self._resume = self._button("play", _("Resume"), _("Let the interrupted search go on"))
        self._stop = self._button("stop", _("Stop"), _("Stop the search; finished trials and runs stay"))
        self._again = self._button("plus", _("New search…"), _("Choose other settings, ranges or another time budget"))
        self._open = self._button("eye", _("Open"), _("Show the run of this trial in the Train workspace (Enter)"))
        self._continue = self._button("play", "", _("Train this trial on, without the time limit of trials"))
        self._continue.setObjectName("primary")
        self._connect()
        self._build()

    def show_listing(self, listing: SearchListing) -> None:
        """Shows the state of the search and its trials."""
        self._listing = listing
        self._state.setText(listing.text)
        self._state.setToolTip(plain_tip(listing.text))
        self.table.show_listing(listing)
        for plot in self.plots:
            plot.show_trials(listing.axes, listing.goal, listing.plotted)
        self.samples.show_listing(listing)
        self._empty.setText(_("The first trial begins soon.") if listing.is_running else _("No trial has begun."))
        self._pages.setCurrentIndex(0 if listing.rows else 1)
        self._stop.setEnabled(listing.is_running)
        self._again.setEnabled(not listing.is_running)
        self._resume.setVisible(listing.is_interrupted)
        self._show_chosen()

    def _chosen(self) -> Trial | None:
        """Returns the selected trial, or the best."""
        if self._listing is None:
            return None
        chosen = self.table.current()
        return self._listing.row(chosen if chosen is not None else self._listing.best)

    def _show_chosen(self, *_arguments: object) -> None:
        row = self._chosen()
        best = self._listing.best if self._listing is not None else None
        for plot in self.plots:
            plot.select(row.number if row is not None else None)
        self._open.setEnabled(row is not None and row.has_begun)
        is_other = row is not None and row.number != best
        text = _("Continue trial {number}") if is_other else _("Continue the best")
        self._continue.setText(text.format(number=number(row.number) if row is not None else ""))
        self._continue.setEnabled(row is not None and row.checkpoint is not None)
        self._say(row)

    def _hover(self, chosen: int | None) -> None:
        row = self._listing.row(chosen) if self._listing is not None and chosen is not None else self._chosen()
        self._say(row)

    def _say(self, row: Trial | None) -> None:
        """Describes a trial in a line."""
        if row is None or self._listing is None:
            self._said.setText("")
            return
        parts = [titled(each.title, value_text(each.name, row.values[each.name])) for each in self._listing.varied]
        measured = (KID, row.kid), (RECALL, row.recall)
        parts += [f"{name} {value:.4f}" for name, value in measured if value is not None]
        text = _("Trial {number}, {state}").format(number=number(row.number), state=STATES[row.state])
        self._said.setText(titled(text, listed(parts)))
        self._said.setToolTip(plain_tip(self._said.text()))

    def _emit(self, signal: Callable[[Trial], None]) -> None:
        if (row := self._chosen()) is not None:
            signal(row)

    def _open_number(self, chosen: int) -> None:
        self.table.select(chosen)
        self._open.click()

    def _connect(self) -> None:
        self.table.chosen_changed.connect(self._show_chosen)
        self.table.open_requested.connect(self._open.click)
        for plot in self.plots:
            plot.hovered.connect(self._hover)
            plot.chosen.connect(self.table.select)
            plot.opened.connect(self._open_number)
        self._stop.clicked.connect(self.stop_requested)
        self._again.clicked.connect(self.again_requested)
        self._resume.clicked.connect(self.resume_requested)
        self._open.clicked.connect(lambda: self._emit(self.open_requested.emit))
        self._continue.clicked.connect(lambda: self._emit(self.continue_requested.emit))
        self.tabs.currentChanged.connect(lambda index: self.samples.set_visible(index == SAMPLES))

    def _button(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(theme.icon(icon, "on_accent" if not text else "text"), text)
        button.setToolTip(plain_tip(tip))
        button.setAutoDefault(False)
        return button

    def _build(self) -> None:
        title = Label(_("Trials"))
        title.setObjectName("title")
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(title)
        above.addWidget(self._state, 1)
        for button in (self._again, self._resume, self._stop):
            above.addWidget(button)
        below.addWidget(self._said, 1)
        for button in (self._open, self._continue):
            below.addWidget(button)
        titles = _("Parallel coordinates"), _("Slices"), _("Best samples")
        views: tuple[QWidget, ...] = *self.plots, self.samples
        for view, name in zip(views, titles, strict=True):
            self.tabs.addTab(view, name)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self._pages)
        splitter.addWidget(self.tabs)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([2000, 3000])  # in these proportions from the beginning, when the table is empty
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(above)
        column.addWidget(splitter, 1)
        column.addLayout(below)
