"""Tile of an image with its name, left out or restored by a click."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from core.events import Images
from core.language import _
from studio import theme
from studio.widgets.basic.labels import plain_tip
from studio.widgets.images.tile_layout import checkerboard, sheet

SIDE = 96
NAME = 20
"""Height of the name."""


class ImageTile(QAbstractButton):
    """Tile of one image `picture`, (H, W, C). Checked means left out."""

    def __init__(self, picture: Images, name: str, left_out: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = sheet(np.ascontiguousarray(picture)[None], 1)
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(left_out)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.toggled.connect(self._describe)
        self._describe(left_out)

    def set_left_out(self, left_out: bool) -> None:
        """Shows whether the image is left out."""
        self.setChecked(left_out)
        self._describe(left_out)

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE + NAME)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        size = self._picture.size().scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect((SIDE - size.width()) // 2, (SIDE - size.height()) // 2, size.width(), size.height())
        shrunk = size.width() < self._picture.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        if self._picture.hasAlphaChannel():
            painter.fillRect(target, checkerboard())
        painter.drawImage(target, self._picture)
        if self.isChecked():
            painter.setOpacity(0.72)
            painter.fillRect(target, QColor(scheme.window))
            painter.setOpacity(1.0)
            theme.paint_glyph(painter, QRect(SIDE // 2 - 16, SIDE // 2 - 16, 32, 32), "x-circle", QColor(scheme.error))
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(QColor(scheme.accent), 2))
            painter.drawRect(target.adjusted(1, 1, -1, -1))
        painter.setPen(QColor(scheme.muted))
        file = self.text().rsplit("/", 1)[-1]
        text = painter.fontMetrics().elidedText(file, Qt.TextElideMode.ElideLeft, SIDE)  # the end holds the number
        painter.drawText(QRect(0, SIDE, SIDE, NAME), Qt.AlignmentFlag.AlignCenter, text)

    def _describe(self, left_out: bool) -> None:
        tip = _("Is left out; click to restore it") if left_out else _("Is kept; click to leave it out")
        said = _("{name} is left out") if left_out else _("{name} is kept")
        self.setToolTip(plain_tip(f"{self.text()}\n{tip}"))
        self.setAccessibleName(said.format(name=self.text()))
