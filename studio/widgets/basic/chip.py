"""Chip: a button of a few words that opens a panel over the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QFrame, QStyle, QStyleOptionToolButton, QToolButton, QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.fitting_area import FittingArea

SIDES = 8
"""Horizontal padding of the text in pixels, both sides together."""
PANEL_WIDTH = 520
TALLEST = 0.6
"""Largest height of the panel as a fraction of the screen's."""


class Chip(QToolButton):
    """Button that opens a panel without moving the layout. As wide as the longest of its usual texts."""

    def __init__(self, content: QWidget, name: str, widest: Sequence[str], parent: QWidget | None = None) -> None:
        """`content` and `name`: widget and accessible name of the panel; `widest`: texts to reserve room for."""
        super().__init__(parent)
        self.setObjectName("chip")
        self._content, self._widest = content, tuple(widest)
        self.panel = QFrame(self, Qt.WindowType.Popup)
        self.panel.setObjectName("popup")
        self.panel.setAccessibleName(name)
        self.panel.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a click on the chip only closes the open panel
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(FittingArea(content))
        self.clicked.connect(self.open_panel)

    def open_panel(self) -> None:
        """Shows the panel below the chip."""
        self.fit_panel()
        self.panel.show()
        self.panel.setFocus()

    def fit_panel(self) -> None:
        """Resizes the panel to its content, within the chip's screen."""
        room = self.screen().availableGeometry()
        width = min(theme.scaled(PANEL_WIDTH), room.width())
        layout = self._content.layout()
        assert layout is not None
        height = layout.totalHeightForWidth(width - 2) if layout.hasHeightForWidth() else layout.sizeHint().height()
        self.panel.resize(width, min(height + 2, int(TALLEST * room.height())))
        corner = self.mapToGlobal(QPoint(self.width() - width, self.height() + 4))
        corner.setX(min(max(corner.x(), room.left()), room.right() + 1 - width))
        self.panel.move(corner)

    def set_severity(self, severity: str) -> None:
        """Sets the color by severity: "bad", "watch", "good" or "none"."""
        self.setProperty("severity", severity)
        self.style().unpolish(self)  # a style sheet reads a property only when polished again
        self.style().polish(self)

    def sizeHint(self) -> QSize:
        option, metrics = QStyleOptionToolButton(), self.fontMetrics()
        self.initStyleOption(option)
        option.text = max((*self._widest, self.text()), key=metrics.horizontalAdvance)
        room = QSize(metrics.horizontalAdvance(option.text) + SIDES, metrics.height())
        return self.style().sizeFromContents(QStyle.ContentsType.CT_ToolButton, option, room, self)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()
