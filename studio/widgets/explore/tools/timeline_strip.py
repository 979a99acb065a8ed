"""Strip of a timeline: images, keyframes, and the current time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QWidget

from core.events import Images
from core.language import _, number
from studio import theme
from studio.widgets.explore.point_mime import request_from_mime
from studio.widgets.images.tile_layout import TileSheet

MARK = 7.0
"""Half the width of a keyframe's mark, in pixels."""
RULER = 18
"""Height of the row of marks."""
STEP = 0.01
"""Step of an arrow key as a share of the time."""


class TimelineStrip(QWidget):
    """Strip that shows a timeline and only announces changes by the user.

    A click or drag on the images moves in time; marks are keyframes, which can be clicked or dragged to another place.
    Setters emit nothing.
    """

    scrubbed = Signal(float)
    """New time in [0, 1]."""
    chosen = Signal(int)
    """Index of a keyframe."""
    moved = Signal(int, int)
    """Index of a keyframe, and its new index."""
    removed = Signal(int)
    dropped = Signal(int, object)
    """Index of the keyframe after the drop, and the `LatentRequest` of what was dropped."""
    save_requested = Signal(str)
    """Argument as in `ImageGrid`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sheet: TileSheet | None = None
        self._count = 0
        self._times: tuple[float, ...] = (0.0,)
        self._closed = False
        self._share: float | None = 0.0
        self._current = 0
        self._press: tuple[QPointF, int | None] | None = None
        self._drag_x: float | None = None
        self._gap: int | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Timeline"))
        self.setToolTip(
            _(
                "Images along the timeline. Drag to move in time; marks are keyframes: drag to reorder, Delete "
                "removes. Drop a pin or image to insert one."
            )
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_keyframes(self, durations: Sequence[float], closed: bool) -> None:
        """Sets the seconds from each keyframe to the next; an open timeline ignores the last one."""
        used = durations if closed else durations[:-1]
        whole = sum(used) or 1.0
        times = [0.0, *accumulate(used)]
        self._times = tuple(time / whole for time in times[: len(durations)])
        self._closed = closed
        self._current = min(self._current, len(self._times) - 1)
        self._describe()
        self.update()

    def set_images(self, images: Images) -> None:
        """Sets the images, evenly spaced in time."""
        self._count = len(images)
        self._sheet = TileSheet(images, max(self._count, 1)) if self._count else None
        self.update()

    def set_share(self, share: float | None) -> None:
        """Shows the current time; None if the image is not on the timeline."""
        self._share = share
        if share is not None:
            self._current = max(bisect_right(self._times, share + 1e-6) - 1, 0)
        self._describe()
        self.update()

    def current(self) -> int:
        """Returns the keyframe at or before the current time."""
        return self._current

    def mark_center(self, row: int) -> QPointF:
        """Returns the position of a keyframe's mark on the widget."""
        return QPointF(self._x(self._times[row]), self.height() - RULER / 2)

    def sizeHint(self) -> QSize:
        return QSize(480, 90)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 52)

    # Geometry

    def _strip(self) -> QRectF:
        return QRectF(MARK, 2, self.width() - 2 * MARK, max(self.height() - RULER - 4, 1))

    def _x(self, share: float) -> float:
        strip = self._strip()
        return strip.left() + share * strip.width()

    def _share_at(self, x: float) -> float:
        strip = self._strip()
        return min(max((x - strip.left()) / max(strip.width(), 1.0), 0.0), 1.0)

    def _mark_at(self, position: QPointF) -> int | None:
        if position.y() < self.height() - RULER - 2:
            return None
        near = [(abs(self._x(time) - position.x()), row) for row, time in enumerate(self._times)]
        distance, row = min(near)
        return row if distance <= MARK + 3 else None

    def _gap_at(self, x: float) -> int:
        """Returns the index of the keyframe after a drop position; never 0, where the strip begins."""
        share = self._share_at(x)
        if x <= self._strip().left() + 2:
            return 0
        return bisect_right(self._times, share)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        row = self._mark_at(event.position())
        self._press = event.position(), row
        if row is None:
            self.scrubbed.emit(self._share_at(event.position().x()))
        else:
            self._choose(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        start, row = self._press
        if row is None:
            self.scrubbed.emit(self._share_at(event.position().x()))
        elif (event.position() - start).manhattanLength() >= QApplication.startDragDistance():
            self._drag_x = event.position().x()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        x, self._drag_x = self._drag_x, None
        self.update()
        if press is None or press[1] is None or x is None:
            return
        row = press[1]
        others = [time for index, time in enumerate(self._times) if index != row]
        to = bisect_right(others, self._share_at(x))
        if to != row:
            self.moved.emit(row, to)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        row, menu = self._mark_at(QPointF(event.pos())), QMenu(self)
        if row is not None:
            menu.addAction(_("Remove keyframe"), lambda: self.removed.emit(row))
        menu.addAction(_("Save keyframes…"), lambda: self.save_requested.emit("grid"))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if request_from_mime(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()
        self._set_gap(self._gap_at(event.position().x()))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_gap(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_gap(None)
        request = request_from_mime(event.mimeData())
        if request is not None:
            event.acceptProposedAction()
            self.dropped.emit(self._gap_at(event.position().x()), request)

    def _set_gap(self, gap: int | None) -> None:
        self._gap = gap
        self.update()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        share = self._share or 0.0
        match event.key():
            case Qt.Key.Key_Left:
                self.scrubbed.emit(max(share - STEP, 0.0))
            case Qt.Key.Key_Right:
                self.scrubbed.emit(min(share + STEP, 1.0))
            case Qt.Key.Key_PageUp | Qt.Key.Key_Home:
                self._choose(0 if event.key() == Qt.Key.Key_Home else max(self._current - 1, 0))
            case Qt.Key.Key_PageDown | Qt.Key.Key_End:
                last = len(self._times) - 1
                self._choose(last if event.key() == Qt.Key.Key_End else min(self._current + 1, last))
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.removed.emit(self._current)
            case _:
                super().keyPressEvent(event)

    def _choose(self, row: int) -> None:
        self._current = row
        self.chosen.emit(row)
        self.update()

    def _describe(self) -> None:
        where, count = number(self._current + 1), number(len(self._times))
        self.setAccessibleDescription(_("Keyframe {number} of {count}").format(number=where, count=count))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme, strip = QPainter(self), theme.current(), self._strip()
        painter.fillRect(strip, QColor(scheme.sunken))
        if self._sheet is not None:
            self._paint_images(painter, strip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, time in enumerate(self._times):
            is_current = row == self._current
            self._paint_mark(painter, self._x(time), QColor(scheme.accent if is_current else scheme.muted), is_current)
        if self._closed:  # the first keyframe again
            self._paint_mark(painter, self._x(1.0), QColor(scheme.muted), False)
        if self._drag_x is not None:
            self._paint_mark(painter, self._drag_x, QColor(scheme.accent), True)
        if self._gap is not None:
            self._paint_gap(painter, QColor(scheme.accent))
        if self._share is not None:
            x = self._x(self._share)
            painter.setPen(QPen(QColor("#000000"), 4))
            painter.drawLine(QPointF(x, strip.top()), QPointF(x, strip.bottom()))
            painter.setPen(QPen(QColor("#ffffff"), 2))
            painter.drawLine(QPointF(x, strip.top()), QPointF(x, strip.bottom()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(scheme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(strip)

    def _paint_images(self, painter: QPainter, strip: QRectF) -> None:
        """Paints each image in the middle of its share of the width, as large as it fits."""
        assert self._sheet is not None
        source, room = self._sheet.source(0), strip.width() / self._count
        scale = min(room / source.width(), strip.height() / source.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        width, height = source.width() * scale, source.height() * scale
        for index in range(self._count):
            left = strip.left() + index * room + (room - width) / 2
            top = strip.top() + (strip.height() - height) / 2
            self._sheet.paint(painter, QRectF(round(left), round(top), round(width), round(height)), index)

    def _paint_mark(self, painter: QPainter, x: float, color: QColor, filled: bool) -> None:
        y = self.height() - RULER / 2
        painter.setPen(QPen(color, 2))
        painter.setBrush(color if filled else Qt.BrushStyle.NoBrush)
        corners = (x, y - MARK), (x + MARK, y), (x, y + MARK), (x - MARK, y)
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))

    def _paint_gap(self, painter: QPainter, color: QColor) -> None:
        assert self._gap is not None
        times = (*self._times, 1.0)
        before = times[self._gap - 1] if self._gap else 0.0
        x = self._x((before + times[self._gap]) / 2 if self._gap else 0.0)
        painter.setPen(QPen(color, 3))
        painter.drawLine(QPointF(x, 2), QPointF(x, self.height() - 2))
