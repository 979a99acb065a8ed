"""Settings form, generated from the settings model's types, bounds, units and help texts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QVBoxLayout, QWidget

from core.config.applies import applies
from core.config.constraints import refuse_data, refuse_shares
from core.config.devices import device_names
from core.config.fields import makes_points
from core.config.model_fields import Resolution
from core.config.preparation import Preparation, Size
from core.config.settings import Settings, live_settings, validate
from core.config.translation_fields import GENERATE
from core.devices.device import Device, Trouble
from core.errors import UserError
from core.language import sentences
from core.presets import FitContext, presets
from studio.model.data import SideCounts
from studio.widgets.settings.choice_field import ChoiceField
from studio.widgets.settings.fields import preset_options
from studio.widgets.settings.preset_fit import PREPARED, PresetFit
from studio.widgets.settings.rows import SettingRows

USUAL_GRID = "4x4"


class SettingsForm(QWidget):
    """Form with a labeled widget for each setting, in groups whose rare settings are folded away."""

    changed = Signal(str)
    """Name of a setting that the person changed, or several names separated by commas."""
    shown = Signal()
    """Values or available choices changed by the program."""
    refused = Signal(str)
    """Why the settings are invalid, with the remedy; empty when valid."""
    live_edited = Signal(object)
    """Settings with a value changed during the training."""
    preparation_changed = Signal()
    """The preparation of images changed, by the person or the program."""
    features_chosen = Signal(str)
    """Feature extractor that the person chose, perhaps the same again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = SettingRows()
        self._fields = self._rows.fields
        self._data: tuple[int, bool] | None = None
        self._how: Preparation | None = None
        self._locked = self._continues = False
        self._live = live_settings()
        self._troubles: dict[str, Trouble] = {}
        """Why a device cannot be used, by device name."""
        self._best = ""
        """Device chosen by `auto`; empty before the devices are known."""
        self._preset = PresetFit()
        self._offered = GENERATE
        """Task whose presets can be chosen."""
        self._rows.edited.connect(self._edited)
        self._rows.reset_requested.connect(self._reset_row)
        self._rows.preset_reset_requested.connect(self.reset_to_preset)
        features = self._fields["evaluation_features"].widget
        assert isinstance(features, QComboBox)
        features.activated.connect(lambda _index: self.features_chosen.emit(features.currentData()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._rows)
        self.set_settings(next(iter(presets().values())).fitted(self._preset.facts(GENERATE)))

    # Values

    def settings(self) -> Settings:
        """Returns the values of all widgets. Raises `UserError` for an invalid combination."""
        return validate(self.values())

    def values(self) -> dict[str, Any]:
        """Returns the values of all widgets by setting name, valid or not."""
        return {name: field.value() for name, field in self._fields.items()}

    def value(self, name: str) -> Any:
        """Returns the value of one widget."""
        return self._fields[name].value()

    def widget(self, name: str) -> QWidget:
        """Returns the widget of one setting."""
        return self._fields[name].widget

    def changes(self) -> list[str]:
        """Returns the names of settings that differ from the preset fitted to the current images, size and device."""
        return [name for name, value in self._preset.recipe.items() if self._fields[name].value() != value]

    def given(self) -> dict[str, Any]:
        """Returns the values that the person chose: those that no preset sets, and those changed from the preset."""
        changed = self.changes()
        return {name: value for name, value in self.values().items() if name not in self.recipe or name in changed}

    def with_preset(self, name: str) -> Settings:
        """Returns the settings of another preset, fitted to the current images and device; those shown, if it is the
        current one. Raises `UserError` if the preset does not work with them."""
        return self.settings() if name == self.value("preset") else self._preset.fitted(name, self.values())

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Returns the preset fitted to the current images, size and device, without settings of data and machine."""
        return self._preset.recipe

    @property
    def facts(self) -> FitContext:
        """Returns the facts about the images of the task, and the device."""
        return self._preset.facts(self.value("task"))

    @property
    def has_data(self) -> bool:
        """Returns whether images or points are open."""
        return self._data is not None

    @property
    def is_ready(self) -> bool:
        """Returns whether data and devices are known and the next start begins a new training."""
        return self._data is not None and bool(self._best) and not self._continues

    @property
    def device_kind(self) -> str:
        """Returns the kind of the device that will train: one of `core.devices.device.KINDS`."""
        name: str = self.value("device")
        return (self._best if name == "auto" else name).partition(":")[0]

    @property
    def is_locked(self) -> bool:
        """Returns whether a training runs, which locks all but the live settings."""
        return self._locked

    def prepared(self) -> dict[str, Any]:
        """Returns the preparation settings by name."""
        return {name: self.value(name) for name in PREPARED}

    def preparation(self) -> Preparation:
        """Returns the preparation, whatever else is invalid. Raises `UserError` if it is invalid itself."""
        return validate({**self.prepared(), "grid": self.value("grid")}).preparation

    def preparation_of_others(self) -> Preparation:
        """Returns the preparation for unknown images, which choose the size if the grid is the default."""
        how = replace(self.preparation(), split="all", side_by_side="no")
        return replace(how, size=None) if self.value("grid") == USUAL_GRID else how

    def refusal(self, name: str, value: Any) -> str:
        """Returns why a setting cannot have a value with the others or on this machine; empty if it can."""
        try:
            settings = self.settings()
        except UserError:
            return ""  # reported by `refused`
        return self._refusal(settings, name, value)

    # Display

    def set_settings(self, settings: Settings) -> None:
        """Shows settings without emitting `changed`."""
        self._put(settings.model_dump())
        self._check()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows some settings by name without emitting `changed`."""
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._check()

    def set_preparation(self, how: Preparation) -> None:
        """Shows how images were prepared, without emitting `changed`; ignores a size that the grid does not allow."""
        for name in ("fit", "background", "alpha", "frame_step", "split", "side_by_side"):
            self._fields[name].set_value(getattr(how, name))
        self.set_size(how.size)

    def set_size(self, size: Size | None) -> None:
        """Shows the resolution that gives images of this size with the current grid, if there is one."""
        for resolution in get_args(Resolution):
            with suppress(UserError):  # some would be too large
                if validate({"resolution": resolution, "grid": self.value("grid")}).size == size:
                    self._fields["resolution"].set_value(resolution)
        self._check()

    def set_continues(self, continues: bool) -> None:
        """Sets whether the next start continues a run, so that new images change none of its settings."""
        self._continues = continues
        self.shown.emit()

    def set_devices(self, devices: list[Device]) -> None:
        """Sets the devices of this machine, the choice of `auto` first; unavailable ones show why."""
        self._rows.device.set_devices(devices)
        self._troubles = {device.name: device.trouble for device in devices if device.trouble}
        self._best = devices[0].name
        self._preset.set_facts(accelerator=self._best != "cpu")
        self._check()

    def set_count(self, count: int, sides: SideCounts | None = None) -> None:
        """Sets the numbers of all images and of inputs and targets, which limit the batch of any preset."""
        self._preset.set_count(count, sides)
        self._check()

    def set_data(self, classes: int, points: bool) -> None:
        """Sets the number of classes and whether the data are points, and disables what does not suit them.

        A preset for the other kind of data is replaced by the first suitable one.
        """
        self._data = classes, points
        self._preset.set_facts(classes=classes)
        if not self._locked and makes_points(self._fields["network"].value()) != points:
            suited = (name for name, found in presets().items() if found.apply().points == points)
            self._apply_preset(next(suited))
        self._check()

    def set_locked(self, locked: bool, is_elsewhere: bool = False) -> None:
        """Locks the settings while a training runs, except live ones, unless it runs in another process
        (`is_elsewhere`)."""
        self._locked, self._live = locked, frozenset() if is_elsewhere else live_settings()
        for name, field in self._fields.items():
            field.widget.setEnabled(self.can_edit(name))
        self._rows.device.gpus.setEnabled(self.can_edit("device"))
        self._check()

    def can_edit(self, name: str) -> bool:
        """Returns whether a setting can be changed now."""
        return not self._locked or name in self._live

    def set_filter(self, text: str, changed_only: bool) -> None:
        """Shows only rows whose title, help, key or choices contain every word of `text`, or only changed ones."""
        self._rows.set_filter(text, changed_only)

    # Changes as by the person

    def change(self, values: Mapping[str, Any]) -> None:
        """Changes these settings as the person would."""
        if "task" in values:
            self._apply_task(values["task"])
        if "preset" in values:
            self._apply_preset(values["preset"])
        for name, value in values.items():
            self._fields[name].set_value(value)
        self._end_edit(",".join(values))

    def restore(self, values: Mapping[str, Any]) -> None:
        """Restores earlier values of all settings."""
        self._put(values)
        settings = self._check()
        if self._locked and settings is not None:
            self.live_edited.emit(settings)

    def reset_to_preset(self) -> None:
        """Resets every change to the preset, except settings of images and machine."""
        if self.changes() and not self._locked:
            self._edited("preset")

    def _reset_row(self, name: str) -> None:
        self._fields[name].set_value(self._preset.recipe[name])
        self._edited(name)

    def _edited(self, name: str) -> None:
        if name == "preset":
            self._apply_preset(self._fields["preset"].value())
        elif name == "task":
            self._apply_task(self._fields["task"].value())
        self._end_edit(name)

    def _end_edit(self, names: str) -> None:
        settings = self._check(by_person=True)
        self.changed.emit(names)
        if self._locked and settings is not None:
            self.live_edited.emit(settings)

    def _apply_preset(self, name: str) -> None:
        self._put(self._preset.fitted(name, self.values()).model_dump())

    def _apply_task(self, task: str) -> None:
        """Keeps a preset that suits the task, which its unchanged settings follow; others give way to the first that
        does."""
        suited = presets(task)
        self._fields["task"].set_value(task)
        if self._fields["preset"].value() not in suited:
            self._apply_preset(next(iter(suited)))
        else:
            self._offer_presets(task)

    def _offer_presets(self, task: str) -> None:
        if task != self._offered:
            self._offered = task
            field = self._fields["preset"]
            assert isinstance(field, ChoiceField)
            field.set_options(preset_options(task))

    def _put(self, values: Mapping[str, Any]) -> None:
        self._offer_presets(values["task"])
        self._limit_batch(max(self._batch.maximum(), self._preset.facts(values["task"]).images))
        for name, field in self._fields.items():
            field.set_value(values[name])
        self._preset.read(self.values())

    # Validation

    def _check(self, by_person: bool = False) -> Settings | None:
        """Shows why the settings are invalid, or grays out unavailable choices; returns the settings if valid."""
        self._limit_batch(max(self._batch.maximum(), self.facts.images))  # a preset that fits itself is not limited
        with suppress(UserError):  # of invalid settings, reported below
            self._fit(by_person)
        self._limit_batch(self.facts.images)
        self._rows.show_changes({name: self.recipe[name] for name in self.changes()}, self.can_edit)
        self._show_applying()
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

    def _show_applying(self) -> None:
        """Hides settings that have no effect; which have, valid or not, the others decide."""
        values = Settings.model_construct(**self.values())
        self._rows.show_applying({name for name in self._fields if applies(name, values)}, values.points)

    def _fit(self, by_person: bool) -> None:
        """Fits the preset to other images, another size or device; unchanged settings follow, unless a run continues
        with them."""
        follows = self._preset.follow(self.values())
        if not self._locked and (by_person or not self._continues):
            for name, value in follows.items():
                self._fields[name].set_value(value)

    @property
    def _batch(self) -> QSpinBox:
        box = self._fields["batch"].widget
        assert isinstance(box, QSpinBox)
        return box

    def _limit_batch(self, most: int) -> None:
        with QSignalBlocker(self._batch):
            self._batch.setMaximum(most)

    def _refuse(self, settings: Settings) -> None:
        if self._data is not None and not self._locked:  # a training that runs has its data
            refuse_data(settings, *self._data)
            refuse_shares(settings.batch, len(device_names(settings.device)))

    def _gray_out(self, settings: Settings) -> None:
        free = [name for name in self._fields if name != "preset" and self.can_edit(name)]
        for name in free:
            self._fields[name].gray_out(partial(self._refusal, settings, name))
        self._rows.show_tips(free)

    def _refusal(self, settings: Settings, name: str, value: Any) -> str:
        if name == "device" and (trouble := self._troubles.get(value)):
            return sentences(trouble.what, trouble.advice)
        try:
            self._refuse(settings.changed(**{name: value}))
        except UserError as problem:
            return str(problem)
        return ""

    def _tell_preparation(self) -> None:
        with suppress(UserError):  # reported by `refused`
            how = self.preparation()
            if how != self._how:
                self._how = how
                self.preparation_changed.emit()
