"""Diagram of a preset: its two networks, drawn from the preset's settings."""

from __future__ import annotations

from math import cos, pi, sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.config.settings import Settings
from core.presets import all_presets, preset
from studio import theme

PICTURE = QSize(88, 60)
"""Size of a diagram beside its text."""
_STAGES = 4
SKIPPING = ("resnet", "r3")
"""Networks with residual blocks."""


class PresetPicture(QWidget):
    """Diagram of one preset; blank for an unknown one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: Settings | None = None
        self.setFixedSize(PICTURE)

    def set_preset(self, name: str) -> None:
        """Shows a preset."""
        self._settings = preset(name).apply() if name in all_presets() else None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._settings is not None:
            painter = QPainter(self)
            paint(painter, QRectF(self.rect()), self._settings)


def paint(painter: QPainter, room: QRectF, settings: Settings) -> None:
    """Paints the generator above the discriminator, both from left to right, or a translator between two images.

    Blocks grow or shrink with the images. Residual blocks have an arc, styles an arrow from above, fully connected
    layers are rows of neurons. A second dot beside z is a class or a code, a dashed frame is augmentation.
    """
    scheme = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(scheme.sunken))
    painter.drawRoundedRect(room, 6, 6)
    room = room.adjusted(7, 6, -7, -6)
    if settings.points:
        _ring(painter, room)
    elif settings.translates:
        _translator(painter, room, settings)
    else:
        half = room.height() / 2
        upper = QRectF(room.x(), room.y(), room.width(), half - 2)
        _network(painter, upper, settings, QColor(scheme.generator), is_generator=True)
        lower = QRectF(room.x(), room.y() + half + 2, room.width(), half - 2)
        _network(painter, lower, settings, QColor(scheme.discriminator), is_generator=False)
    painter.restore()


def _translator(painter: QPainter, room: QRectF, settings: Settings) -> None:
    """Paints an image, the blocks of the translator from wide to narrow and back, and another image."""
    color, place = QColor(theme.current().generator), room.width() / (_STAGES + 1)
    for stage in range(_STAGES + 1):
        part = abs(2 * stage / _STAGES - 1)
        side = QRectF(room.x() + stage * place + 1.5, 0, place - 3, room.height() * (0.3 + 0.5 * part))
        side.moveCenter(QPointF(side.center().x(), room.center().y()))
        if stage in (0, _STAGES):
            _image(painter, side, is_framed=settings.augment != "none" and stage == _STAGES)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRoundedRect(side, 2, 2)


def _network(painter: QPainter, room: QRectF, settings: Settings, color: QColor, is_generator: bool) -> None:
    place = room.width() / (_STAGES + 1)
    middle = room.center().y()
    is_told = settings.condition != "none" or settings.codes_categorical > 0
    for stage in range(_STAGES + 1):
        x = room.x() + stage * place
        part = stage / _STAGES if is_generator else 1 - stage / _STAGES
        if part == 0:  # z, or the score
            _dots(painter, x + place / 2, middle, 1 + is_told, color)
            continue
        side = QRectF(x + 1.5, 0, place - 3, room.height() * (0.25 + 0.75 * part))
        side.moveCenter(QPointF(x + place / 2, middle))
        if part == 1:
            _image(painter, side, is_framed=settings.augment != "none" and not is_generator)
        elif settings.network == "mlp":
            _dots(painter, x + place / 2, middle, 3 + round(2 * part), color)
        else:
            _block(painter, side, settings, color, is_generator)


def _block(painter: QPainter, side: QRectF, settings: Settings, color: QColor, is_generator: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    radius = 4.0 if settings.network == "smooth" else 1.5
    painter.drawRoundedRect(side, radius, radius)
    line = QPen(QColor(theme.current().text), 1.2)
    painter.setPen(line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if settings.network in SKIPPING:
        painter.drawArc(QRectF(side.x() - 2, side.y() - 3, side.width() + 4, 8), 0, 180 * 16)
    if settings.network == "style" and is_generator:
        painter.drawLine(QPointF(side.center().x(), side.y() - 5), QPointF(side.center().x(), side.center().y()))


def _dots(painter: QPainter, x: float, middle: float, count: int, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    for number in range(count):
        painter.drawEllipse(QPointF(x, middle + 5 * (number - (count - 1) / 2)), 1.9, 1.9)


def _image(painter: QPainter, side: QRectF, is_framed: bool) -> None:
    scheme = theme.current()
    painter.setPen(QPen(QColor(scheme.text), 1, Qt.PenStyle.DashLine if is_framed else Qt.PenStyle.SolidLine))
    painter.setBrush(QColor(scheme.surface))
    square = QRectF(0, 0, side.width(), min(side.width(), side.height()))
    square.moveCenter(side.center())
    painter.drawRect(square)
    hill = [QPointF(0.1, 0.9), QPointF(0.4, 0.4), QPointF(0.6, 0.7), QPointF(0.75, 0.55), QPointF(0.9, 0.9)]
    painter.drawPolyline([square.topLeft() + QPointF(p.x() * square.width(), p.y() * square.height()) for p in hill])


def _ring(painter: QPainter, room: QRectF) -> None:
    scheme, count = theme.current(), 8
    for name, radius, size in (("discriminator", 0.46, 3.0), ("generator", 0.36, 2.2)):
        painter.setBrush(QColor(getattr(scheme, name)))
        for number in range(count):
            angle = 2 * pi * number / count
            reach = room.height() * radius
            painter.drawEllipse(room.center() + QPointF(reach * cos(angle), reach * sin(angle)), size, size)
