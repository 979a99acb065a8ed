"""Overlay that tells whether dragged content can be opened."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.language import _, plural
from studio import theme

MARGIN, GLYPH = 16, 56
STRENGTH = 0.94
"""Opacity of the overlay."""


class DropOverlay(QWidget):
    """Overlay, hidden until something is dragged over a page. Passes every event through."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.is_openable = True
        """Tells whether the dragged content can be opened, judged by its name."""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_name(self, name: str, is_openable: bool, for_queue: int = 0) -> None:
        """Shows the overlay for a dragged name; `for_queue`: number of dragged sources that a drop adds to the queue, 0
        to open one."""
        self._text = (_("Drop to open {name}") if is_openable else _("GAN Studio cannot open {name}")).format(name=name)
        if for_queue and is_openable:
            self._text = plural(
                "Drop to train on {name} in the queue",
                "Drop to train on {count} sources in the queue",
                for_queue,
                name=name,
            )
        self.is_openable = is_openable
        self.setAccessibleName(self._text)
        self.raise_()
        self.show()
        self.update()

    def text(self) -> str:
        """Returns the sentence shown; empty while hidden."""
        return self._text if self.isVisible() else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(scheme.accent if self.is_openable else scheme.error)
        ground = QColor(scheme.notice_strip if self.is_openable else scheme.error_strip)
        ground.setAlphaF(STRENGTH)
        pen = QPen(color, 2)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(ground)
        area = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawRoundedRect(area, 12, 12)
        side = theme.scaled(GLYPH)
        glyph = QRect(0, 0, side, side)
        glyph.moveCenter(area.center().toPoint())
        glyph.translate(0, -side // 2)
        theme.paint_glyph(painter, glyph, "download-simple" if self.is_openable else "prohibit", color)
        font = self.font()
        font.setPixelSize(theme.scaled(19))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(scheme.text))
        line = QRectF(area.left() + MARGIN, glyph.bottom() + MARGIN, area.width() - 2 * MARGIN, side)
        text = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, round(line.width()))
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
