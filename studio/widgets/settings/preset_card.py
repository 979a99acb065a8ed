"""Cards of presets: diagram, title, paper, one sentence and speed, alone and in the list of a combo box."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from core.language import _, sentences
from core.presets import FASTEST, Preset, all_presets, preset
from studio import theme
from studio.widgets.basic.labels import ElidedLabel, WrappedLabel, plain_tip
from studio.widgets.basic.scale import follow_scale
from studio.widgets.settings.preset_picture import PICTURE, PresetPicture, paint

LIST_WIDTH = 430
"""Width of the list of cards in pixels, wider than the drawer."""
MARGIN = 8
FADED = 0.3
"""Opacity of an unfilled speed bar."""


LINES = 3
"""Lines reserved for the sentence, so that the layout does not move."""


class PresetCard(QFrame):
    """Card with the facts of one preset, below the box that chooses it."""

    def __init__(self, chooser: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._picture, self._speed = PresetPicture(), SpeedBars()
        self._authors, self._paper, self._sentence = ElidedLabel(), ElidedLabel(), WrappedLabel()
        self._paper.setObjectName("muted")
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        beside = QVBoxLayout()
        beside.setSpacing(3)
        for widget in (self._speed, self._authors, self._paper):
            beside.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._picture, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(beside, 1)
        row.setAlignment(beside, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        column.addWidget(chooser)
        column.addLayout(row)
        column.addWidget(self._sentence)
        follow_scale(self._sentence, self._reserve)

    def _reserve(self) -> None:
        self._sentence.setMinimumHeight(LINES * self._sentence.fontMetrics().lineSpacing())

    def set_preset(self, name: str) -> None:
        """Shows a preset; an unknown one by its name only."""
        found = preset(name) if name in all_presets() else Preset(name, name, "", "", {})
        self._picture.set_preset(name)
        authors, _separator, paper = found.paper.partition(": ")
        self._authors.setText(f"{authors}, {found.year}" if authors else _("GAN Studio's own"))
        self._paper.setText(paper)
        for label in (self._authors, self._paper):
            label.setToolTip(plain_tip(found.paper))
        self._sentence.setText(found.when)
        self._speed.set_speed(found.speed)
        self.setAccessibleName(_("Preset {title}").format(title=found.title))
        self.setAccessibleDescription(sentences(found.when, found.speed_text))


class SpeedBars(QWidget):
    """Speed of a preset relative to the others: up to `FASTEST` bars, with an accessible text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._speed = 0
        follow_scale(self, lambda: self.setFixedHeight(self.fontMetrics().height()))

    def set_speed(self, speed: int) -> None:
        """Shows a speed from 1 to `FASTEST`; 0 hides it."""
        self._speed = speed
        text = Preset("", "", "", "", {}, speed=speed).speed_text
        self.setAccessibleName(text)
        self.setToolTip(_("Images per second on a CPU at 64 px, relative to the other presets"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, self.fontMetrics().height())

    def paintEvent(self, event: object) -> None:
        if self._speed:
            _paint_speed(QPainter(self), self.rect(), self._speed, QColor(theme.current().muted), self.font())


class CardDelegate(QStyledItemDelegate):
    """Paints entries of a list of presets as cards. The entry's data is the preset's name."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        lines = QFontMetrics(option.font).height()
        return QSize(LIST_WIDTH, max(PICTURE.height(), 4 * lines + 6) + 2 * MARGIN)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        found = all_presets().get(index.data(Qt.ItemDataRole.UserRole))
        if found is None:  # a preset of another version, shown by its name
            super().paint(painter, option, index)
            return
        scheme = theme.current()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        text, muted = (scheme.on_accent,) * 2 if is_selected else (scheme.text, scheme.muted)
        room: QRect = option.rect
        font: QFont = option.font
        painter.save()
        painter.fillRect(room, QColor(scheme.accent if is_selected else scheme.surface))
        room = room.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        picture = QRectF(room.topLeft(), PICTURE)
        paint(painter, picture, found.apply())
        beside = room.adjusted(PICTURE.width() + MARGIN, 0, 0, 0)
        bold = QFont(font)
        bold.setBold(True)
        height = QFontMetrics(font).height()
        painter.setFont(bold)
        painter.setPen(QColor(text))
        painter.drawText(beside, Qt.AlignmentFlag.AlignTop, found.title)
        _paint_speed(painter, QRect(beside.right() - 120, beside.y(), 120, height), found.speed, QColor(muted), font)
        painter.setFont(font)
        painter.setPen(QColor(text))
        below = beside.adjusted(0, height + 2, 0, 0)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, found.when)
        painter.restore()


def _paint_speed(painter: QPainter, room: QRect, speed: int, color: QColor, font: QFont) -> None:
    painter.setFont(font)
    painter.setPen(color)
    width = QFontMetrics(font).horizontalAdvance(_("Speed") + " ")
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, _("Speed"))
    for bar in range(FASTEST):
        shade = QColor(color)
        shade.setAlphaF(1.0 if bar < speed else FADED)
        painter.fillRect(QRect(room.x() + width + 4 + 12 * bar, room.center().y() - 3, 9, 7), shade)
