"""Strip of pins: thumbnails with names that can be dragged, reordered, renamed and removed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QPoint, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QIcon,
    QImageReader,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QSizePolicy, QWidget

from core.events import Images
from core.language import _, number
from core.latent.explore_state import PICTURE_SIDE, Pin
from core.latent.request import Point
from studio import theme
from studio.widgets.basic.labels import plain_tip
from studio.widgets.explore.point_mime import describe, from_mime, request_from_mime, to_mime
from studio.widgets.images.tile_layout import sheet

SIDE = 64
TEXT = 20


class PinStrip(QListWidget):
    """Strip that shows pins and only announces changes by the user.

    Points can be dropped between any two pins; pins of the strip itself are moved.
    """

    dropped = Signal(int, object)
    """Index of the pin after the drop, and a `Point` from elsewhere."""
    image_dropped = Signal(object)
    """`LatentRequest` of an image dropped on a vertical strip."""
    moved = Signal(int, int)
    """Index of a pin, and its new index."""
    renamed = Signal(int, str)
    removed = Signal(list)
    chosen = Signal(int)
    """A pin was double-clicked or activated by Enter."""

    def __init__(
        self, name: str, tip: str, empty: str, parent: QWidget | None = None, *, vertical: bool = False
    ) -> None:
        """`vertical`: a scrolling column, else a row."""
        super().__init__(parent)
        self._pins: tuple[Pin, ...] = ()
        self._pictures: list[QPixmap] = []
        self._known: dict[Point, QPixmap] = {}
        self._own: dict[str, QPixmap] = {}
        self._empty = empty
        self._gap: int | None = None
        self._vertical = vertical
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(tip))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.TopToBottom if vertical else QListView.Flow.LeftToRight)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setWrapping(False)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setGridSize(QSize(SIDE + 20, SIDE + TEXT + 8))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setWordWrap(False)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.viewport().setAcceptDrops(True)  # static items have drops disabled
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        down = QSizePolicy.Policy.Expanding if vertical else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Ignored if vertical else QSizePolicy.Policy.Expanding, down)
        self.itemChanged.connect(self._rename)

    def set_pins(self, pins: Sequence[Pin]) -> None:
        """Shows pins; keeps the images of earlier ones until others arrive."""
        self._pins = tuple(pins)
        self.updateGeometry()
        blank = QPixmap(SIDE, SIDE)
        blank.fill(QColor(theme.current().sunken))
        self._pictures = [self._picture(pin) or blank for pin in self._pins]
        self._fill()

    def _picture(self, pin: Pin) -> QPixmap | None:
        """Returns a pin's stored image, or the last one of its point."""
        if not pin.picture:
            return self._known.get(pin.point)
        found = self._own.get(pin.picture)
        if found is None:
            found = self._own[pin.picture] = decoded(pin.picture)
        return found

    def set_images(self, images: Images) -> None:
        """Shows one image per pin; ignores another number, which is outdated."""
        if len(images) == len(self._pins):
            self.set_pictures([pin.point for pin in self._pins], images)

    def set_pictures(self, points: Sequence[Point], images: Images) -> None:
        """Shows images of points, now or once they are pinned; other pins keep theirs."""
        self._known |= zip(points, (_thumbnail(image[None]) for image in images), strict=True)
        pairs = zip(self._pins, self._pictures, strict=True)
        self._pictures = [self._picture(pin) or picture for pin, picture in pairs]
        with QSignalBlocker(self):  # a new image is not a rename
            for row, picture in enumerate(self._pictures):
                self.item(row).setIcon(self._icon(picture, self._pins[row]))

    def sizeHint(self) -> QSize:
        if self._vertical:
            return QSize(SIDE + 20, 2 * (SIDE + TEXT))
        return QSize(240, SIDE + TEXT + 26 if self._pins else 36)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def pins(self) -> tuple[Pin, ...]:
        return self._pins

    def chosen_rows(self) -> list[int]:
        return sorted(self.row(item) for item in self.selectedItems())

    def _fill(self) -> None:
        blocker = QSignalBlocker(self)
        self.clear()
        for pin, picture in zip(self._pins, self._pictures, strict=True):
            item = QListWidgetItem(self._icon(picture, pin), pin.name or describe(pin.point))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            made = ""
            if pin.maker is not None:
                made = _("Made at step {step}").format(step=number(pin.maker.step))
            item.setToolTip(plain_tip("\n".join(filter(None, (pin.name, describe(pin.point), made)))))
            self.addItem(item)
        blocker.unblock()
        self.viewport().update()

    def _icon(self, picture: QPixmap, pin: Pin) -> QIcon:
        if not pin.favourite:
            return QIcon(picture)
        starred = QPixmap(picture)
        painter = QPainter(starred)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        position = QRect(starred.width() - 20, 2, 18, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().accent))
        painter.drawEllipse(position)
        theme.paint_glyph(painter, position.adjusted(3, 3, -3, -3), "star-fill", QColor(theme.current().on_accent))
        painter.end()
        return QIcon(starred)

    def _rename(self, item: QListWidgetItem) -> None:
        row, text = self.row(item), item.text().strip()
        self.renamed.emit(row, "" if text == describe(self._pins[row].point) else text)

    # Drag and drop

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        return to_mime(self._pins[self.row(items[0])].point)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._takes(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._takes(event.mimeData()):
            event.acceptProposedAction()
            self._set_gap(self._gap_at(event.position().toPoint()))

    def dragLeaveEvent(self, event: object) -> None:
        self._set_gap(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_gap(None)
        request, gap = request_from_mime(event.mimeData()), self._gap_at(event.position().toPoint())
        if request is None or not self._takes(event.mimeData()):
            return
        event.acceptProposedAction()
        if event.source() is self:
            row = self.chosen_rows()[0]
            self.moved.emit(row, gap - (gap > row))
        elif self._vertical:
            self.image_dropped.emit(request)
        else:
            self.dropped.emit(gap, request.trajectory.points[0])

    def _takes(self, mime: QMimeData) -> bool:
        return (request_from_mime(mime) if self._vertical else from_mime(mime)) is not None

    def _gap_at(self, position: QPoint) -> int:
        """Returns the index of the pin after a drop position."""
        for row in range(self.count()):
            shown = self.visualItemRect(self.item(row))
            if self._vertical:
                if position.y() < shown.center().y():
                    return row
            elif position.y() <= shown.bottom() and position.x() < shown.center().x():
                return row
        return self.count()

    def _set_gap(self, gap: int | None) -> None:
        self._gap = gap
        self.viewport().update()

    # Keys and painting

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None:
            self.chosen.emit(self.row(item))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.chosen.emit(self.currentRow())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.chosen_rows():
            self.removed.emit(self.chosen_rows())
        elif event.key() == Qt.Key.Key_Space:
            event.ignore()  # Space plays, as everywhere in the panel
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, scheme = QPainter(self.viewport()), theme.current()
        if not self._pins:
            painter.setPen(QColor(scheme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(6, 0, -6, 0), flags, self._empty)
        if self._gap is not None and self._vertical:
            rows = self.count()
            if self._gap < rows:
                y = self.visualItemRect(self.item(self._gap)).top()
            else:
                y = self.visualItemRect(self.item(rows - 1)).bottom() if rows else 4
            painter.setPen(QPen(QColor(scheme.accent), 3))
            painter.drawLine(4, y, self.viewport().width() - 4, y)
        elif self._gap is not None:
            rows = self.count()
            if self._gap < rows:
                x = self.visualItemRect(self.item(self._gap)).left()
            else:
                x = self.visualItemRect(self.item(rows - 1)).right() if rows else 4
            painter.setPen(QPen(QColor(scheme.accent), 3))
            painter.drawLine(x, 4, x, SIDE + TEXT)


def decoded(picture: str) -> QPixmap:
    """Returns the image of a `Pin`; a dark square if it is missing, damaged or too large."""
    data = QByteArray.fromBase64(QByteArray(picture.encode()))
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) <= PICTURE_SIDE:
        image = reader.read()
        if not image.isNull():
            return _scaled(QPixmap.fromImage(image))
    blank = QPixmap(SIDE, SIDE)
    blank.fill(QColor(theme.current().sunken))
    return blank


def _thumbnail(image: Images) -> QPixmap:
    return _scaled(QPixmap.fromImage(sheet(image, 1)))


def _scaled(picture: QPixmap) -> QPixmap:
    how = Qt.TransformationMode.SmoothTransformation
    if picture.width() < SIDE:
        how = Qt.TransformationMode.FastTransformation
    return picture.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, how)
