"""Scroll area for a part of the window that must never make the window larger than the screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class FittingArea(QScrollArea):
    """Scroll area that gives its widget all available room, and scrolls where the widget needs more.

    `QScrollArea.widgetResizable` would scroll to the preferred height of anything with a wrapped label; this class uses
    the minimum height.
    """

    def __init__(self, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # QScrollArea filters its widget's events anyway.
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        widget, room = self.widget(), self.viewport().size()
        if widget is None:
            return
        wanted = room.expandedTo(widget.minimumSizeHint()).expandedTo(widget.minimumSize())
        layout = widget.layout()
        if layout is not None and layout.hasHeightForWidth():
            wanted.setHeight(max(wanted.height(), layout.minimumHeightForWidth(wanted.width())))
        widget.resize(wanted)
