"""2-D playground: the plane of points, with controls for single steps and slow motion."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from core.language import _, number
from studio import theme
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.train.points_view import PointsView

SLOWEST = 1.0
"""Pause after a step at the right end of the slider, in seconds."""


class PlaygroundView(QWidget):
    """Plane with single steps of either network while the training is paused, and slow motion while it runs."""

    step_requested = Signal(str)
    """"D" or "G"."""
    pace_changed = Signal(float)
    """Pause after each step in seconds; 0 is full speed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = PointsView()
        self._steps = {"D": QPushButton(_("Train D once")), "G": QPushButton(_("Train G once"))}
        for network, name in (("D", "discriminator"), ("G", "generator")):
            button = self._steps[network]
            button.setIcon(theme.icon("skip-forward", name))
            button.clicked.connect(lambda _checked=False, network=network: self.step_requested.emit(network))
        self._said = Label()
        self._pace = QSlider(Qt.Orientation.Horizontal)
        self._pace.setRange(0, 20)
        self._pace.setMinimumWidth(60)
        self._pace.setAccessibleName(_("Slow motion"))
        self._pace.setToolTip(_("Pause after each step; full speed at the left end"))
        self._said.setBuddy(self._pace)
        self._pace.valueChanged.connect(self._change_pace)
        bar = QHBoxLayout()
        bar.setSpacing(10)
        for button in self._steps.values():
            bar.addWidget(button)
        bar.addSpacing(8)
        bar.addWidget(self._said)
        bar.addWidget(self._pace, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.view, 1)
        column.addLayout(bar)
        self.set_paused(False)
        self._say_pace()

    def set_paused(self, paused: bool) -> None:
        """Sets whether a training is paused, which enables single steps."""
        for network, tip in (
            ("D", _("Train the discriminator for one step, while the other network stays fixed")),
            ("G", _("Train the generator for one step, while the other network stays fixed")),
        ):
            if not paused:
                tip = _("{tip}. Pause the training first.").format(tip=tip)
            self._steps[network].setEnabled(paused)
            self._steps[network].setToolTip(plain_tip(tip))

    def pace(self) -> float:
        """Returns the pause after each step in seconds."""
        return SLOWEST * self._pace.value() / self._pace.maximum()

    def _change_pace(self) -> None:
        self._say_pace()
        self.pace_changed.emit(self.pace())

    def _say_pace(self) -> None:
        slow = _("Slow motion: {seconds} s")
        self._said.setText(slow.format(seconds=number(self.pace(), 2)) if self.pace() else _("Full speed"))
        widest = self._said.fontMetrics().horizontalAdvance(slow.format(seconds=number(0, 2)))
        self._said.setMinimumWidth(widest)
