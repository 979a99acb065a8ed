"""View of a batch of images as tiles with column names: fitted, zoomed, and painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from core.events import Images
from core.language import _
from studio import theme
from studio.widgets.basic.labels import plain_tip
from studio.widgets.images.tile_layout import TileLayout, TileSheet, fitted

MARGIN = 4
CAPTION = 22
NAMES = 20
"""Height of the column names."""
NARROWEST_NAMED = 28
"""Width of a tile below which names are hidden as unreadable."""
MOST_ZOOM = 64.0
NO_IMAGES: Images = np.empty((0, 1, 1, 3), np.uint8)


class TileView(QWidget):
    """View of uint8 images (N, H, W, C) with the position of each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images = NO_IMAGES
        self._sheet = TileSheet(NO_IMAGES)
        self._columns = 0
        self._names: tuple[str, ...] = ()
        self._caption = ""
        self._empty_text = _("Images appear here.")
        self._zoom, self._smooth = 1.0, False
        self._center = QPointF(
            0.5, 0.5
        )  # point of the grid in the middle of the widget, in fractions of the grid's size
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # --- content ---

    def set_images(self, images: Images) -> None:
        """Shows a batch, uint8 (N, H, W, C), gray, RGB or RGBA. Keeps the zoom if count and size stay the same."""
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3, 4):
            raise ValueError(f"images must be uint8 NHWC with 1, 3 or 4 channels, not {images.dtype} {images.shape}")
        is_laid_anew = images.shape[:3] != self._images.shape[:3]
        self._images = images
        self._sheet = TileSheet(images, self._columns)
        if is_laid_anew:
            self.fit()
        self.update()

    def set_columns(self, columns: int, names: Sequence[str] = ()) -> None:
        """Sets the number of columns and their names above the images; 0: as they fit best.

        A row of named columns is never broken, but where that makes the images much larger, a line holds several.
        """
        if (columns, tuple(names)) == (self._columns, self._names):
            return
        is_laid_anew = columns != self._columns
        self._columns, self._names = columns, tuple(names)
        if is_laid_anew:
            self._sheet = TileSheet(self._images, columns)
            self.fit()
        self.update()

    def columns(self) -> int:
        """Returns the fixed number of columns; 0: as they fit best."""
        return self._columns

    def set_smooth(self, smooth: bool) -> None:
        """Sets whether enlarged images are interpolated or keep square pixels."""
        self._smooth = smooth
        self.update()

    def set_caption(self, caption: str) -> None:
        """Sets a line of text under the images; empty for none."""
        self._caption = caption
        self.update()

    def set_empty_text(self, text: str) -> None:
        """Sets the text shown while there are no images."""
        self._empty_text = text
        self.update()

    def images(self) -> Images:
        """Returns the shown batch."""
        return self._images

    def grid_image(self) -> QImage:
        """Returns the images in one image without gaps, in the set columns or else nearly square."""
        return self._sheet.picture.copy()

    def image(self, index: int) -> QImage:
        """Returns one image at its own resolution."""
        return self._sheet.picture.copy(self._sheet.source(index))

    # --- zoom ---

    def fit(self) -> None:
        """Fits all images into the widget."""
        self._zoom, self._center = 1.0, QPointF(0.5, 0.5)
        self.update()

    def zoom(self) -> float:
        """Returns the zoom, 1 when fitted."""
        return self._zoom

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Zooms; the point `around` (the middle of the widget by default) stays in place."""
        if not len(self._images):
            return
        around = self._area().center() if around is None else around
        before = self._whole()
        x, y = (around.x() - before.left()) / before.width(), (around.y() - before.top()) / before.height()
        self._zoom = min(max(self._zoom * factor, 1.0), MOST_ZOOM)
        after = self._whole()
        away = around - self._area().center()
        self._set_center(QPointF(x - away.x() / after.width(), y - away.y() / after.height()))

    def pan_by(self, moved: QPointF) -> None:
        """Moves the images, as far as their edges allow."""
        grid = self._whole()
        self._set_center(self._center - QPointF(moved.x() / grid.width(), moved.y() / grid.height()))

    def _set_center(self, center: QPointF) -> None:
        self._center = center
        grid, area = self._whole(), self._area()
        # Never past the edge: the middle stays at least half of the visible part away from it.
        edge_x, edge_y = min(area.width() / grid.width() / 2, 0.5), min(area.height() / grid.height() / 2, 0.5)
        self._center = QPointF(min(max(center.x(), edge_x), 1 - edge_x), min(max(center.y(), edge_y), 1 - edge_y))
        self.update()

    # --- geometry ---

    def _area(self) -> QRectF:
        """Returns the area for tiles."""
        area = self._area_with_names()
        return area.adjusted(0, NAMES, 0, 0) if self._has_names() else area

    def _area_with_names(self) -> QRectF:
        below = CAPTION if self._caption else 0
        return QRectF(self.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN - below))

    def _has_names(self) -> bool:
        """Returns whether the tiles are wide enough for names, even in the height that the names leave."""
        if not (self._columns and self._names and len(self._images)):
            return False
        return self._fitted(self._area_with_names().adjusted(0, NAMES, 0, 0)).width >= NARROWEST_NAMED

    def _layout(self) -> TileLayout:
        return self._fitted(self._area())

    def _fitted(self, area: QRectF) -> TileLayout:
        height, width = self._images.shape[1:3]
        row = self._columns if self._names else 0
        return fitted(self._count(), QSize(width, height), area, self._columns, self._zoom, self._center, row)

    def _whole(self) -> QRectF:
        return self._layout().whole(self._count())

    def _count(self) -> int:
        return max(len(self._images), 1)

    def index_at(self, point: QPointF) -> int | None:
        """Returns the index of the image under a point of the widget."""
        if not self._area().contains(point):
            return None
        layout = self._layout()
        under = layout.visible(QRectF(point, point), len(self._images))
        return under[0] if under and layout.tile(under[0]).contains(point) else None

    def tile_rect(self, index: int) -> QRect:
        """Returns the rectangle of an image in the widget."""
        return self._layout().tile(index).toRect()

    def name_rects(self) -> list[QRect]:
        """Returns the rectangles of the column names, invisible ones included; empty while none are shown."""
        return [rect for _name, rect in self._named_rects()]

    def _named_rects(self) -> list[tuple[str, QRect]]:
        if not self._has_names():
            return []
        layout = self._layout()
        # Right above the images, or at the edge that they moved past.
        bottom = max(layout.top, self._area().top())
        tiles = [
            (self._names[column % self._columns], layout.tile(column))
            for column in range(layout.columns)
            if column % self._columns < len(self._names)
        ]
        return [(name, QRectF(tile.left(), bottom - NAMES, tile.width(), NAMES).toRect()) for name, tile in tiles]

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
        # Up to the widget's edges, where there is no text.
        above, below = 0 if self._has_names() else MARGIN, 0 if self._caption else MARGIN
        painter.setClipRect(area.adjusted(-MARGIN, -above, MARGIN, below))
        # Enlarged pixels stay crisp; shrinking without smoothing would alias.
        shrunk = layout.width < self._images.shape[2]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk or self._smooth)
        shown = layout.visible(QRectF(event.rect()).intersected(area), len(self._images))
        for index in shown:
            self._sheet.paint(painter, layout.tile(index), index)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in shown:
            self.paint_frame(painter, layout.tile(index), index)

    def paint_frame(self, painter: QPainter, tile: QRectF, index: int) -> None:
        """Paints over a tile; does nothing here."""

    def _paint_names(self, painter: QPainter, scheme: theme.Scheme) -> None:
        painter.setPen(QColor(scheme.muted))
        painter.setClipRect(self._area_with_names())
        for name, rect in self._named_rects():
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, rect.width())
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, text)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for name, rect in self._named_rects():
                if rect.contains(event.pos()):  # the name may be elided
                    QToolTip.showText(event.globalPos(), plain_tip(name), self, rect)
                    return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)
