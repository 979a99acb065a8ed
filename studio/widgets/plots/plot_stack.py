"""Plot stack: plots side by side that can be added, removed, reordered and maximized."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSplitter, QToolButton, QWidget

from core.language import _
from core.stats.keys import GROUPS, family
from studio.model.history import History
from studio.widgets.basic.fitting_area import FittingArea
from studio.widgets.basic.labels import IconButton, literal
from studio.widgets.plots.plot_card import PlotCard
from studio.widgets.plots.subjects import LOSSES, SCORES, Subject, found, subjects

MOST = 8
"""Largest number of plots."""
LOWEST = 118


class PlotStack(QWidget):
    """Row of plots, losses and scores at first. Plots are named by families of keys (`core.stats.keys`)."""

    save_requested = Signal(str, object)
    """"png" or "csv", and the plot."""
    moment_chosen = Signal(object)
    """A step, or None for the newest."""
    maximized = Signal(bool)
    """Tells whether one plot hides the others."""

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self._keys: tuple[str, ...] = ()
        self._known = subjects(())
        self._marks: list[tuple[int, str]] = []
        self._moment: int | None = None
        self._largest: PlotCard | None = None
        self.cards: list[PlotCard] = []
        """Cards from left to right."""
        self._wanted: list[str] = []
        """Requested families of the cards, in the same order."""
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self._add = IconButton("plus", _("Add plot"), _("Choose a plot to add"))
        self._add.setProperty("hasMenu", True)
        self._add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._add)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self._fill(menu, self._toggle, self.shown()))
        self._add.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self._area = FittingArea(self.splitter)
        row.addWidget(self._area, 1)
        row.addWidget(self._add, 0, Qt.AlignmentFlag.AlignTop)
        self.show_names((LOSSES, SCORES))

    # --- plots ---

    def shown(self) -> list[str]:
        """Returns the plotted families from left to right."""
        return list(self._wanted)

    def show_names(self, names: Sequence[str]) -> None:
        """Plots exactly these families, also unknown ones."""
        self.maximize(None)
        for card in list(self.cards):
            self._drop(card)
        for name in list(dict.fromkeys(names))[:MOST]:
            self._put(name)

    def add(self, name: str) -> None:
        """Adds a family, replacing the last one if there are too many."""
        if name in self._wanted:
            return
        self.maximize(None)
        if len(self.cards) == MOST:
            self._drop(self.cards[-1])
        self._put(name)

    def remove(self, card: PlotCard) -> None:
        """Removes a plot; the last one stays."""
        if len(self.cards) > 1:
            self.maximize(None)
            self._drop(card)

    def show_keys(self, keys: Sequence[str]) -> None:
        """Adds a plot of the first known key, if needed, and focuses it."""
        for key in keys:
            subject = self._known.get(family(key))
            if subject is None:
                continue
            card = next((each for each in self.cards if each.subject.name == subject.name), None)
            if card is None:
                self.add(subject.name)
                card = self.cards[-1]
            if self._largest not in (None, card):
                self.maximize(None)
            card.setFocus()
            self._area.ensureWidgetVisible(card)
            return

    def maximize(self, card: PlotCard | None) -> None:
        """Maximizes a plot; None shows all again."""
        if card is self._largest:
            return
        self._largest = card
        for each in self.cards:
            each.setVisible(card in (None, each))
            each.show_maximized(each is card)
        self.maximized.emit(card is not None)
        self.refresh()

    def put_at(self, card: PlotCard, index: int) -> None:
        """Moves a plot to another place."""
        before = self.cards.index(card)
        index = min(max(index, 0), len(self.cards) - 1)
        if index == before:
            return
        widths = [each.width() for each in self.cards]
        self.cards.insert(index, self.cards.pop(before))
        self._wanted.insert(index, self._wanted.pop(before))
        widths.insert(index, widths.pop(before))
        for place, each in enumerate(self.cards):
            self.splitter.insertWidget(place, each)
        self.splitter.setSizes(widths)
        self._show_places()

    # --- display ---

    def set_history(self, history: History, keep_view: bool = False) -> None:
        """Sets another run's history, or a fuller one of the same run."""
        self._history = history
        for card in self.cards:
            card.set_history(history, keep_view)
        self.refresh()

    def refresh(self) -> None:
        """Draws new data of the history."""
        if (keys := tuple(self._history.keys())) != self._keys:
            self._keys, self._known = keys, subjects(keys)
            for name, card in zip(self._wanted, self.cards, strict=True):
                if subject := found(name, self._known):
                    card.show_subject(subject)
        for card in self.cards:
            card.refresh()

    def set_marks(self, marks: Sequence[tuple[int, str]]) -> None:
        """Sets steps with events and their texts."""
        self._marks = list(marks)
        for card in self.cards:
            card.set_marks(marks)

    def set_moment(self, step: int | None) -> None:
        """Sets the chosen moment."""
        self._moment = step
        for card in self.cards:
            card.set_moment(step)

    # --- construction ---

    def _put(self, name: str) -> None:
        subject = found(name, self._known) or Subject.of([name])
        card = PlotCard(self._history, subject)
        card.set_marks(self._marks)
        card.set_moment(self._moment)
        card.save_requested.connect(lambda kind, card=card: self.save_requested.emit(kind, card))
        card.moment_chosen.connect(self.moment_chosen)
        card.removed.connect(partial(self.remove, card))
        card.maximize_requested.connect(lambda: self.maximize(None if self._largest is card else card))
        card.moved.connect(lambda by: self.put_at(card, self.cards.index(card) + by))
        card.title.dragged.connect(partial(self._drag, card))
        card.instead.aboutToShow.connect(lambda: self._fill(card.instead, partial(self._replace, card), self.shown()))
        self.cards.append(card)
        self._wanted.append(name)
        self.splitter.addWidget(card)
        card.show()  # at once, not in the event loop, as it may get the focus next
        self.splitter.setSizes([1000] * len(self.cards))
        card.refresh()
        self._show_places()

    def _drop(self, card: PlotCard) -> None:
        index = self.cards.index(card)
        del self.cards[index], self._wanted[index]
        card.hide()  # deleted only by the event loop
        card.deleteLater()
        self._show_places()

    def _replace(self, card: PlotCard, name: str) -> None:
        index = self.cards.index(card)
        if name in self._wanted:
            self.put_at(self.cards[self._wanted.index(name)], index)
            return
        self._wanted[index] = name
        card.show_subject(self._known[name])

    def _toggle(self, name: str) -> None:
        if name in self._wanted:
            self.remove(self.cards[self._wanted.index(name)])
        else:
            self.add(name)

    def _drag(self, card: PlotCard, place: QPoint) -> None:
        x = self.splitter.mapFromGlobal(place).x()
        for index, other in enumerate(self.cards):
            if other is not card and other.isVisible() and other.x() <= x < other.x() + other.width():
                # Past its middle only, or two plots of different widths would swap back and forth.
                middle = other.geometry().center().x()
                if (x >= middle) == (index > self.cards.index(card)):
                    self.put_at(card, index)
                return

    def _show_places(self) -> None:
        for card in self.cards:
            card.show_place(card is self.cards[0], card is self.cards[-1])

    def _fill(self, menu: QMenu, do: Callable[[str], object], shown: Sequence[str]) -> None:
        """Lists the available plots by group."""
        menu.clear()
        plotted = [card.subject.name for card in self.cards]
        for group, members in self._grouped():
            menu.addSection(GROUPS[group])
            for subject in members:
                action = menu.addAction(literal(subject.title))
                action.setCheckable(True)
                action.setChecked(subject.name in plotted)
                wanted = shown[plotted.index(subject.name)] if subject.name in plotted else subject.name
                action.triggered.connect(lambda *_, name=wanted: do(name))

    def _grouped(self) -> Iterator[tuple[str, Iterator[Subject]]]:
        ordered = sorted(self._known.values(), key=lambda subject: list(GROUPS).index(subject.group))
        yield from groupby(ordered, key=lambda subject: subject.group)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), LOWEST)
