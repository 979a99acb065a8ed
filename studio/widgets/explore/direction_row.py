"""Row of a direction: its name, a slider that fills from zero, and thumbnails of both ends."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QPixmap
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QWidget

from core.events import Images
from core.language import _
from core.latent.explore_state import LONGEST_NAME
from studio import theme
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.basic.scale import scale_icon, scale_length
from studio.widgets.basic.slider_row import NUMBER_MS
from studio.widgets.basic.spin_boxes import WheelGuard, indent_spin_box
from studio.widgets.explore.bipolar_slider import BipolarSlider
from studio.widgets.images.tile_layout import sheet

STEP = 0.05
SIDE = 44
"""Side of the thumbnails, in pixels."""
PLAIN = "QLineEdit { background: transparent; border: none; padding: 0; min-height: 0; }"


class NameEdit(QLineEdit):
    """Name that looks like a label until edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrame(False)
        self.setMaxLength(LONGEST_NAME)
        self.setStyleSheet(PLAIN)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setStyleSheet("")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setStyleSheet(PLAIN)
        self.setCursorPosition(0)


class DirectionRow(QWidget):
    """Row for an amount from `-reach` to `reach`. `value_changed` comes once per change by the user, never for
    `set_value`."""

    value_changed = Signal(float)
    renamed = Signal(str)

    def __init__(self, name: str, reach: float, help: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._value = name, 0.0
        self._edit = NameEdit()
        self._edit.setToolTip(_("Name of the direction. Click to rename."))
        self._edit.editingFinished.connect(self._rename)
        self._slider = BipolarSlider(round(reach / STEP))
        self._spin = QDoubleSpinBox()
        self._spin.setDecimals(1)
        self._spin.setRange(-reach, reach)
        self._spin.setSingleStep(0.1)
        self._spin.setKeyboardTracking(False)  # a half-typed number is not a value
        indent_spin_box(self._spin)
        self._reset = QToolButton()
        self._reset.setAutoRaise(True)
        self._reset.setIcon(theme.icon("arrow-counter-clockwise", "muted"))
        scale_icon(self._reset, 16)
        self._reset.setToolTip(_("Reset to 0"))
        self._ends = Label(), Label()
        tips = _("Image at the lowest value."), _("Image at the highest value.")
        for end, tip in zip(self._ends, tips, strict=True):
            scale_length(end, end.setFixedWidth, SIDE)
            scale_length(end, end.setFixedHeight, SIDE)
            end.setAlignment(Qt.AlignmentFlag.AlignCenter)
            end.setToolTip(plain_tip(tip))
        for widget in (self._slider, self._spin):
            widget.setToolTip(plain_tip(help))
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(WheelGuard(self))
        self._number_soon = QTimer(self, singleShot=True, interval=NUMBER_MS)
        self._number_soon.timeout.connect(self._show_number)
        self._build()
        self.set_name(name)
        self._show()
        self._slider.valueChanged.connect(self._slide)
        self._spin.valueChanged.connect(self._change)
        self._reset.clicked.connect(lambda: self._change(0.0))

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._edit, 1)
        head.addWidget(self._spin)
        head.addWidget(self._reset)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._ends[0], 0, 0, 2, 1)
        grid.addLayout(head, 0, 1)
        grid.addWidget(self._slider, 1, 1)
        grid.addWidget(self._ends[1], 0, 2, 2, 1)
        grid.setColumnStretch(1, 1)

    def value(self) -> float:
        """Returns the amount along the direction."""
        return self._value

    def set_value(self, value: float) -> None:
        """Shows an amount; emits nothing."""
        value = min(max(value, self._spin.minimum()), self._spin.maximum())
        if value != self._value:
            self._value = value
            self._show()

    def set_name(self, name: str) -> None:
        """Shows another name, also to screen readers."""
        self._name = name
        self._edit.setText(name)
        self._edit.setCursorPosition(0)
        self._edit.setAccessibleName(_("Name of {name}").format(name=name))
        self._slider.setAccessibleName(name)
        self._spin.setAccessibleName(_("{name}, value").format(name=name))
        self._reset.setAccessibleName(_("Reset {name}").format(name=name))

    def set_ends(self, images: Images) -> None:
        """Shows the images at both ends, (2, H, W, C)."""
        ratio = self.devicePixelRatioF()
        for end, image in zip(self._ends, images, strict=True):
            picture = QPixmap.fromImage(sheet(image[None], 1)).scaled(
                round(theme.scaled(SIDE) * ratio),
                round(theme.scaled(SIDE) * ratio),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            picture.setDevicePixelRatio(ratio)
            end.setPixmap(picture)

    def clear_ends(self) -> None:
        """Clears the images at the ends, which belong to another generator."""
        for end in self._ends:
            end.clear()

    def tab_stops(self) -> list[QWidget]:
        """Returns the widgets that Tab visits, in order."""
        return [self._edit, self._spin, self._reset, self._slider]

    def _show(self) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(self._value / STEP))
        self._show_number()

    def _show_number(self) -> None:
        with QSignalBlocker(self._spin):
            self._spin.setValue(self._value)
        self._reset.setEnabled(self._value != 0)

    def _slide(self, position: int) -> None:
        """Takes over the slider's position, which already shows under the pointer."""
        self._value = position * STEP
        if not self._number_soon.isActive():
            self._number_soon.start()
        self.value_changed.emit(self._value)

    def _change(self, value: float) -> None:
        if value != self._value:
            self.set_value(value)
            self.value_changed.emit(self._value)

    def _rename(self) -> None:
        text = self._edit.text().strip()
        if text != self._name:
            self.renamed.emit(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._slider.update()
