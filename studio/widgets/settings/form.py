"""Settings form, generated from the settings model's types, bounds, units and help texts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QVBoxLayout, QWidget

from core.config.constraints import refuse_data
from core.config.fields import makes_points
from core.config.model_fields import Resolution
from core.config.preparation import Preparation, Size
from core.config.settings import Settings, live_settings, validate
from core.devices.device import Device, Trouble
from core.errors import UserError
from core.presets import FitContext, presets
from studio.widgets.settings.preset_fit import PREPARED, PresetFit
from studio.widgets.settings.rows import SettingRows

USUAL_GRID = "4x4"


class SettingsForm(QWidget):
    """Every setting as one labeled widget, grouped, with rare ones under a fold of each group."""

    changed = Signal(str)
    """The person changed the setting of this name, or several at once, with commas between their names."""
    shown = Signal()
    """Values, or what may be chosen, changed without the person."""
    refused = Signal(str)
    """Why these settings cannot be, with the remedy; empty when they can."""
    live_edited = Signal(object)
    """Settings with a value that was changed while the training runs."""
    preparation_changed = Signal()
    """Images are to be prepared in another way, whoever decided it."""
    features_chosen = Signal(str)
    """The person chose a feature extractor, perhaps the same again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = SettingRows()
        self._fields = self._rows.fields
        self._data: tuple[int, bool] | None = None
        self._how: Preparation | None = None
        self._locked = self._continues = False
        self._live = live_settings()
        self._troubles: dict[str, Trouble] = {}
        """Why a device cannot be used, by its name."""
        self._best = ""
        """The device that `auto` takes; empty before the devices are known."""
        self._preset = PresetFit()
        self._rows.edited.connect(self._edited)
        self._rows.reset_requested.connect(self._reset_row)
        self._rows.preset_reset_requested.connect(self.reset_to_preset)
        features = self._fields["evaluation_features"].widget
        assert isinstance(features, QComboBox)
        features.activated.connect(lambda _: self.features_chosen.emit(features.currentData()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._rows)
        self.set_settings(next(iter(presets().values())).fitted(self._preset.facts))

    # Reading

    def settings(self) -> Settings:
        """Returns the values of all widgets. Raises `UserError` for a combination that cannot be."""
        return validate(self.values())

    def values(self) -> dict[str, Any]:
        """Returns the values of all widgets by the names of their settings, valid or not."""
        return {name: field.value() for name, field in self._fields.items()}

    def value(self, name: str) -> Any:
        """Returns the value of one widget."""
        return self._fields[name].value()

    def widget(self, name: str) -> QWidget:
        """Returns the widget of one setting."""
        return self._fields[name].widget

    def changes(self) -> list[str]:
        """Names of the settings that differ from the preset fitted to the present images, size and device."""
        return [name for name, value in self._preset.recipe.items() if self._fields[name].value() != value]

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The preset fitted to the present images, size and device, without what belongs to data and machine."""
        return self._preset.recipe

    @property
    def facts(self) -> FitContext:
        """Facts of the images and the device."""
        return self._preset.facts

    @property
    def is_ready(self) -> bool:
        """Whether data and devices are known, and the next start begins a new training."""
        return self._data is not None and bool(self._best) and not self._continues

    @property
    def device_kind(self) -> str:
        """Kind of the device that will train: one of `core.devices.device.KINDS`."""
        name: str = self.value("device")
        return (self._best if name == "auto" else name).partition(":")[0]

    @property
    def is_locked(self) -> bool:
        """Whether a training runs, so that only live settings can be changed."""
        return self._locked

    def prepared(self) -> dict[str, Any]:
        """The settings that say how images are prepared, by name."""
        return {name: self.value(name) for name in PREPARED}

    def preparation(self) -> Preparation:
        """Returns how images are to be prepared, whatever else is wrong. Raises `UserError` for what cannot be."""
        return validate({**self.prepared(), "grid": self.value("grid")}).preparation

    def preparation_of_others(self) -> Preparation:
        """The same for images that are not known yet: they choose the size while the grid is the usual one."""
        how = replace(self.preparation(), split="all")
        return replace(how, size=None) if self.value("grid") == USUAL_GRID else how

    def refusal(self, name: str, value: Any) -> str:
        """Why one setting cannot have a value beside the others, or on this machine; empty where it can."""
        try:
            settings = self.settings()
        except UserError:
            return ""  # which is told by `refused`
        return self._refusal(settings, name, value)

    # Showing

    def set_settings(self, settings: Settings) -> None:
        """Shows settings without a `changed`."""
        self._put(settings.model_dump())
        self._check()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows some settings, by name, without a `changed`."""
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._check()

    def set_preparation(self, how: Preparation) -> None:
        """Shows how images were prepared, without a `changed`; a size that the grid does not allow changes nothing."""
        for name in ("fit", "background", "alpha", "frame_step", "split"):
            self._fields[name].set_value(getattr(how, name))
        self.set_size(how.size)

    def set_size(self, size: Size | None) -> None:
        """Shows the resolution that gives images of this size with the grid as it is, if there is one."""
        for resolution in get_args(Resolution):
            with suppress(UserError):  # some would be too large
                if validate({"resolution": resolution, "grid": self.value("grid")}).size == size:
                    self._fields["resolution"].set_value(resolution)
        self._check()

    def set_continues(self, continues: bool) -> None:
        """While the next start continues a run, images that arrive change none of its settings."""
        self._continues = continues
        self.shown.emit()

    def set_devices(self, devices: list[Device]) -> None:
        """Offers the devices of this machine, the one that `auto` takes first; those that cannot be used say why."""
        box = self._fields["device"].widget
        assert isinstance(box, QComboBox)
        chosen = self._fields["device"].value()
        with QSignalBlocker(box):
            box.clear()
            box.addItem(f"Auto ({devices[0].name})", "auto")
            for device in devices:
                said = "cannot be used" if device.trouble else "" if device.name == "cpu" else device.memory
                box.addItem(f"{device.name}: {', '.join(filter(None, (device.title, said)))}", device.name)
        self._troubles = {device.name: device.trouble for device in devices if device.trouble}
        self._fields["device"].set_value(chosen)
        self._best = devices[0].name
        self._preset.set_facts(accelerator=self._best != "cpu")
        self._check()

    def set_count(self, count: int) -> None:
        """Tells how many images there are: no batch may be larger, whatever a preset says."""
        box = self._fields["batch"].widget
        assert isinstance(box, QSpinBox)
        self._preset.set_facts(images=count)
        with QSignalBlocker(box):
            box.setMaximum(max(count, box.maximum()))
            self._check()  # a preset that fits itself is not cut off
            box.setMaximum(count)
        self._check()

    def set_data(self, classes: int, points: bool) -> None:
        """Tells how many classes the data have, and whether they are points: what does not suit them is disabled.

        Settings for the other kind of data give way to the first preset for this one.
        """
        self._data = classes, points
        self._preset.set_facts(classes=classes)
        if not self._locked and makes_points(self._fields["network"].value()) != points:
            suited = (name for name, found in presets().items() if found.apply().points == points)
            self._apply_preset(next(suited))
        self._check()

    def set_locked(self, locked: bool, is_elsewhere: bool = False) -> None:
        """While a training runs, most settings can be read and not changed; the live ones can, unless it runs
        `is_elsewhere`: in another process."""
        self._locked, self._live = locked, frozenset() if is_elsewhere else live_settings()
        for name, field in self._fields.items():
            field.widget.setEnabled(self.can_edit(name))
        self._check()

    def can_edit(self, name: str) -> bool:
        """Whether a setting can be changed now."""
        return not self._locked or name in self._live

    def set_filter(self, text: str, changed_only: bool) -> None:
        """Shows only rows whose title, help, key or choices have every word of `text`, or only changed ones."""
        self._rows.set_filter(text, changed_only)

    # Changing, as the person does

    def change(self, values: Mapping[str, Any]) -> None:
        """Does what the person would do with the widgets of these settings."""
        if "preset" in values:
            self._apply_preset(values["preset"])
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._end_edit(",".join(values))

    def restore(self, values: Mapping[str, Any]) -> None:
        """Shows the values of all settings as they were once."""
        self._put(values)
        settings = self._check()
        if self._locked and settings is not None:
            self.live_edited.emit(settings)

    def reset_to_preset(self) -> None:
        """Takes back every change; what belongs to the images and the machine stays."""
        if self.changes() and not self._locked:
            self._edited("preset")

    def _reset_row(self, name: str) -> None:
        self._fields[name].set_value(self._preset.recipe[name])
        self._edited(name)

    def _edited(self, name: str) -> None:
        if name == "preset":
            self._apply_preset(self._fields["preset"].value())
        self._end_edit(name)

    def _end_edit(self, names: str) -> None:
        settings = self._check(by_person=True)
        self.changed.emit(names)
        if self._locked and settings is not None:
            self.live_edited.emit(settings)

    def _apply_preset(self, name: str) -> None:
        self._put(self._preset.fitted(name, self.values()).model_dump())

    def _put(self, values: Mapping[str, Any]) -> None:
        for name, field in self._fields.items():
            field.set_value(values[name])
        self._preset.read(self.values())

    # Checking

    def _check(self, by_person: bool = False) -> Settings | None:
        """Shows what is wrong with the settings, or else grays out what would be; the settings if they can be."""
        with suppress(UserError):  # of settings that cannot be, which is told below
            self._fit(by_person)
        self._rows.show_changes({name: self.recipe[name] for name in self.changes()}, self.can_edit)
        self._rows.set_of_points(makes_points(self._fields["network"].value()))
        self._tell_preparation()
        settings = None
        try:
            settings = self.settings()
            self._refuse(settings)
            self._gray_out(settings)
            self.refused.emit("")
        except UserError as problem:
            settings = None
            self.refused.emit(str(problem))
        if not by_person:
            self.shown.emit()
        return settings

    def _fit(self, by_person: bool) -> None:
        """Other images, another size or device: the preset fits itself to them, and what nobody has changed follows,
        unless a run continues with these settings."""
        follows = self._preset.follow(self.values())
        if not self._locked and (by_person or not self._continues):
            for name, value in follows.items():
                self._fields[name].set_value(value)

    def _refuse(self, settings: Settings) -> None:
        if self._data is not None and not self._locked:  # a training that runs has its data
            refuse_data(settings, *self._data)

    def _gray_out(self, settings: Settings) -> None:
        free = [name for name in self._fields if name != "preset" and self.can_edit(name)]
        for name in free:
            self._fields[name].gray_out(partial(self._refusal, settings, name))
        self._rows.show_tips(free)

    def _refusal(self, settings: Settings, name: str, value: Any) -> str:
        if name == "device" and (trouble := self._troubles.get(value)):
            return f"{trouble.what} {trouble.advice}"
        try:
            self._refuse(settings.changed(**{name: value}))
        except UserError as problem:
            return str(problem)
        return ""

    def _tell_preparation(self) -> None:
        with suppress(UserError):  # what cannot be is told by `refused`
            how = self.preparation()
            if how != self._how:
                self._how = how
                self.preparation_changed.emit()
