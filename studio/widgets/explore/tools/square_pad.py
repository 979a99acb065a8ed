"""Two-dimensional slider on a square map of images."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.events import Images
from core.language import _
from studio import theme
from studio.widgets.explore.point_mime import from_mime
from studio.widgets.images.tile_layout import TileSheet

SPOT = 8.0
STEP = 0.02
"""Step of an arrow key, in units of the side."""


class SquarePad(QWidget):
    """Images of a square lattice of positions, from (0, 0) to (1, 1)."""

    moved = Signal(float, float)
    """x and y in [0, 1], by mouse or keyboard."""
    dropped = Signal(int, object)
    """Index of the corner, row by row, and the dropped `Point`."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._sheet: TileSheet | None = None
        self._position = QPointF(0.5, 0.5)
        self._corner: int | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(_("Map between corners"))
        self.setToolTip(_("Drag the spot; arrow keys move it. Drop a pin on a corner to replace it."))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_images(self, images: Images) -> None:
        """Shows the images row by row; ignores a wrong number."""
        self._sheet = TileSheet(images, self._side) if len(images) == self._side**2 else None
        self.update()

    def set_position(self, x: float, y: float) -> None:
        """Shows the position; emits nothing."""
        self._position = QPointF(x, y)
        self.update()

    def position(self) -> tuple[float, float]:
        return self._position.x(), self._position.y()

    def sizeHint(self) -> QSize:
        return QSize(220, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(96, 96)

    def area(self) -> QRectF:
        """Returns the area of the map; positions lie between the centers of its outer images."""
        side = min(self.width(), self.height()) - 4.0
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def point_of(self, x: float, y: float) -> QPointF:
        """Returns the widget coordinates of a position."""
        inner = self._inner()
        return QPointF(inner.left() + x * inner.width(), inner.top() + y * inner.height())

    def _inner(self) -> QRectF:
        margin = self.area().width() / self._side / 2
        return self.area().adjusted(margin, margin, -margin, -margin)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme, area = QPainter(self), theme.current(), self.area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._sheet is None:
            painter.fillRect(area, QColor(scheme.sunken))
        else:
            self._paint_map(painter, area)
        if self._corner is not None:
            painter.setPen(QPen(QColor(scheme.accent), 3))
            half = area.width() / 2
            row, column = divmod(self._corner, 2)
            painter.drawRect(QRectF(area.left() + column * half, area.top() + row * half, half, half))
        if self.hasFocus():
            painter.setPen(QPen(QColor(scheme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)
        spot = self.point_of(self._position.x(), self._position.y())
        painter.setBrush(QColor(scheme.accent))
        painter.setPen(QPen(QColor("#000000"), 4))
        painter.drawEllipse(spot, SPOT, SPOT)
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.drawEllipse(spot, SPOT, SPOT)

    def _paint_map(self, painter: QPainter, area: QRectF) -> None:
        assert self._sheet is not None
        tile = area.width() / self._side
        source = self._sheet.source(0)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, tile < source.width())
        width = tile * min(1.0, source.width() / source.height())
        height = tile * min(1.0, source.height() / source.width())
        density = self.devicePixelRatioF()
        for index in range(self._side**2):
            row, column = divmod(index, self._side)
            left = area.left() + column * tile + (tile - width) / 2
            top = area.top() + row * tile + (tile - height) / 2
            # Aligned to screen pixels, or gaps show between images.
            edges = [round(edge * density) / density for edge in (left, top, left + width, top + height)]
            self._sheet.paint(painter, QRectF(QPointF(*edges[:2]), QPointF(*edges[2:])), index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-STEP, 0.0),
            Qt.Key.Key_Right: (STEP, 0.0),
            Qt.Key.Key_Up: (0.0, -STEP),
            Qt.Key.Key_Down: (0.0, STEP),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._set(self._position.x() + step[0], self._position.y() + step[1])

    def _go(self, position: QPointF) -> None:
        inner = self._inner()
        self._set((position.x() - inner.left()) / inner.width(), (position.y() - inner.top()) / inner.height())

    def _set(self, x: float, y: float) -> None:
        x, y = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        if (x, y) != self.position():
            self.set_position(x, y)
            self.moved.emit(x, y)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if from_mime(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._corner = self._corner_at(event.position())
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._corner = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._corner = None
        self.update()
        point = from_mime(event.mimeData())
        if point is not None:
            event.acceptProposedAction()
            self.dropped.emit(self._corner_at(event.position()), point)

    def _corner_at(self, position: QPointF) -> int:
        middle = self.area().center()
        return 2 * (position.y() > middle.y()) + (position.x() > middle.x())
