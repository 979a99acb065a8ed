"""Slider row: label, slider, spin box and reset button of a bounded number."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from core.language import _, number
from studio import theme
from studio.widgets.basic.labels import Label, ScaledButton, literal, plain_tip
from studio.widgets.basic.spin_boxes import WheelGuard, indent_spin_box

NUMBER_MS = 120
"""Shortest time between updates of the number beside a moving slider, as painting it is slow."""


class SliderRow(QWidget):
    """Slider with a spin box for `low` ... `high` in steps of `step`; `reset` restores the initial value.

    Emits `valueChanged` once per change by the user, never for `set_value`.
    """

    valueChanged = Signal(float)  # as Qt's own sliders call it

    def __init__(
        self,
        label: str,
        low: float,
        high: float,
        value: float,
        *,
        step: float = 0.01,
        decimals: int = 2,
        unit: str = "",
        help: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._step, self._default, self._value = low, step, value, value
        self._label = Label(literal(label))
        self._slider = _slider(low, high, step)
        self._slider.setAccessibleName(label)
        self._spin = _spin_box(low, high, step, decimals)
        self._spin.setSuffix(f" {unit}" if unit else "")
        self._spin.setAccessibleName(_("{label}, value").format(label=label))
        self._reset = ScaledButton(16)
        self._reset.setAutoRaise(True)
        self._reset.setIcon(theme.icon("arrow-counter-clockwise", "muted"))
        self._reset.setAccessibleName(_("Reset {label}").format(label=label))
        self._reset.setToolTip(plain_tip(_("Reset to {value}").format(value=number(value, decimals))))
        self._label.setBuddy(self._spin)
        self._lay_out()
        for widget in (self._label, self._slider, self._spin):
            widget.setToolTip(plain_tip(help))
        self._number_soon = QTimer(self, singleShot=True, interval=NUMBER_MS)
        self._number_soon.timeout.connect(self._show_number)
        guard = WheelGuard(self)
        for widget in (self._slider, self._spin):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(guard)
        self._show()
        self._slider.valueChanged.connect(self._slide)
        self._spin.valueChanged.connect(self._change)
        self._reset.clicked.connect(lambda: self._change(self._default))

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._label)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin)
        layout.addWidget(self._reset)

    def value(self) -> float:
        """Returns the number exactly as set or entered."""
        return self._value

    def set_value(self, value: float) -> None:
        """Shows a number; emits nothing."""
        value = min(max(value, self._spin.minimum()), self._spin.maximum())
        if value != self._value:
            self._value = value
            self._show()

    def _show(self) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round((self._value - self._low) / self._step))
        self._show_number()
        self._show_reset()

    def _show_number(self) -> None:
        with QSignalBlocker(self._spin):
            self._spin.setValue(self._value)

    def _show_reset(self) -> None:
        self._reset.setEnabled(abs(self._value - self._default) > self._step / 1000)

    def tab_stops(self) -> list[QWidget]:
        """Returns the widgets that Tab visits, in order."""
        return [self._slider, self._spin, self._reset]

    def set_label_width(self, pixels: int) -> None:
        """Sets the label's smallest width, so that the sliders of several rows are aligned unless a text is longer."""
        self._label.setMinimumWidth(pixels)

    def _slide(self, position: int) -> None:
        """Takes over the slider's position, which already shows under the pointer."""
        self._value = min(self._low + position * self._step, self._spin.maximum())
        if not self._number_soon.isActive():
            self._number_soon.start()
        self._show_reset()
        self.valueChanged.emit(self._value)

    def _change(self, value: float) -> None:
        before = self._value
        self.set_value(value)
        if self._value != before:
            self.valueChanged.emit(self._value)


def _slider(low: float, high: float, step: float) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, round((high - low) / step))
    slider.setPageStep(max(slider.maximum() // 10, 1))
    slider.setMinimumWidth(80)
    return slider


def _spin_box(low: float, high: float, step: float, decimals: int) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setDecimals(decimals)
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setKeyboardTracking(False)  # a half-typed number is not a value
    indent_spin_box(spin)
    return spin
