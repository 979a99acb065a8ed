"""Fields of the settings form: one widget for each setting, chosen by the field's type and limited by its bounds."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any, Protocol, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from PySide6.QtCore import QLocale, QSignalBlocker, Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QDoubleSpinBox,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from core.config.choices import choice_title, choices_of
from core.config.setting import Unit, unit_text
from core.config.translation_fields import GENERATE
from core.language import _
from core.presets import presets
from core.presets.settings_diff import value_text
from studio.widgets.basic.color_edit import ColorEdit
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.spin_boxes import WheelGuard, indent_spin_box
from studio.widgets.settings.choice_field import ChoiceField, DeviceField, PresetBox, Refusal

UNLIMITED = 10**9
SHORT: dict[Unit, str] = {"kimg": _("k images")}
"""Units too long for a field, with their abbreviations."""


class Field(Protocol):
    """Widget with a value of the setting's own type. Setting a value emits nothing."""

    help: str

    @property
    def widget(self) -> QWidget: ...

    def value(self) -> Any: ...

    def set_value(self, value: Any) -> None: ...

    def connect(self, edited: Callable[[], None]) -> None: ...

    def gray_out(self, refusal: Refusal) -> None:
        """Disables unavailable values and explains why in the tip."""
        ...


def field_of(name: str, info: FieldInfo, unit: Unit) -> Field:
    """Returns the field of a setting, with its help and default as the tip."""
    kinds = [kind for kind in get_args(info.annotation) or (info.annotation,) if kind is not NoneType]
    optional = NoneType in get_args(info.annotation)
    suffix = _suffix(unit, None)
    field: Field
    if name == "preset":
        field = ChoiceField(_options(name, info), suffix, PresetBox())
    elif name == "device":
        field = DeviceField(_options(name, info))
    elif choices_of(name, info):
        field = ChoiceField(_options(name, info), suffix)
    elif info.annotation is bool:
        field = SwitchField()
    elif name == "background":
        field = ColorField()
    elif info.annotation is str:
        field = TextField()
    elif kinds == [int]:
        field = IntegerField(*bounds(info), unit, optional)
    else:
        field = FloatField(*bounds(info), suffix, optional)
    default = _("Default: {value}").format(value=value_text(name, info.default))
    field.help = f"{info.description}\n{default}"
    field.widget.setToolTip(plain_tip(field.help))
    field.widget.setObjectName(name)
    field.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.widget.installEventFilter(WheelGuard(field.widget))
    return field


class TextField:
    """Field for free text."""

    help = ""

    def __init__(self) -> None:
        self.widget = QLineEdit()

    def value(self) -> str:
        return self.widget.text()

    def set_value(self, value: str) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setText(value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.editingFinished.connect(edited)

    def gray_out(self, refusal: Refusal) -> None:
        pass  # the text is checked when entered


class ColorField:
    """Field for a color as #rrggbb."""

    help = ""

    def __init__(self) -> None:
        self.widget = ColorEdit()

    def value(self) -> str:
        return self.widget.color()

    def set_value(self, value: str) -> None:
        self.widget.set_color(value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.edited.connect(edited)

    def gray_out(self, refusal: Refusal) -> None:
        pass  # every color is available


class SwitchField:
    """Switch for a boolean."""

    help = ""

    def __init__(self) -> None:
        self.widget = QCheckBox()

    def value(self) -> bool:
        return self.widget.isChecked()

    def set_value(self, value: bool) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setChecked(value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.toggled.connect(lambda _value: edited())

    def gray_out(self, refusal: Refusal) -> None:
        _gray_out(self, self.value(), refusal(True))


class IntegerField:
    """Field for an integer; one below the minimum means no limit where allowed."""

    help = ""

    def __init__(self, least: float, most: float, unit: Unit, optional: bool) -> None:
        self.widget: QSpinBox | QDoubleSpinBox
        if most > 2**31 - 1:  # QSpinBox uses signed 32-bit numbers
            self.widget = _Plain()
            self.widget.setDecimals(0)
        else:
            self.widget = QSpinBox()
        _prepare(self.widget, _suffix(unit, None))
        self._unit = unit
        self._optional = optional
        self._none = least - 1 if optional else None
        self.widget.setRange(int(least - optional), int(most))
        if optional:
            self.widget.setSpecialValueText(_("no limit"))
        self.widget.valueChanged.connect(self._show_unit)
        self._show_unit()

    def value(self) -> int | None:
        number = int(self.widget.value())
        return None if number == self._none else number

    def set_value(self, value: int | None) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setValue(int(self._none if value is None and self._none is not None else value or 0))
        self._show_unit()

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.valueChanged.connect(lambda _value: edited())

    def gray_out(self, refusal: Refusal) -> None:
        # Only a setting whose minimum turns something off may be forced to stay off.
        if not self._optional and self.widget.minimum() == 0:
            _gray_out(self, self.value(), refusal(int(self.widget.maximum())))

    def _show_unit(self) -> None:
        self.widget.setSuffix(_suffix(self._unit, self.value()))


class FloatField:
    """Field for a number in its shortest notation; 0 means no limit where allowed."""

    help = ""

    def __init__(self, least: float, most: float, suffix: str, optional: bool) -> None:
        self.widget = _Plain()
        self.widget.setDecimals(8)
        _prepare(self.widget, suffix)
        self.widget.setRange(least, most)
        self._optional = optional
        if optional:
            self.widget.setSpecialValueText(_("no limit"))

    def value(self) -> float | None:
        number = self.widget.value()
        return None if self._optional and number == self.widget.minimum() else number

    def set_value(self, value: float | None) -> None:
        with QSignalBlocker(self.widget):
            self.widget.setValue(self.widget.minimum() if value is None else value)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.valueChanged.connect(lambda _value: edited())

    def gray_out(self, refusal: Refusal) -> None:
        # Only a setting whose minimum turns something off may be forced to stay off.
        if not self._optional and self.widget.minimum() == 0:
            _gray_out(self, self.value(), refusal(self.widget.maximum()))


def _suffix(unit: Unit, value: float | None) -> str:
    """Returns the text after a number: the unit that fits it, with a space before."""
    return f" {SHORT.get(unit) or unit_text(unit, value)}" if unit else ""


def _gray_out(field: Field, is_on: Any, why: str) -> None:
    """Disables a field that is off and cannot be turned on now."""
    blocked = bool(why) and not is_on
    field.widget.setEnabled(not blocked)
    field.widget.setToolTip(plain_tip(f"{why}\n\n{field.help}" if blocked else field.help))


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


def _prepare(box: QAbstractSpinBox, suffix: str) -> None:
    assert isinstance(box, QSpinBox | QDoubleSpinBox)
    box.setSuffix(suffix)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # as wide as the form, not as its bounds
    box.setLocale(QLocale.c())  # numbers have the notation of the command line
    box.setGroupSeparatorShown(False)
    box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    box.setKeyboardTracking(False)
    indent_spin_box(box)


def preset_options(task: str) -> list[tuple[str, Any, str]]:
    """Returns the presets that suit a task, as options of a `ChoiceField`."""
    return [(preset.title, key, preset.when) for key, preset in presets(task).items()]


def _options(name: str, info: FieldInfo) -> list[tuple[str, Any, str]]:
    if name == "preset":
        return preset_options(GENERATE)
    choices = {"auto": "", "cpu": ""} if name == "device" else choices_of(name, info)
    return [(choice_title(name, value), value, summary) for value, summary in choices.items()]


def bounds(info: FieldInfo) -> tuple[float, float]:
    """Returns the smallest and the largest value of a number; an exclusive bound is not one of its values."""
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
