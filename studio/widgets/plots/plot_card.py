"""Plot card: a plot with its title, a "?", and tools to move, maximize and remove it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QWidget

from core.language import _, in_context
from studio import theme
from studio.model.history import History
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import ElidedLabel, IconButton, wrapped_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.plots.curve_plot import CurvePlot
from studio.widgets.plots.subjects import Subject

LONGEST_TITLE = 220
"""Largest width of a title in pixels; its tip has the whole text."""


class PlotTitle(ElidedLabel):
    """Title by which the plot is dragged."""

    dragged = Signal(QPoint)
    """Screen position of the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plot")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._is_held = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._is_held = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._is_held:
            self.dragged.emit(event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._is_held = False
        self.setCursor(Qt.CursorShape.OpenHandCursor)


class PlotCard(CurvePlot):
    """Card with the plot of one subject."""

    removed = Signal()
    maximize_requested = Signal()
    """Maximize the plot, or restore the others."""
    moved = Signal(int)
    """Number of places to the right, negative to the left."""

    def __init__(self, history: History, subject: Subject, parent: QWidget | None = None) -> None:
        super().__init__(history, subject.curves, parent)
        self.subject = subject
        self.title = PlotTitle()
        scale_length(self.title, self.title.setMaximumWidth, LONGEST_TITLE)
        self._head.addWidget(self.title)
        self._help: HelpButton | None = None
        self._maximize = IconButton("corners-out", _("Maximize"), _("Maximize this plot (M)"))
        self._maximize.clicked.connect(self.maximize_requested)
        remove = IconButton("x", _("Remove plot"), _("Remove this plot"))
        remove.clicked.connect(self.removed)
        for button in (self._maximize, remove):
            self._tools.addWidget(button)
        menu = self._options.menu()
        menu.addSeparator()
        menu.addAction(_("Maximize or restore"), self.maximize_requested.emit)
        self._left = menu.addAction(_("Move left"), lambda: self.moved.emit(-1))
        self._right = menu.addAction(_("Move right"), lambda: self.moved.emit(1))
        self.instead = QMenu(_("Plot instead"), menu)
        """Menu of other plots for this place, filled by the owner."""
        menu.addMenu(self.instead)
        self._describe()

    def show_subject(self, subject: Subject) -> None:
        """Plots another subject, or the same one with more numbers."""
        if subject != self.subject:
            self.subject = subject
            self.set_curves(subject.curves)
            self._describe()

    def show_maximized(self, maximized: bool) -> None:
        """Shows whether the plot is maximized."""
        self._maximize.setIcon(theme.icon("corners-in" if maximized else "corners-out"))
        words = in_context("plot", "Restore") if maximized else _("Maximize")
        self._maximize.setAccessibleName(words)
        self._maximize.setToolTip(_("Show other plots again (M)") if maximized else _("Maximize this plot (M)"))

    def show_place(self, is_first: bool, is_last: bool) -> None:
        """Sets whether the card is at an end of the row."""
        self._left.setEnabled(not is_first)
        self._right.setEnabled(not is_last)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_M and not event.modifiers():
            self.maximize_requested.emit()
        else:
            super().keyPressEvent(event)

    def _fit_tools(self, has_room: bool) -> None:
        super()._fit_tools(has_room)
        self._maximize.setVisible(has_room)

    def _describe(self) -> None:
        subject = self.subject
        self.title.setText(subject.title)
        self.title.setToolTip(wrapped_tip(subject.title, subject.meaning, _("Drag to reorder")))
        self.set_empty_text(_("{title}: no values yet.").format(title=subject.title))
        if self._help is not None and self._help.term.key != subject.term:
            self._head.removeWidget(self._help)
            self._help.deleteLater()
            self._help = None
        if self._help is None and subject.term:
            self._help = HelpButton(subject.term)
            self._head.addWidget(self._help)
