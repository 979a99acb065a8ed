"""Rows of the settings form: one for each setting, in groups, with search and marks of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from core.config.fields import title_of
from core.config.setting import GROUP_TITLES
from core.config.settings import Settings
from core.language import _, titled
from core.learn import topics
from core.presets.settings_diff import value_text
from studio.widgets.basic.labels import LabeledButton, WrappedLabel, plain_tip
from studio.widgets.settings.choice_field import DeviceField, PresetBox
from studio.widgets.settings.fields import Field, field_of
from studio.widgets.settings.group import SettingGroup
from studio.widgets.settings.preset_fit import PREPARED
from studio.widgets.settings.row_label import GUTTER, RowLabel

FIRST = ("Model", "Translation")
OF_PIXELS = (*PREPARED, "grid", "memory_format")
"""Settings that do not apply to points."""


class SettingRows(QWidget):
    """Rows of `fields`, the widgets of all settings by name. The form decides their values."""

    edited = Signal(str)
    """Name of the setting whose widget the person changed."""
    reset_requested = Signal(str)
    """Name of a setting to reset to the preset's value."""
    preset_reset_requested = Signal()
    """Reset all settings to the preset, or choose the same preset again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, Field] = {}
        self._labels: dict[str, RowLabel] = {}
        self._groups: dict[str, SettingGroup] = {}
        self._words: dict[str, str] = {}
        """Lowercase search text of each setting."""
        self._changes: Mapping[str, Any] = {}
        self._applying = {*Settings.model_fields}
        """Settings that have an effect on the training."""
        self._filter: tuple[str, bool] = "", False
        self._reset = LabeledButton("arrow-counter-clockwise", _("Reset to preset"), "")
        self._reset.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._reset.clicked.connect(self.preset_reset_requested)
        self._nothing = WrappedLabel(role="muted")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        for name in sorted(Settings.model_fields, key=_place):
            self._add(name)
        self._column.addWidget(self._nothing)
        self._column.addStretch()
        box = self.fields["preset"].widget
        assert isinstance(box, PresetBox)
        box.activated.connect(lambda _index: self.preset_reset_requested.emit())
        self._preset_box = box

    def show_changes(self, changes: Mapping[str, Any], can_edit: Callable[[str], bool]) -> None:
        """Marks settings that differ from the preset, given with the preset's values, and counts them.

        `can_edit` returns whether a setting can be reset now.
        """
        self._changes = changes
        for name, label in self._labels.items():
            tip = ""
            if name in changes:
                value = self._said(name, changes[name])
                tip = _("Reset to {value}, the preset's value").format(value=value)
            label.explain(topics.of_setting(name, self.fields[name].value()))
            label.mark(tip, can_edit(name))
        self._preset_box.set_changes(len(changes))
        self._reset.setEnabled(bool(changes) and can_edit("preset"))
        said = (titled(title_of(name), self._said(name, value)) for name, value in changes.items())
        self._reset.setToolTip(plain_tip("\n".join(said)))
        for group in self._groups.values():
            group.set_changed(len(group.advanced().intersection(changes)))
        self._show()

    def show_tips(self, names: Iterable[str]) -> None:
        """Copies the tips of widgets, which explain unavailable choices, to their labels."""
        for name in names:
            self._labels[name].title.setToolTip(self.fields[name].widget.toolTip())

    def show_applying(self, names: set[str], of_points: bool) -> None:
        """Hides all but these settings, and those of pixels for point data."""
        of_pixels = {*OF_PIXELS, *(name for name in self.fields if _extra(name)["group"] == "Augmentation")}
        self._applying = names - of_pixels if of_points else names
        self._show()

    def set_filter(self, text: str, changed_only: bool) -> None:
        """Shows only rows whose title, help, key or choices contain every word of `text`, or only changed ones."""
        self._filter = text.lower(), changed_only
        self._show()

    def _show(self) -> None:
        text, changed_only = self._filter
        found = {name for name, words in self._words.items() if all(word in words for word in text.split())}
        if changed_only:
            found.intersection_update(self._changes)
        found &= self._applying
        for group in self._groups.values():
            group.show_rows(found, bool(text) or changed_only)
        self._nothing.setVisible(not found)
        self._nothing.setText(_("No setting matches.") if text else _("Nothing differs from the preset."))

    def _said(self, name: str, value: Any) -> str:
        box = self.fields[name].widget
        found = box.findData(value) if isinstance(box, QComboBox) else -1
        return box.itemText(found) if isinstance(box, QComboBox) and found >= 0 else value_text(name, value)

    def _add(self, name: str) -> None:
        info, extra, title = Settings.model_fields[name], _extra(name), title_of(name)
        field = self.fields[name] = field_of(name, info, extra["unit"])
        if isinstance(field, DeviceField):
            self.device = field
        field.connect(partial(self.edited.emit, name))
        field.widget.setAccessibleName(title)
        term, is_preset = topics.of_setting(name), name == "preset"
        label = RowLabel(title, field.widget, is_narrow=is_preset, is_live=extra["live"], term=term)
        self._labels[name] = label
        label.reset_requested.connect(partial(self.reset_requested.emit, name))
        label.title.setToolTip(field.widget.toolTip())
        box = field.widget
        choices = [box.itemText(row) for row in range(box.count())] if isinstance(box, QComboBox) else []
        self._words[name] = " ".join([name, title, info.description or "", *choices]).lower()
        if extra["group"] not in self._groups:
            group = self._groups[extra["group"]] = SettingGroup(GROUP_TITLES[extra["group"]])
            self._column.addWidget(group)
        # The preset's row also shows the number of changed settings, and reserves room for it.
        widget = field.row() if isinstance(field, DeviceField) else field.widget
        widget = self._preset_row(label, field.widget) if is_preset else widget
        self._groups[extra["group"]].add_row(name, None if is_preset else label, widget, extra["advanced"])

    def _preset_row(self, label: RowLabel, box: QWidget) -> QWidget:
        row, column = QHBoxLayout(), QVBoxLayout(page := QWidget())
        row.addWidget(label)
        row.addWidget(box, 1)
        below = QHBoxLayout()
        below.addSpacing(GUTTER)
        below.addWidget(self._reset)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addLayout(below)
        return page


def _place(name: str) -> int:
    """Returns the place of a setting's group: preset and task come first."""
    group = _extra(name)["group"]
    return FIRST.index(group) if group in FIRST else len(FIRST)


def _extra(name: str) -> dict[str, Any]:
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return extra
