"""A batch of images as a grid: fitted, zoomed, panned, and selected by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QToolTip, QWidget

from core.events import Images
from studio import theme
from studio.widgets.tile_layout import Sheet, TileLayout, fitted

MARGIN = 4
CAPTION = 22
NAMES = 20
"""Height of the columns' names."""
NARROWEST_NAMED = 28
"""Width of a tile below which no name could be read."""
MOST_ZOOM = 64.0
NO_IMAGES: Images = np.empty((0, 1, 1, 3), np.uint8)


class ImageGrid(QWidget):
    """Shows uint8 NHWC images. Wheel, + and - zoom, dragging pans, 0 fits; arrows move the current image."""

    activated = Signal(int)  # double-click or Enter
    clicked = Signal(int)
    current_changed = Signal(int)
    selection_changed = Signal()
    save_requested = Signal(str)  # "grid", "image" (the current one) or "selected"

    def __init__(self, parent: QWidget | None = None, *, selectable: bool = False) -> None:
        super().__init__(parent)
        self._selectable = selectable
        self._images = NO_IMAGES
        self._sheet = Sheet(NO_IMAGES)
        self._columns = 0
        self._names: tuple[str, ...] = ()
        self._caption = ""
        self._empty_text = "Images appear here."
        self._current = 0
        self._anchor = 0
        self._selected: set[int] = set()
        self._zoom = 1.0
        self._centre = QPointF(0.5, 0.5)  # point of the grid, as shares of its size, in the middle of the widget
        self._press: QPoint | None = None
        self._dragged_from: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Image grid")

    # --- what it shows ---

    def set_images(self, images: Images) -> None:
        """Show a batch, uint8 NHWC, grey, RGB or RGBA. Zoom and selection stay when count and size do."""
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3, 4):
            raise ValueError(f"images must be uint8 NHWC with 1, 3 or 4 channels, not {images.dtype} {images.shape}")
        same = images.shape[:3] == self._images.shape[:3]
        self._images = images
        self._sheet = Sheet(images, self._columns)
        if not same:
            self._current = self._anchor = 0
            self._set_selected(set())
            self.fit()
        self._describe()
        self.update()

    def set_columns(self, columns: int, names: Sequence[str] = ()) -> None:
        """Lay the images out in exactly so many columns, with the columns' names above them; 0: as they fit best."""
        if (columns, tuple(names)) == (self._columns, self._names):
            return
        is_laid_anew = columns != self._columns
        self._columns, self._names = columns, tuple(names)
        if is_laid_anew:
            self._sheet = Sheet(self._images, columns)
            self.fit()
        self._describe()
        self.update()

    def columns(self) -> int:
        """In how many columns the images must stand; 0: as they fit best."""
        return self._columns

    def set_caption(self, caption: str) -> None:
        """A line under the images; empty for none."""
        self._caption = caption
        self.update()

    def set_empty_text(self, text: str) -> None:
        """What stands there while there are no images."""
        self._empty_text = text
        self.update()

    def images(self) -> Images:
        """The batch that is shown."""
        return self._images

    def selected(self) -> list[int]:
        """Indices of the selected images, in order."""
        return sorted(self._selected)

    def set_selected(self, indices: list[int]) -> None:
        """Select these images and no others; emits nothing."""
        self._selected = {index for index in indices if 0 <= index < len(self._images)}
        self.update()

    def current(self) -> int:
        """Index of the image that the keyboard acts on."""
        return self._current

    def grid_image(self) -> QImage:
        """The images pixel by pixel, without gaps, in the set columns or else nearly square."""
        return self._sheet.picture.copy()

    def image(self, index: int) -> QImage:
        """One image, pixel by pixel."""
        return self._sheet.picture.copy(self._sheet.source(index))

    # --- zoom ---

    def fit(self) -> None:
        """Show all images as large as they fit."""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.update()

    def zoom(self) -> float:
        """1 when fitted, larger when zoomed in."""
        return self._zoom

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom; the point `around` (the middle of the widget by default) stays where it is."""
        if not len(self._images):
            return
        around = self._area().center() if around is None else around
        before = self._whole()
        x, y = (around.x() - before.left()) / before.width(), (around.y() - before.top()) / before.height()
        self._zoom = min(max(self._zoom * factor, 1.0), MOST_ZOOM)
        after = self._whole()
        away = around - self._area().center()
        self._look_at(QPointF(x - away.x() / after.width(), y - away.y() / after.height()))

    def _look_at(self, centre: QPointF) -> None:
        self._centre = centre
        grid, area = self._whole(), self._area()
        # Never past the edge: half of the visible share is the closest that the middle comes to it.
        edge_x, edge_y = min(area.width() / grid.width() / 2, 0.5), min(area.height() / grid.height() / 2, 0.5)
        self._centre = QPointF(min(max(centre.x(), edge_x), 1 - edge_x), min(max(centre.y(), edge_y), 1 - edge_y))
        self.update()

    # --- geometry ---

    def _area(self) -> QRectF:
        """Where tiles may stand."""
        area = self._area_with_names()
        return area.adjusted(0, NAMES, 0, 0) if self._has_names() else area

    def _area_with_names(self) -> QRectF:
        below = CAPTION if self._caption else 0
        return QRectF(self.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN - below))

    def _has_names(self) -> bool:
        """Whether the tiles are wide enough for names even in what the names leave of the height."""
        if not (self._columns and self._names and len(self._images)):
            return False
        return self._fitted(self._area_with_names().adjusted(0, NAMES, 0, 0)).width >= NARROWEST_NAMED

    def _layout(self) -> TileLayout:
        return self._fitted(self._area())

    def _fitted(self, area: QRectF) -> TileLayout:
        height, width = self._images.shape[1:3]
        return fitted(self._count(), QSize(width, height), area, self._columns, self._zoom, self._centre)

    def _whole(self) -> QRectF:
        return self._layout().whole(self._count())

    def _count(self) -> int:
        return max(len(self._images), 1)

    def index_at(self, point: QPointF) -> int | None:
        """The image under a point of the widget."""
        if not self._area().contains(point):
            return None
        layout = self._layout()
        under = layout.visible(QRectF(point, point), len(self._images))
        return under[0] if under and layout.tile(under[0]).contains(point) else None

    def tile_rect(self, index: int) -> QRect:
        """Where an image stands in the widget."""
        return self._layout().tile(index).toRect()

    def name_rects(self) -> list[QRect]:
        """Where the columns' names stand, those out of sight included; empty while none are shown."""
        if not self._has_names():
            return []
        layout = self._layout()
        # Right above the images, or at the edge that they have been moved past.
        bottom = max(layout.top, self._area().top())
        tiles = [layout.tile(column) for column in range(min(self._columns, len(self._names)))]
        return [QRectF(tile.left(), bottom - NAMES, tile.width(), NAMES).toRect() for tile in tiles]

    # --- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        if not len(self._images):
            painter.setPen(QColor(scheme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, self._empty_text)
            return
        if self._caption:
            painter.setPen(QColor(scheme.muted))
            line = QRect(8, self.height() - CAPTION, self.width() - 16, CAPTION)
            text = painter.fontMetrics().elidedText(self._caption, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        area, layout = self._area(), self._layout()
        self._paint_names(painter, scheme)
        # To the widget's edges, where nothing is written.
        above, below = 0 if self._has_names() else MARGIN, 0 if self._caption else MARGIN
        painter.setClipRect(area.adjusted(-MARGIN, -above, MARGIN, below))
        # Enlarged pixels stay crisp; shrinking without smoothing would make noise of them.
        shrunk = layout.width < self._images.shape[2]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        shown = layout.visible(QRectF(event.rect()).intersected(area), len(self._images))
        for index in shown:
            self._sheet.paint(painter, layout.tile(index), index)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in shown:
            self._paint_frame(painter, layout.tile(index), index, scheme)

    def _paint_names(self, painter: QPainter, scheme: theme.Scheme) -> None:
        painter.setPen(QColor(scheme.muted))
        painter.setClipRect(self._area_with_names())
        for name, rect in zip(self._names, self.name_rects(), strict=False):
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, text)

    def _paint_frame(self, painter: QPainter, tile: QRectF, index: int, scheme: theme.Scheme) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if index in self._selected:
            painter.setPen(QPen(QColor(scheme.accent), 3))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))
            badge = QRect(int(tile.right()) - 19, int(tile.top()) + 3, 16, 16)
            if tile.width() >= 40:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(scheme.accent))
                painter.drawEllipse(badge)
                theme.paint_glyph(painter, badge.adjusted(3, 3, -3, -3), "check-bold", QColor(scheme.on_accent))
        if index == self._current and self.hasFocus() and len(self._images) > 1:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            # Light on dark on light: seen on every picture.
            painter.setPen(QPen(QColor("#000000"), 3))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setPen(QPen(QColor("#ffffff"), 1))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))

    # --- mouse ---

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for name, rect in zip(self._names, self.name_rects(), strict=False):
                if rect.contains(event.pos()):  # it may have been cut short
                    QToolTip.showText(event.globalPos(), name, self, rect)
                    return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._press = event.position().toPoint()
            self._dragged_from = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or self._zoom == 1.0:
            return
        far = (event.position().toPoint() - self._press).manhattanLength() >= QApplication.startDragDistance()
        if self._dragged_from is None and far:
            self._dragged_from = QPointF(self._press)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragged_from is not None:
            moved, grid = event.position() - self._dragged_from, self._whole()
            self._dragged_from = event.position()
            self._look_at(self._centre - QPointF(moved.x() / grid.width(), moved.y() / grid.height()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, dragged = self._press is not None, self._dragged_from is not None
        self._press = self._dragged_from = None
        self.unsetCursor()
        if not pressed or dragged or event.button() != Qt.MouseButton.LeftButton:
            return
        index = self.index_at(event.position())
        if index is None:
            if not event.modifiers():
                self._set_selected(set())
            return
        self._click(index, event.modifiers())

    def _click(self, index: int, modifiers: Qt.KeyboardModifier) -> None:
        if self._selectable:
            if modifiers & Qt.KeyboardModifier.ShiftModifier:
                first, last = sorted((self._anchor, index))
                self._set_selected(set(range(first, last + 1)))
            elif modifiers & Qt.KeyboardModifier.ControlModifier:
                self._set_selected(self._selected ^ {index})
                self._anchor = index
            else:
                self._set_selected({index})
                self._anchor = index
        self._set_current(index)
        self.clicked.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not len(self._images):
            return
        index = self.index_at(QPointF(event.pos()))
        if index is not None:
            self._set_current(index)
        menu = self._menu()
        menu.exec(event.globalPos())
        menu.deleteLater()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        current = self._current
        menu.addAction("Enlarge", lambda: self.activated.emit(current))
        copy = menu.addAction("Copy image")
        copy.triggered.connect(lambda: QGuiApplication.clipboard().setImage(self.image(current)))
        menu.addSeparator()
        menu.addAction("Save image…", lambda: self.save_requested.emit("image"))
        if self._selected:
            menu.addAction(f"Save {len(self._selected)} selected…", lambda: self.save_requested.emit("selected"))
        menu.addAction("Save grid…", lambda: self.save_requested.emit("grid"))
        return menu

    # --- keyboard ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not len(self._images) or not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        columns = self._layout().columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_Home: -self._current,
            Qt.Key.Key_End: len(self._images) - 1 - self._current,
        }
        key = Qt.Key(event.key())
        if key in steps:
            return self._step(self._current + steps[key], event.modifiers())
        match key:
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.activated.emit(self._current)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by(1.25)
            case Qt.Key.Key_Minus:
                self.zoom_by(0.8)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_Space if self._selectable:
                self._set_selected(self._selected ^ {self._current})
            case Qt.Key.Key_A if self._selectable and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._set_selected(set(range(len(self._images))))
            case Qt.Key.Key_Escape if self._selected:
                self._set_selected(set())
            case _:
                return False
        return True

    def _step(self, index: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Go to an image; False where there is none, so that a window around may use the key."""
        if not 0 <= index < len(self._images) or index == self._current:
            return False
        if self._selectable and modifiers & Qt.KeyboardModifier.ShiftModifier:
            first, last = sorted((self._anchor, index))
            self._set_selected(set(range(first, last + 1)))
        else:
            self._anchor = index
        self._set_current(index)
        return True

    def _set_current(self, index: int) -> None:
        if index != self._current:
            self._current = index
            self._describe()
            self.current_changed.emit(index)
        self.update()

    def _set_selected(self, selected: set[int]) -> None:
        if selected != self._selected:
            self._selected = selected
            self._describe()
            self.selection_changed.emit()
            self.update()

    def _describe(self) -> None:
        count = len(self._images)
        words = f"Image {self._current + 1} of {count}" if count else self._empty_text
        if count and self._columns and self._current % self._columns < len(self._names):
            words += f", {self._names[self._current % self._columns]}"
        self.setAccessibleDescription(words + (f", {len(self._selected)} selected" if self._selected else ""))

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)
