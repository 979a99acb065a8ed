"""One widget for one setting, chosen by the field's type and limited by its bounds."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any, Literal, Protocol, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QLocale, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QSizePolicy, QSpinBox, QWidget

from core.config import network_names
from core.presets import presets

UNLIMITED = 10**9


class Field(Protocol):
    """A widget that is read and written as the setting's own type. Setting a value emits nothing."""

    @property
    def widget(self) -> QWidget: ...

    def value(self) -> Any: ...

    def set_value(self, value: Any) -> None: ...

    def connect(self, edited: Callable[[], None]) -> None: ...


def field_of(name: str, info: FieldInfo, unit: str) -> Field:
    """The field of one setting, with its help and default as the tooltip."""
    kinds = [kind for kind in get_args(info.annotation) or (info.annotation,) if kind is not NoneType]
    optional = NoneType in get_args(info.annotation)
    suffix = f" {unit}" if unit else ""
    field: Field
    if name in ("preset", "network", "device") or get_origin(info.annotation) is Literal:
        field = Choice(_options(name, info), suffix)
    elif info.annotation is bool:
        field = Switch()
    elif kinds == [int]:
        field = Whole(*_bounds(info), suffix, optional)
    else:
        field = Real(*_bounds(info), suffix, optional)
    default = "none" if info.default is None else f"{info.default:g}" if type(info.default) is float else info.default
    field.widget.setToolTip(f"{info.description}\nDefault: {default}{suffix if info.default is not None else ''}")
    field.widget.setObjectName(name)
    field.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.widget.installEventFilter(_WheelGuard(field.widget))
    return field


class Choice:
    """One of several."""

    def __init__(self, options: list[tuple[str, Any]], suffix: str) -> None:
        self.widget = QComboBox()
        self.widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.widget.setMinimumContentsLength(8)
        for text, value in options:
            self.widget.addItem(f"{text}{suffix}", value)

    def value(self) -> Any:
        return self.widget.currentData()

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self.widget):
            index = self.widget.findData(value)
            if index < 0:  # a device of another machine, say: keep it, and let the start say what is wrong
                self.widget.addItem(str(value), value)
                index = self.widget.count() - 1
            self.widget.setCurrentIndex(index)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.currentIndexChanged.connect(lambda _: edited())


class Switch:
    """Yes or no."""

    def __init__(self) -> None:
        self.widget = QCheckBox()

    def value(self) -> bool:
        return self.widget.isChecked()

    def set_value(self, value: bool) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setChecked(value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.toggled.connect(lambda _: edited())


class Whole:
    """A whole number; one below the least means no limit where that is allowed."""

    def __init__(self, least: float, most: float, suffix: str, optional: bool) -> None:
        self.widget: QSpinBox | QDoubleSpinBox
        if most > 2**31 - 1:  # QSpinBox counts in 32 bits with a sign
            self.widget = _Plain()
            self.widget.setDecimals(0)
        else:
            self.widget = QSpinBox()
        _prepare(self.widget, suffix)
        self._none = least - 1 if optional else None
        self.widget.setRange(int(least - optional), int(most))
        if optional:
            self.widget.setSpecialValueText("no limit")

    def value(self) -> int | None:
        number = int(self.widget.value())
        return None if number == self._none else number

    def set_value(self, value: int | None) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setValue(int(self._none if value is None and self._none is not None else value or 0))

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.valueChanged.connect(lambda _: edited())


class Real:
    """A number, written as shortly as possible; 0 means no limit where that is allowed."""

    def __init__(self, least: float, most: float, suffix: str, optional: bool) -> None:
        self.widget = _Plain()
        self.widget.setDecimals(8)
        _prepare(self.widget, suffix)
        self.widget.setRange(least, most)
        self._optional = optional
        if optional:
            self.widget.setSpecialValueText("no limit")

    def value(self) -> float | None:
        number = self.widget.value()
        return None if self._optional and number == self.widget.minimum() else number

    def set_value(self, value: float | None) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setValue(self.widget.minimum() if value is None else value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.valueChanged.connect(lambda _: edited())


class _Plain(QDoubleSpinBox):
    def textFromValue(self, value: float) -> str:
        return f"{value:.10g}" if value >= 1e-4 or value == 0 else f"{value:.4g}"

    def valueFromText(self, text: str) -> float:
        plain = text.removesuffix(self.suffix()).strip()
        return self.minimum() if plain == self.specialValueText() else float(plain)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        plain = text.removesuffix(self.suffix()).strip()
        try:
            within = plain == self.specialValueText() or self.minimum() <= float(plain) <= self.maximum()
        except ValueError:
            within = False
        return (QValidator.State.Acceptable if within else QValidator.State.Intermediate, text, position)


class _WheelGuard(QObject):
    """Scrolling through the form must not turn the numbers that pass under the pointer."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def _prepare(box: QAbstractSpinBox, suffix: str) -> None:
    assert isinstance(box, QSpinBox | QDoubleSpinBox)
    box.setSuffix(suffix)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # as wide as the form, not as its bounds
    box.setLocale(QLocale.c())  # numbers are written as the command line takes them
    box.setGroupSeparatorShown(False)
    box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(5, 0, 0, 0)  # where a combo box has its text; the style sheet's padding is not obeyed


def _options(name: str, info: FieldInfo) -> list[tuple[str, Any]]:
    if name == "preset":
        return [(preset.title, key) for key, preset in presets().items()]
    if name == "network":
        return [(key, key) for key in network_names()]
    if name == "device":
        return [("auto", "auto"), ("cpu", "cpu")]
    return [(str(value), value) for value in get_args(info.annotation)]


def _bounds(info: FieldInfo) -> tuple[float, float]:
    least, most = 0.0, float(UNLIMITED)
    for bound in info.metadata:
        if isinstance(bound, Ge):
            least = float(bound.ge)  # type: ignore[arg-type]
        elif isinstance(bound, Gt):
            least = float(bound.gt)  # type: ignore[arg-type]
        elif isinstance(bound, Le):
            most = float(bound.le)  # type: ignore[arg-type]
        elif isinstance(bound, Lt):
            most = float(bound.lt) - 1e-8  # type: ignore[arg-type]
    return least, most
