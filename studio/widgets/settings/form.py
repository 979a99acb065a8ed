"""Settings form, generated from the settings model's types, bounds, units and help texts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.config.constraints import refuse_data
from core.config.fields import Resolution, makes_points, title_of
from core.config.preparation import Preparation, Size
from core.config.settings import Settings, live_settings, validate
from core.devices.device import Device, Trouble
from core.errors import UserError
from core.presets import FitContext, preset, presets
from core.presets.settings_diff import value_text
from studio.widgets.basic.labels import Label, LabelledButton, plain_tip
from studio.widgets.settings.fields import Field, PresetBox, field_of
from studio.widgets.settings.row_label import RowLabel

USUAL_GRID = "4x4"

PREPARED = ("resolution", "fit", "background", "alpha", "frame_step")
"""What is done to the images before anything is trained on them; and so is the grid, which is part of their size."""

KEPT_BY_PRESET = (*PREPARED, "grid", "device", "seed", "mirror", "steps", "minutes")
"""What belongs to the data and the machine rather than to a recipe, and so survives the choice of another preset."""

OF_PIXELS = (*PREPARED, "grid", "memory_format")


class SettingsForm(QWidget):
    """Every setting as one labelled widget, grouped, with rare ones under a fold."""

    changed = Signal()
    live_edited = Signal(object)
    """Settings with a value that was changed while the training runs."""
    preparation_changed = Signal()
    """Images are to be prepared in another way, whoever decided it."""
    features_chosen = Signal(str)
    """The person chose what images are compared by, perhaps the same again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[str, Field] = {}
        self._labels: dict[str, RowLabel] = {}
        self._rows: dict[str, QFormLayout] = {}
        self._boxes: list[QGroupBox] = []
        self._data: tuple[int, bool] | None = None
        self._how: Preparation | None = None
        self._locked = self._continues = False
        self._troubles: dict[str, Trouble] = {}
        """Of devices that cannot be used, by their names."""
        self._facts = FitContext(images=1_000_000, accelerator=True)
        self._recipe: dict[str, Any] = {}
        """What the preset is, fitted to the present images, size and device."""
        self._reset = LabelledButton("arrow-counter-clockwise", "Reset to preset", "")
        self._reset.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._reset.clicked.connect(self._reset_to_preset)
        self._error = Label(wordWrap=True)
        self._error.hide()
        self._error.setObjectName("error")
        self._fold = QToolButton(autoRaise=True)
        self._fold.setText("Advanced")
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolTip("Settings that seldom need a change")
        self._fold.toggled.connect(self._unfold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._group(advanced=False))
        layout.addWidget(self._fold)
        self._advanced = self._group(advanced=True)
        self._advanced.hide()
        layout.addWidget(self._advanced)
        layout.addWidget(self._error)
        layout.addStretch()
        box = self._fields["preset"].widget
        assert isinstance(box, PresetBox)
        box.activated.connect(lambda _: self._reset_to_preset())  # also where the same one is chosen again
        self._preset_box = box
        self._rows["preset"].insertRow(1, "", self._reset)
        features = self._fields["evaluation_features"].widget
        assert isinstance(features, QComboBox)
        features.activated.connect(lambda _: self.features_chosen.emit(features.currentData()))
        self.set_settings(next(iter(presets().values())).fitted(self._facts))

    def settings(self) -> Settings:
        """What the widgets say. Raises `UserError` for a combination that cannot be."""
        return validate(self._values())

    def value(self, name: str) -> Any:
        """What one widget says."""
        return self._fields[name].value()

    def prepared(self) -> dict[str, Any]:
        """The settings that say how images are prepared, by name."""
        return {name: self.value(name) for name in PREPARED}

    def preparation(self) -> Preparation:
        """What is to be done to images, whatever else is wrong. Raises `UserError` for what cannot be."""
        return validate({**self.prepared(), "grid": self.value("grid")}).preparation

    def preparation_of_others(self) -> Preparation:
        """The same for images that are not known yet: they choose the size while the grid is the usual one."""
        how = self.preparation()
        return replace(how, size=None) if self.value("grid") == USUAL_GRID else how

    def set_preparation(self, how: Preparation) -> None:
        """Shows how images were prepared, without a `changed`; a size that the grid does not allow changes nothing."""
        for name in ("fit", "background", "alpha", "frame_step"):
            self._fields[name].set_value(getattr(how, name))
        self.set_size(how.size)

    def set_size(self, size: Size | None) -> None:
        """The resolution that gives images of this size with the grid as it is, if there is one."""
        for resolution in get_args(Resolution):
            with suppress(UserError):  # some would be too large
                if validate({"resolution": resolution, "grid": self.value("grid")}).size == size:
                    self._fields["resolution"].set_value(resolution)
        self._check()

    def change(self, values: Mapping[str, Any]) -> None:
        """Does what the person would do with the widgets of these settings."""
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._check(by_person=True)
        self.changed.emit()

    def _values(self) -> dict[str, Any]:
        return {name: field.value() for name, field in self._fields.items()}

    def set_settings(self, settings: Settings) -> None:
        """Shows settings without a `changed`."""
        for name, field in self._fields.items():
            field.set_value(getattr(settings, name))
        with suppress(UserError):  # a preset of another version
            self._recipe = {}
            self._recipe = self._fitted_recipe()
        self._check()

    def set_continues(self, continues: bool) -> None:
        """While the next start continues a run, images that arrive change none of its settings."""
        self._continues = continues

    def changes(self) -> list[str]:
        """Names of the settings that differ from the preset fitted to the present images, size and device."""
        return [name for name, value in self._recipe.items() if self._fields[name].value() != value]

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows some settings, by name, without a `changed`."""
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._check()

    def set_devices(self, devices: list[Device]) -> None:
        """Offers the devices of this machine, the one that `auto` takes first; those that cannot be used say why."""
        box = self._fields["device"].widget
        assert isinstance(box, QComboBox)
        chosen = self._fields["device"].value()
        with QSignalBlocker(box):
            box.clear()
            box.addItem(f"auto ({devices[0].name})", "auto")
            for device in devices:
                said = "cannot be used" if device.trouble else "" if device.name == "cpu" else device.memory
                box.addItem(f"{device.name}: {', '.join(filter(None, (device.title, said)))}", device.name)
        self._troubles = {device.name: device.trouble for device in devices if device.trouble}
        self._fields["device"].set_value(chosen)
        self._facts = replace(self._facts, accelerator=devices[0].name != "cpu")
        self._check()

    def set_count(self, count: int) -> None:
        """How many images there are: no batch may be larger, whatever a preset says."""
        box = self._fields["batch"].widget
        assert isinstance(box, QSpinBox)
        self._facts = replace(self._facts, images=count)
        with QSignalBlocker(box):
            box.setMaximum(max(count, box.maximum()))
            self._check()  # a preset that fits itself is not cut off
            box.setMaximum(count)
        self._check()

    def set_data(self, classes: int, points: bool) -> None:
        """How many classes the data have, and whether they are points: what does not suit them cannot be chosen.

        Settings for the other kind of data give way to the first preset for this one.
        """
        self._data = classes, points
        self._facts = replace(self._facts, classes=classes)
        if not self._locked and makes_points(self._fields["network"].value()) != points:
            suited = (name for name, found in presets().items() if found.apply().points == points)
            self._apply_preset(next(suited))
        self._check()

    def set_locked(self, locked: bool) -> None:
        """While a training runs, most settings can be read and not changed; the live ones can."""
        self._locked = locked
        for name, field in self._fields.items():
            field.widget.setEnabled(not locked or name in live_settings())
        self._check()

    def widget(self, name: str) -> QWidget:
        """The widget of one setting."""
        return self._fields[name].widget

    def _group(self, advanced: bool) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        groups: dict[str, QFormLayout] = {}
        for name, info in Settings.model_fields.items():
            extra = info.json_schema_extra
            assert isinstance(extra, dict)
            if extra["advanced"] != advanced:
                continue
            title = str(extra["group"])
            if title not in groups:
                box = QGroupBox(title)
                box.setObjectName("settings")
                column.addWidget(box)
                self._boxes.append(box)
                groups[title] = QFormLayout(box)
                groups[title].setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
                margins = groups[title].contentsMargins()
                margins.setLeft(0)  # the rows begin with a gutter
                groups[title].setContentsMargins(margins)
            field = field_of(name, info, str(extra["unit"]))
            field.connect(partial(self._edited, name))
            self._fields[name] = field
            label = RowLabel(title_of(name), field.widget, is_narrow=name == "preset")
            label.reset_requested.connect(partial(self._reset_row, name))
            label.title.setToolTip(field.widget.toolTip())
            self._labels[name] = label
            field.widget.setAccessibleName(title_of(name))
            if name == "preset":  # which also says how many settings differ, and has the room for that
                row = QHBoxLayout()
                row.addWidget(label)
                row.addWidget(field.widget, 1)
                groups[title].addRow(row)
            else:
                groups[title].addRow(label, field.widget)
            self._rows[name] = groups[title]
        return page

    def _edited(self, name: str) -> None:
        if name == "preset":
            self._apply_preset(self._fields["preset"].value())
        settings = self._check(by_person=True)
        self.changed.emit()
        if self._locked and settings is not None:
            self.live_edited.emit(settings)

    def _apply_preset(self, name: str) -> None:
        self.set_settings(self._fitted(name))

    def _fitted(self, name: str) -> Settings:
        """A preset for these images and this device, with what does not belong to a recipe as it is."""
        kept = {key: self._fields[key].value() for key in KEPT_BY_PRESET}
        settings = preset(name).fitted(self._facts, **kept)
        return settings.changed(batch=min(settings.batch, self._facts.images))

    def _fitted_recipe(self) -> dict[str, Any]:
        return _recipe(self._fitted(self._fields["preset"].value()).model_dump())

    def _fit(self, by_person: bool) -> None:
        """Other images, another size or device: the preset fits itself to them, and what nobody has changed follows,
        unless a run continues with these settings."""
        fitted, values = self._fitted_recipe(), self._values()
        follows = {name: fitted[name] for name, value in self._recipe.items() if values[name] == value}
        if not self._locked and (by_person or not self._continues):
            for name, value in _allowed(values, follows).items():
                self._fields[name].set_value(value)
        self._recipe = fitted

    def _reset_row(self, name: str) -> None:
        self._fields[name].set_value(self._recipe[name])
        self._edited(name)

    def _reset_to_preset(self) -> None:
        """Takes back every change; what belongs to the images and the machine stays."""
        if self.changes() and not self._locked:
            self._edited("preset")

    def _show_changes(self) -> None:
        """Marks what differs from the preset, and says how many there are."""
        changes = self.changes()
        for name, label in self._labels.items():
            tip = f"Reset to {self._said(name, self._recipe[name])}, as the preset has it" if name in changes else ""
            label.mark(tip, not self._locked or name in live_settings())
        self._preset_box.set_changes(len(changes))
        self._reset.setEnabled(bool(changes) and not self._locked)
        self._reset.setToolTip(
            plain_tip("\n".join(f"{title_of(n)}: {self._said(n, self._recipe[n])}" for n in changes))
        )
        hidden = sum(self._advanced.isAncestorOf(self._labels[name]) for name in changes)
        self._fold.setText(f"Advanced, {hidden} changed" if hidden else "Advanced")

    def _said(self, name: str, value: Any) -> str:
        box = self._fields[name].widget
        found = box.findData(value) if isinstance(box, QComboBox) else -1
        return box.itemText(found) if isinstance(box, QComboBox) and found >= 0 else value_text(name, value)

    def _tell_preparation(self) -> None:
        with suppress(UserError):  # what cannot be is said below
            how = self.preparation()
            if how != self._how:
                self._how = how
                self.preparation_changed.emit()

    def _check(self, by_person: bool = False) -> Settings | None:
        """Shows what is wrong with the settings, or else greys out what would be; the settings if they can be."""
        with suppress(UserError):  # of settings that cannot be, which is said below
            self._fit(by_person)
        self._show_changes()
        self._tell_preparation()
        self._show_rows(not makes_points(self._fields["network"].value()))
        try:
            settings = self.settings()
            self._refuse(settings)
            self._error.hide()
        except UserError as problem:
            self._error.setText(str(problem))
            self._error.show()
            return None
        for name, field in self._fields.items():
            if name != "preset" and (not self._locked or name in live_settings()):
                field.grey_out(partial(self._refusal, settings, name))
                self._labels[name].title.setToolTip(field.widget.toolTip())
        return settings

    def _refuse(self, settings: Settings) -> None:
        if self._data is not None and not self._locked:  # a training that runs has its data
            refuse_data(settings, *self._data)

    def _show_rows(self, images: bool) -> None:
        """Points have no pixels: what is said of those can be left out."""
        for name in OF_PIXELS:
            self._rows[name].setRowVisible(self._fields[name].widget, images)
        for box in self._boxes:
            rows = box.layout()
            assert isinstance(rows, QFormLayout)
            is_empty = not any(rows.isRowVisible(row) for row in range(rows.rowCount()))
            box.setHidden(is_empty or (box.title() == "Augmentation" and not images))

    def _refusal(self, settings: Settings, name: str, value: Any) -> str:
        """Why one setting cannot have a value beside the others, or on this machine; empty where it can."""
        if name == "device" and (trouble := self._troubles.get(value)):
            return f"{trouble.what} {trouble.advice}"
        try:
            self._refuse(settings.changed(**{name: value}))
        except UserError as problem:
            return str(problem)
        return ""

    def _unfold(self, unfolded: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._advanced.setVisible(unfolded)


def _recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what belongs to the data and the machine."""
    return {name: value for name, value in values.items() if name not in KEPT_BY_PRESET}


def _allowed(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the wanted values that can be beside the others."""
    with suppress(UserError):
        validate({**values, **wanted})
        return dict(wanted)
    allowed: dict[str, Any] = {}
    for name, value in wanted.items():
        with suppress(UserError):
            validate({**values, **allowed, name: value})
            allowed[name] = value
    return allowed
