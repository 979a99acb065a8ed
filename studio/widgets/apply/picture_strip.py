"""Strip of the pictures to translate."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QWidget

from core.language import _
from studio import theme
from studio.model.apply import Picture, Thumbnail
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.scale import follow_scale
from studio.widgets.images.tile_layout import thumbnail

ICON, CELL = QSize(64, 48), QSize(96, 76)
PICTURE = Qt.ItemDataRole.UserRole


class PictureStrip(QListWidget):
    """Row of pictures with their names, of which one is current. Setters emit nothing but for the first picture."""

    chosen = Signal(object)
    """The `Picture` that becomes current, or is clicked again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: dict[Picture, QListWidgetItem] = {}
        self.setFlow(QListView.Flow.LeftToRight)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)
        self.setAccessibleName(_("Pictures"))
        follow_scale(self, self._fit)
        self.currentItemChanged.connect(self._choose)
        self.itemClicked.connect(self._choose)

    def add(self, pictures: Iterable[Picture]) -> None:
        """Adds pictures, and makes the first one current if none is."""
        for picture in pictures:
            item = QListWidgetItem(theme.icon("film-strip" if picture.is_film else "image", "muted"), picture.name)
            item.setToolTip(plain_tip(picture.name))
            item.setData(PICTURE, picture)
            self._items[picture] = item
            self.addItem(item)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(0)

    def show_thumbnail(self, made: Thumbnail) -> None:
        """Shows a picture in small, or that it cannot be read."""
        if made.picture not in self._items:
            return
        if isinstance(made.image, Exception):
            self.show_failed(made.picture, str(made.image))
        else:
            self._items[made.picture].setIcon(thumbnail(made.image, theme.scaled(ICON.width())))

    def show_failed(self, picture: Picture, why: str) -> None:
        """Marks a picture that cannot be translated."""
        if picture in self._items:
            self._items[picture].setIcon(theme.icon("warning-circle", "error"))
            self._items[picture].setToolTip(plain_tip(why))

    def current(self) -> Picture | None:
        """Returns the current picture."""
        item = self.currentItem()
        found: Picture | None = item.data(PICTURE) if item is not None else None
        return found

    def remove_all(self) -> None:
        """Removes every picture."""
        self._items.clear()
        self.clear()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls sideways by the usual wheel."""
        moved = event.angleDelta().y() or event.angleDelta().x()
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - moved)
        event.accept()

    def _choose(self, item: QListWidgetItem | None, *_before: object) -> None:
        if item is not None:
            self.chosen.emit(item.data(PICTURE))

    def _fit(self) -> None:
        self.setIconSize(QSize(theme.scaled(ICON.width()), theme.scaled(ICON.height())))
        self.setGridSize(QSize(theme.scaled(CELL.width()), theme.scaled(CELL.height())))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(theme.scaled(CELL.height()) + bar + 2 * self.frameWidth() + 2)
