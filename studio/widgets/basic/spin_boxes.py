"""Spin boxes: one for seeds, and functions that style spin boxes like other fields."""

from __future__ import annotations

import random

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QToolButton, QWidget

from core.language import _
from studio import theme
from studio.widgets.basic.labels import ScaledButton, plain_tip

LARGEST_SEED = 2**32 - 1


class SeedBox(QWidget):
    """Field for a seed, 0 ... 2**32 - 1, with buttons for previous, next and random. Emits for changes by the user
    only.
    """

    valueChanged = Signal(object)  # as Qt's own; an int, which Qt's 32-bit int would overflow

    def __init__(self, value: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # QSpinBox ends at 2**31 - 1; a double represents every integer up to 2**53.
        self._spin = _Spin()
        self._spin.setDecimals(0)
        self._spin.setRange(0, LARGEST_SEED)
        self._spin.setKeyboardTracking(False)
        self._spin.setAccelerated(True)
        self._spin.setAccessibleName(_("Seed"))
        self._spin.setToolTip(_("Seed of the random latents; the same seed gives the same image."))
        self._spin.setMinimumWidth(self._spin.fontMetrics().horizontalAdvance("4294967295") + 24)
        self._minus = _button("minus", _("Previous seed"), _("Previous seed"))
        self._plus = _button("plus", _("Next seed"), _("Next seed"))
        self._random = _button("dice-five", _("Random seed"), _("Random seed"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._spin, 1)
        for button in (self._minus, self._plus, self._random):
            layout.addWidget(button)
        self.setFocusProxy(self._spin)
        self.set_value(value)
        self._spin.valueChanged.connect(lambda number: self.valueChanged.emit(int(number)))
        self._minus.clicked.connect(self._spin.stepDown)
        self._plus.clicked.connect(self._spin.stepUp)
        self._random.clicked.connect(lambda: self._spin.setValue(random.randint(0, LARGEST_SEED)))

    def value(self) -> int:
        """Returns the seed."""
        return int(self._spin.value())

    def set_value(self, value: int) -> None:
        """Shows a seed; emits nothing."""
        with QSignalBlocker(self._spin):
            self._spin.setValue(value)


def indent_spin_box(*boxes: QAbstractSpinBox) -> None:
    """Indents a spin box like a combo box; Qt ignores the style sheet's padding there."""
    for box in boxes:
        box.lineEdit().setTextMargins(5, 0, 0, 0)


class WheelGuard(QObject):
    """Event filter that passes the wheel to the parent until the widget has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class _Spin(QDoubleSpinBox):
    """Spin box without arrows, as a style sheet's border would squeeze the text to one pixel (Qt 6.11)."""

    def __init__(self) -> None:
        super().__init__()
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.StyleChange, QEvent.Type.Show):
            self.lineEdit().setGeometry(self.rect().adjusted(2, 2, -2, -2))
        return done


def _button(icon: str, name: str, tip: str) -> QToolButton:
    button = ScaledButton(16)
    button.setIcon(theme.icon(icon))
    button.setAccessibleName(name)
    button.setToolTip(plain_tip(tip))
    return button
