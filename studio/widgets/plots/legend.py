"""Legend above a plot: the curves, and their values at one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.language import _
from studio import theme

SWATCH, GAP, BETWEEN = 18, 6, 16
"""Widths in pixels: swatch, gap to its label, and gap between two curves."""
USUAL_VALUE, USUAL_STEP = "-0.00000", _("step {step}").format(step="000,000")
"""Texts whose width is reserved, so that the layout does not move."""


@dataclass(frozen=True)
class Entry:
    """A curve and its optional value."""

    color: str
    label: str
    value: str = ""
    style: Qt.PenStyle = Qt.PenStyle.SolidLine

    def words(self) -> str:
        """Returns the entry as text."""
        return f"{self.label} {self.value}" if self.value else self.label


class Legend(QWidget):
    """Legend with as many rows as its curves need. A label is elided only if wider than the whole legend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._entries: tuple[Entry, ...] = ()
        self._place = ""
        self._remarks = ""
        self._rooms: list[int] = [0]
        """Widths in pixels of each value and, last, of the place."""
        self.plain = ""
        """The legend's text."""

    def show_entries(self, entries: Sequence[Entry], place: str = "", remarks: Sequence[str] = ()) -> None:
        """Shows the entries. `place`: step of the values, or empty; `remarks`: events at that step."""
        metrics = self.fontMetrics()
        others = [entry.label for entry in entries] != [entry.label for entry in self._entries]
        if others:
            self._rooms = [metrics.horizontalAdvance(f" {USUAL_VALUE}")] * len(entries)
            self._rooms.append(metrics.horizontalAdvance(USUAL_STEP))
        needed = [metrics.horizontalAdvance(f" {entry.value}") for entry in entries]
        needed.append(metrics.horizontalAdvance(place))
        rooms = [max(pair) for pair in zip(self._rooms, needed, strict=True)]
        others = others or rooms != self._rooms
        self._rooms, self._entries, self._place = rooms, tuple(entries), place
        if others:
            self.updateGeometry()
        self._remarks = "   ".join(remarks)
        self.plain = "  ".join([*(entry.words() for entry in entries), *([place] if place else []), *remarks])
        self.setAccessibleName(self.plain)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._row())

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max((slot.bottom() + 1 for slot in self._slots(width)), default=self._row())

    def fits_one_row(self, width: int) -> bool:
        """Returns whether this width is enough for one row."""
        return self.heightForWidth(max(width, 1)) <= self._row()

    def _row(self) -> int:
        return self.fontMetrics().height() + 2

    def _slots(self, width: int) -> Iterator[QRect]:
        """Returns the rectangle of each curve and, last, of the place, row by row."""
        x = y = 0
        metrics = self.fontMetrics()
        labels = [SWATCH + GAP + metrics.horizontalAdvance(entry.label) for entry in self._entries]
        for label, room in zip([*labels, 0], self._rooms, strict=True):
            wide = min(label + room, width)
            if x and x + wide > width:
                x, y = 0, y + self._row()
            yield QRect(x, y, wide, self._row())
            x += wide + BETWEEN

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._entries:
            return
        painter, scheme, metrics = QPainter(self), theme.current(), self.fontMetrics()
        painter.translate(0, max(self.height() - self.heightForWidth(self.width()), 0) // 2)
        *slots, place = self._slots(self.width())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for slot, entry in zip(slots, self._entries, strict=True):
            if slot.bottom() >= self.height():  # rather no row than half of one
                break
            middle = slot.center().y() + 0.5
            painter.setPen(QPen(QColor(entry.color), 3, entry.style, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(slot.left(), middle), QPointF(slot.left() + SWATCH, middle))
            room = slot.adjusted(SWATCH + GAP, 0, 0, 0)
            value = f" {entry.value}" if entry.value else ""
            for_label = room.width() - metrics.horizontalAdvance(value)
            label = metrics.elidedText(entry.label, Qt.TextElideMode.ElideMiddle, for_label)
            painter.setPen(QColor(scheme.text))
            painter.drawText(room, flags, label + value)
        painter.setPen(QColor(scheme.muted))
        painter.drawText(place, flags, self._place)
        rest = place.adjusted(metrics.horizontalAdvance(self._place) + BETWEEN, 0, 0, 0)
        rest.setRight(self.width())
        painter.setPen(QColor(scheme.accent))
        painter.drawText(rest, flags, metrics.elidedText(self._remarks, Qt.TextElideMode.ElideRight, rest.width()))
