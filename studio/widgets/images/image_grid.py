"""Image grid with zoom, pan, and selection by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from core.events import Images
from core.imaging.grid import grid
from core.language import _, in_context, listed, number, plural
from studio import theme
from studio.widgets.images.image_mime import add_image
from studio.widgets.images.tile_layout import TileSheet
from studio.widgets.images.tile_view import TileView


class ImageGrid(TileView):
    """Grid of images. Wheel, + and - zoom, dragging pans, 0 fits; arrow keys move the current image."""

    activated = Signal(int)  # double-click or Enter
    clicked = Signal(int)
    current_changed = Signal(int)
    selection_changed = Signal()
    save_requested = Signal(str)  # "grid", "image" (the current one) or "selected"
    nearest_requested = Signal(int)  # find the training images nearest to it
    dragged = Signal(int)  # drags a fitted image to another program; zoomed in, dragging pans

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        selectable: bool = False,
        generated: bool = False,
        comparable: bool = False,
    ) -> None:
        """`generated`: the images are generated, and copies say so. `comparable`: the nearest training images can be
        requested.
        """
        super().__init__(parent)
        self.generated, self.comparable = generated, comparable
        self._selectable = selectable
        self._generated_columns: frozenset[int] = frozenset()
        self._current = 0
        self._anchor = 0
        self._selected: set[int] = set()
        self._press: QPoint | None = None
        self._dragged_from: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Image grid"))

    # --- selection ---

    def set_images(self, images: Images) -> None:
        """Shows a batch. Keeps zoom, current image and selection if count and size stay the same."""
        before = self._images.shape[:3]
        super().set_images(images)
        if images.shape[:3] != before:
            self._current = self._anchor = 0
            self._set_selected(set())
        self._describe()

    def set_columns(self, columns: int, names: Sequence[str] = ()) -> None:
        super().set_columns(columns, names)
        self._describe()

    def set_generated_columns(self, columns: Sequence[int]) -> None:
        """Sets the numbers of the columns with generated images; empty if every image is generated."""
        self._generated_columns = frozenset(columns)

    def is_generated(self, index: int) -> bool:
        """Returns whether an image is generated, so that copies must say so."""
        among = self._generated_columns
        return self.generated and (not (among and self._columns) or index % self._columns in among)

    def selected(self) -> list[int]:
        """Returns the indices of the selected images, ascending."""
        return sorted(self._selected)

    def set_selected(self, indices: list[int]) -> None:
        """Selects exactly these images; emits nothing."""
        self._take_selection({index for index in indices if 0 <= index < len(self._images)})

    def current(self) -> int:
        """Returns the index of the image that the keyboard acts on."""
        return self._current

    def paint_frame(self, painter: QPainter, tile: QRectF, index: int) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if index in self._selected:
            scheme = theme.current()
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
            # Light on dark on light: visible on any image.
            painter.setPen(QPen(QColor("#000000"), 3))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setPen(QPen(QColor("#ffffff"), 1))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))

    # --- mouse ---

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._press = event.position().toPoint()
            self._dragged_from = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        far = (event.position().toPoint() - self._press).manhattanLength() >= QApplication.startDragDistance()
        if self.zoom() == 1.0:
            index = self.index_at(QPointF(self._press))
            if far and index is not None:
                self._press = None
                self.dragged.emit(index)
            return
        if self._dragged_from is None and far:
            self._dragged_from = QPointF(self._press)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragged_from is not None:
            self.pan_by(event.position() - self._dragged_from)
            self._dragged_from = event.position()

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

    def copy(self, index: int) -> None:
        """Copies an image to the clipboard."""
        QGuiApplication.clipboard().setMimeData(self.add_to(QMimeData(), index))

    def copy_selected(self) -> bool:
        """Copies the selected images to the clipboard as one image; returns whether any are selected."""
        chosen = self.selected()
        if chosen:
            pixels = grid(self._images[chosen])
            picture = TileSheet(self._images[chosen]).picture
            generated = any(map(self.is_generated, chosen))
            QGuiApplication.clipboard().setMimeData(add_image(QMimeData(), picture, pixels, generated))
        return bool(chosen)

    def add_to(self, mime: QMimeData, index: int) -> QMimeData:
        """Adds an image to `mime` for the clipboard or dragging, and returns `mime`."""
        return add_image(mime, self.image(index), self._images[index], self.is_generated(index))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        current = self._current
        menu.addAction(in_context("view", "Enlarge"), lambda: self.activated.emit(current))
        copy = menu.addAction(_("Copy image"))
        copy.triggered.connect(lambda: self.copy(current))
        if self.comparable and self.is_generated(current):
            menu.addAction(_("Nearest training images"), lambda: self.nearest_requested.emit(current))
        menu.addSeparator()
        menu.addAction(_("Save image…"), lambda: self.save_requested.emit("image"))
        if self._selected:
            text = plural("Save {count} selected…", "Save {count} selected…", len(self._selected))
            menu.addAction(text, lambda: self.save_requested.emit("selected"))
        menu.addAction(_("Save grid…"), lambda: self.save_requested.emit("grid"))
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
        """Moves to an image; returns False where there is none, so that a parent may handle the key."""
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
        if self._take_selection(selected):
            self.selection_changed.emit()

    def _take_selection(self, selected: set[int]) -> bool:
        """Sets the selection; returns whether it changed, which triggers a repaint."""
        if selected == self._selected:
            return False
        self._selected = selected
        self._describe()
        self.update()
        return True

    def _describe(self) -> None:
        count = len(self._images)
        place = _("Image {number} of {count}").format(number=number(self._current + 1), count=number(count))
        words = [place if count else self._empty_text]
        if count and self._columns and self._current % self._columns < len(self._names):
            words.append(self._names[self._current % self._columns])
        if self._selected:
            words.append(plural("{count} selected", "{count} selected", len(self._selected)))
        self.setAccessibleDescription(listed(words))
