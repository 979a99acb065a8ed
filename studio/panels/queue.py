"""Panel of the Queue workspace: trainings that wait, run and have ended, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.language import _, in_context
from core.queue.entry import State
from studio import theme
from studio.model.queue import QueueListing, QueueRow
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.basic.labels import ElidedLabel, Label, plain_tip
from studio.widgets.queue.queue_table import QueueTable

RETRY = (
    in_context("queue", "Retry"),
    "arrow-clockwise",
    _("Let this entry wait again; it continues from its newest checkpoint"),
)
HOLD = {
    State.WAITING: (in_context("queue", "Hold"), "pause", _("Keep this entry from starting until it is released")),
    State.HELD: (in_context("queue", "Release"), "play", _("Let this entry start when its device is free")),
    State.STOPPED: RETRY,
    State.FAILED: RETRY,
}
"""Text, icon and tip of the button that holds, releases or retries an entry."""


class QueuePanel(QWidget):
    """Shows the queue, and emits what a person wants to do with it."""

    add_requested = Signal()
    """Add the current dataset with several presets or seeds."""
    settings_requested = Signal()
    pause_requested = Signal(bool)
    """Pause the queue, or start it."""
    open_requested = Signal(object)
    """A `QueueRow` whose run to show."""
    edit_requested = Signal(object)
    hold_requested = Signal(object)
    """Hold, release or retry an entry."""
    stop_requested = Signal(object)
    remove_requested = Signal(list)
    move_requested = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listing = QueueListing()
        self.table = QueueTable()
        self._state = ElidedLabel()
        self._state.setObjectName("muted")
        self._start = self._button("play", _("Start the queue"), _("Start what waits, now and after a restart"))
        self._add = self._button("plus", _("Add with…"), _("Add the open images with several presets or seeds"))
        self._open = self._button("eye", _("Watch"), _("Show this run in the Train workspace (Enter)"))
        self._edit = self._button("sliders", _("Edit…"), _("Change the device and the limits of a waiting entry"))
        text, icon, tip = HOLD[State.WAITING]
        self._hold = self._button(icon, text, tip)
        self._stop = self._button("stop", _("Stop"), _("Save a checkpoint, then stop this training"))
        self._remove = self._button("trash", _("Remove"), _("Remove this entry; its run stays (Del)"))
        self._clear = self._button(
            "trash-simple", _("Remove ended"), _("Remove the entries that have ended; their runs stay")
        )
        self._empty = EmptyPage(
            _("The queue is empty. Choose “Add to queue” beside Start, or drop folders of images here."),
            _("Choose settings"),
            "sliders",
            _("Choose settings"),
            _("Show the settings of the next training"),
        )
        self._pages = QStackedWidget()
        self._connect()
        self._build()
        self.show_listing(self._listing)

    def show_listing(self, listing: QueueListing) -> None:
        """Shows the entries and the state of the queue."""
        self._listing = listing
        self.table.show_listing(listing)
        self._state.setText(listing.text)
        self._state.setToolTip(plain_tip(listing.text))
        goes_on = listing.goes_on
        self._start.setText(_("Pause the queue") if goes_on else _("Start the queue"))
        self._start.setIcon(theme.icon("pause" if goes_on else "play"))
        tip = _("Start no further entries; those that run go on") if goes_on else _("Start what waits")
        self._start.setToolTip(plain_tip(tip))
        self._start.setEnabled(bool(listing.rows) or listing.is_paused)
        self._pages.setCurrentIndex(0 if listing.rows else 1)
        self._clear.setEnabled(any(row.state.has_ended for row in listing.rows))

    def set_can_add(self, can_add: bool) -> None:
        """Enables adding, when images are open."""
        self._add.setEnabled(can_add)

    def _show_chosen(self) -> None:
        row = self.table.current()
        state = row.state if row is not None else None
        self._open.setEnabled(row is not None and row.has_run)
        self._open.setText(_("Watch") if state is State.RUNNING else _("Open"))
        self._edit.setEnabled(row is not None and row.waits)
        text, icon, tip = HOLD.get(state or State.WAITING, HOLD[State.WAITING])
        self._hold.setText(text)
        self._hold.setIcon(theme.icon(icon))
        self._hold.setToolTip(plain_tip(tip))
        self._hold.setEnabled(row is not None and state not in (State.RUNNING, State.DONE))
        self._stop.setEnabled(state is State.RUNNING)
        self._remove.setEnabled(row is not None)

    def _connect(self) -> None:
        table = self.table
        table.chosen_changed.connect(self._show_chosen)
        table.move_requested.connect(self.move_requested)
        table.remove_requested.connect(self._remove_chosen)
        table.itemActivated.connect(lambda *_: self._emit_open())
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        self._start.clicked.connect(lambda: self.pause_requested.emit(self._listing.goes_on))
        self._add.clicked.connect(self.add_requested)
        self._open.clicked.connect(self._emit_open)
        for button, signal in (
            (self._edit, self.edit_requested),
            (self._hold, self.hold_requested),
            (self._stop, self.stop_requested),
        ):
            button.clicked.connect(lambda *_, signal=signal: signal.emit(self.table.current()))
        self._remove.clicked.connect(self._remove_chosen)
        self._clear.clicked.connect(
            lambda: self.remove_requested.emit([row for row in self._listing.rows if row.state.has_ended])
        )
        self._empty.asked.connect(self.settings_requested)

    def _emit_open(self) -> None:
        row = self.table.current()
        if row is not None and row.has_run:
            self.open_requested.emit(row)

    def _remove_chosen(self) -> None:
        row: QueueRow | None = self.table.current()
        if row is not None:
            self.remove_requested.emit([row])

    def _show_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in (self._open, self._edit, self._hold, self._stop, self._remove):
            action = menu.addAction(button.icon(), button.text(), button.click)
            action.setEnabled(button.isEnabled())
        menu.popup(self.table.viewport().mapToGlobal(position))

    def _button(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(theme.icon(icon), text)
        button.setToolTip(plain_tip(tip))
        return button

    def _build(self) -> None:
        title = Label(_("Queue"))
        title.setObjectName("title")
        above, below = QHBoxLayout(), QHBoxLayout()
        above.setSpacing(12)
        above.addWidget(title)
        above.addWidget(self._state, 1)
        above.addWidget(self._add)
        above.addWidget(self._start)
        for button in (self._open, self._edit, self._hold, self._stop, self._remove):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self._clear)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(above)
        column.addWidget(self._pages, 1)
        column.addLayout(below)
