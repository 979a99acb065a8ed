"""Area of a window's pages, with a message and a cover on top, so that the layout does not move."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.banner import Banner

WIDEST, MARGIN = 760, 12
"""Largest width of a message and its margin, in pixels."""


class PageArea(QWidget):
    """Stack of `pages`, with `banner` over their top and `cover` over all of them while shown."""

    def __init__(self, pages: QWidget, banner: Banner, cover: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._banner, self._cover = banner, cover
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(pages)
        banner.setParent(self)
        cover.setParent(self)
        banner.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cover.setGeometry(self.rect())
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._banner and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width = min(self.width() - 2 * MARGIN, theme.scaled(WIDEST))
        height = min(self._banner.heightForWidth(width), self.height() - 2 * MARGIN)
        self._banner.setGeometry((self.width() - width) // 2, MARGIN, width, height)
        self._banner.raise_()
