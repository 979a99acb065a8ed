"""Comparison of a picture before and after a translator, with a divider that follows the pointer."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QMenu, QWidget

from core.events import Images
from core.language import _, in_context, listed, number
from studio import theme
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_layout import TileSheet
from studio.widgets.images.tile_view import NO_IMAGES

STEP = 0.02
"""Distance that an arrow key moves the divider, in widths of the view."""
BEFORE, AFTER = _("Before"), _("After")


class Comparison(ImageGrid):
    """One picture: left of the divider before, right of it after.

    The divider follows the pointer and the arrow keys; Home and End move it to the edges. The wheel, + and - zoom,
    dragging pans a zoomed picture and drags a fitted one out, 0 and a double-click fit.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, generated=True)
        self._before = TileSheet(NO_IMAGES)
        self._place = 0.5
        self._name = ""
        self.setMouseTracking(True)
        self.setAccessibleName(_("Picture before and after"))
        self.setToolTip(_("Move the pointer to compare. Wheel zooms, double-click fits; drag the result out."))

    def show_picture(self, name: str, before: Images, after: Images) -> None:
        """Shows a picture (H, W, C) before and after, of one size; keeps divider and zoom if that stays the same."""
        self._name = name
        self._before = TileSheet(before[None])
        self.set_images(after[None])

    def set_after(self, after: Images) -> None:
        """Shows another result of the same picture."""
        self.set_images(after[None])

    def show_text(self, text: str) -> None:
        """Shows why there is no picture."""
        self._name = ""
        self.set_images(NO_IMAGES)
        self.set_empty_text(text)
        self._describe()

    def divider(self) -> float:
        """Returns the place of the divider in the view, from 0 (left) to 1 (right)."""
        return self._place

    def set_divider(self, place: float) -> None:
        """Moves the divider."""
        self._place = min(max(place, 0.0), 1.0)
        self._describe()
        self.update()

    def paint_frame(self, painter: QPainter, tile: QRectF, index: int) -> None:
        seen = tile.intersected(QRectF(self.rect()))
        x = min(max(self._place * self.width(), seen.left()), seen.right())
        left = QRectF(seen.left(), seen.top(), x - seen.left(), seen.height())
        painter.save()
        painter.setClipRect(left, Qt.ClipOperation.IntersectClip)
        self._before.paint(painter, tile, 0)
        painter.restore()
        # Light on dark: visible on any picture.
        for color, width in (("#000000", 3.0), ("#ffffff", 1.0)):
            painter.setPen(QPen(QColor(color), width))
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))
        self._paint_word(painter, BEFORE, left, Qt.AlignmentFlag.AlignLeft)
        self._paint_word(
            painter, AFTER, QRectF(x, seen.top(), seen.right() - x, seen.height()), Qt.AlignmentFlag.AlignRight
        )

    def _paint_word(self, painter: QPainter, word: str, side: QRectF, edge: Qt.AlignmentFlag) -> None:
        """Names a side, where it is wide enough."""
        scheme = theme.current()
        width, height = painter.fontMetrics().horizontalAdvance(word) + 16, painter.fontMetrics().height() + 6
        if side.width() < width + 12 or side.height() < 3 * height:
            return
        left = side.left() + 6 if edge == Qt.AlignmentFlag.AlignLeft else side.right() - width - 6
        room = QRectF(left, side.top() + 6, width, height)
        ground = QColor(scheme.surface)
        ground.setAlphaF(0.85)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(room, 5, 5)
        painter.setPen(QColor(scheme.text))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, word)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.set_divider(event.position().x() / max(self.width(), 1))
        super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def _key(self, event: QKeyEvent) -> bool:
        moves = {Qt.Key.Key_Left: -STEP, Qt.Key.Key_Right: STEP, Qt.Key.Key_Home: -1.0, Qt.Key.Key_End: 1.0}
        moved = moves.get(Qt.Key(event.key()))
        if moved is None:
            return super()._key(event)
        self.set_divider(self._place + moved)
        return True

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        copy = menu.addAction(_("Copy image"))
        copy.triggered.connect(lambda: self.copy(0))
        menu.addAction(in_context("zoom", "Fit"), self.fit)
        return menu

    def _describe(self) -> None:
        place = _("divider at {percent} %").format(percent=number(round(100 * self._place)))
        self.setAccessibleDescription(listed((self._name, place)) if self._name else self._empty_text)
