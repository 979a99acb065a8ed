"""Table of trials: the best first, with a column for each varied setting."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from core.language import _, in_context, number
from core.presets.settings_diff import value_text
from core.search.trial import Trial, TrialState
from studio import theme
from studio.model.search.listing import KID, RECALL, STATES, SearchListing
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.table import Table

COLORS = {TrialState.RUNNING: "accent", TrialState.DONE: "good", TrialState.FAILED: "error"}
"""Color roles of states."""


class TrialTable(Table):
    """Trials in rows. A double-click or Enter asks to open one's run."""

    chosen_changed = Signal(object)
    """Number of the selected trial; None if none is."""
    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Trials"), (), (0,), parent=parent)
        self._rows: list[Trial] = []
        self._columns: tuple[str, ...] = ()
        self.itemSelectionChanged.connect(lambda: self.chosen_changed.emit(self.current()))
        self.itemActivated.connect(lambda *_: self.open_requested.emit())

    def show_listing(self, listing: SearchListing) -> None:
        """Shows the trials; the selection stays with its trial."""
        chosen, at = self.current(), self.verticalScrollBar().value()
        titles = in_context("trial", "No."), *(each.title for each in listing.varied), KID, RECALL
        self._set_columns((*titles, _("State"), in_context("trial", "Reason")))
        self._rows = listing.ranked
        with QSignalBlocker(self):
            self.set_rows([self._item(row, listing) for row in self._rows])
            self._select(chosen)
        self.verticalScrollBar().setValue(at)

    def current(self) -> int | None:
        """Returns the number of the selected trial."""
        items = self.selectedItems()
        return self._rows[self.indexOfTopLevelItem(items[0])].number if items else None

    def select(self, chosen: int | None) -> None:
        """Selects a trial, and scrolls to it."""
        if chosen != self.current():
            self._select(chosen)

    def _select(self, chosen: int | None) -> None:
        for place, row in enumerate(self._rows):
            if row.number == chosen and (item := self.topLevelItem(place)) is not None:
                self.setCurrentItem(item)  # scrolls to it, too

    def _set_columns(self, titles: tuple[str, ...]) -> None:
        if titles == self._columns:
            return
        self._columns, self._numbers = titles, range(len(titles) - 2)
        self.setColumnCount(len(titles))
        self.setHeaderLabels(titles)
        self._align(self.headerItem())
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(titles) - 1, QHeaderView.ResizeMode.Stretch)

    def _item(self, row: Trial, listing: SearchListing) -> QTreeWidgetItem:
        settings = [value_text(each.name, row.values[each.name]) for each in listing.varied]
        measured = ["" if value is None else f"{value:.4f}" for value in (row.kid, row.recall)]
        state = _("Best") if row.number == listing.best else STATES[row.state]
        reason = listing.reason_of(row)
        item = QTreeWidgetItem([number(row.number), *settings, *measured, state, reason])
        column = len(self._columns) - 2
        item.setForeground(column, QColor(getattr(theme.current(), COLORS.get(row.state, "text"))))
        item.setToolTip(column + 1, plain_tip(reason))
        return item
