"""Simple page of the settings drawer: task, preset, resolution, quality against speed, and time."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from core.config.settings import Settings
from core.config.translation_fields import GENERATE
from core.errors import UserError
from core.language import _, number
from core.presets.quality import BALANCED, LEVELS, level_of, settings_of
from studio.model.data import ExampleRequest, Examples
from studio.widgets.basic.labels import Glyph, Label, WrappedLabel
from studio.widgets.basic.spin_boxes import WheelGuard
from studio.widgets.settings.choice_field import ChoiceField, PresetBox
from studio.widgets.settings.fields import Field, field_of, preset_options
from studio.widgets.settings.form import SettingsForm
from studio.widgets.settings.preset_card import LIST_WIDTH, CardDelegate, PresetCard
from studio.widgets.settings.scrolled import scrolled
from studio.widgets.settings.task_card import SHOWN, TaskCard

USUAL_MINUTES = 30.0
"""Initial time limit in minutes."""


class SimplePage(QWidget):
    """Page that shows a few settings of the form in plain terms and changes them there. It holds none itself."""

    changes_chosen = Signal(object)
    """New values by setting name."""
    examples_requested = Signal(object)
    """An `ExampleRequest` for the preview of the task."""

    def __init__(self, form: SettingsForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self._task = TaskCard()
        self._task.changes_chosen.connect(self.changes_chosen)
        self._presets = self._field("preset")
        self._card = PresetCard(self._presets.widget)
        self._resolution = self._field("resolution")
        self._quality = QSlider(Qt.Orientation.Horizontal)
        self._said = WrappedLabel(role="muted")
        self._endless, self._minutes = QCheckBox(_("Until I stop")), self._field("minutes")
        self._last_minutes = USUAL_MINUTES
        self._offered = GENERATE
        """Task whose presets can be chosen."""
        self._steps = WrappedLabel(role="muted")
        self._expectation = _Notice()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 4, 8)
        column.setSpacing(6)
        self._build_presets()
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, widget, part in (
            (_("Resolution"), self._resolution.widget, self._resolution.widget),
            (_("Time"), self._build_time(), self._minutes.widget),
        ):
            label = Label(title)
            label.setBuddy(part)
            rows.addRow(label, widget)
        column.addWidget(self._task)
        column.addWidget(self._card)
        column.addSpacing(4)
        column.addLayout(rows)
        column.addWidget(self._steps)
        column.addSpacing(4)
        column.addWidget(self._build_quality())
        column.addSpacing(4)
        column.addWidget(self._expectation)
        column.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(page))
        form.changed.connect(self._show)
        form.shown.connect(self._show)
        self._show()

    def focus_first(self) -> None:
        """Focuses the first setting."""
        (self._presets.widget if self._task.isHidden() else self._task.box).setFocus()

    def show_examples(self, examples: Examples) -> None:
        """Shows examples of the task, which were requested."""
        self._task.show_examples(examples)

    def show_expectation(self, text: str, is_warning: bool) -> None:
        """Shows the expected duration of a training with these settings; nothing if `text` is empty."""
        self._expectation.show_text(text, is_warning)

    # Display

    def _show(self) -> None:
        form = self._form
        self._task.show_values(form.values(), form.is_locked)
        self._ask_examples()
        assert isinstance(self._presets, ChoiceField)
        if form.value("task") != self._offered:
            self._offered = form.value("task")
            self._presets.set_options(preset_options(self._offered))
        self._presets.set_value(form.value("preset"))
        self._card.set_preset(form.value("preset"))
        box = self._presets.widget
        assert isinstance(box, PresetBox)
        box.set_changes(len(form.changes()))
        self._resolution.set_value(form.value("resolution"))
        self._resolution.gray_out(partial(form.refusal, "resolution"))
        self._show_quality()
        self._show_time()
        for field in (self._presets, self._resolution):
            field.widget.setEnabled(not form.is_locked)
        is_of_points = form.widget("resolution").isHidden()
        self._resolution.widget.setEnabled(not (form.is_locked or is_of_points))
        self._task.setHidden(is_of_points)

    def _ask_examples(self) -> None:
        """Requests examples, which are made only while they are visible."""
        with suppress(UserError):  # of invalid settings, reported below
            if self.isVisible() and self._form.value("task") != GENERATE:
                request = ExampleRequest("settings", self._form.settings(), SHOWN)
                self._task.await_examples(request, self._form.has_data)
                self.examples_requested.emit(request)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask_examples()

    def _show_quality(self) -> None:
        recipe, values = self._form.recipe, self._form.values()
        level = level_of(values, recipe, self._form.facts.images) if recipe else None
        self._quality.setEnabled(bool(recipe) and not self._form.is_locked)
        with QSignalBlocker(self._quality):
            if level is not None:
                self._quality.setValue(level)
        if level == BALANCED:
            text = _("{level}: {width} base channels, batch {batch} (preset)")
        elif recipe:
            text = _("{level}: {width} base channels, batch {batch}; preset: {usual_width} and {usual_batch}")
        else:
            text = _("{level}: {width} base channels, batch {batch}")
        text = text.format(
            level=_("Custom") if level is None else LEVELS[level],
            width=values["width"],
            batch=values["batch"],
            usual_width=recipe.get("width"),
            usual_batch=recipe.get("batch"),
        )
        self._said.setText(text)
        self._quality.setAccessibleDescription(text)

    def _show_time(self) -> None:
        minutes = self._form.value("minutes")
        self._last_minutes = minutes or self._last_minutes
        with QSignalBlocker(self._endless):
            self._endless.setChecked(minutes is None)
        self._minutes.set_value(self._last_minutes)
        self._minutes.widget.setEnabled(minutes is not None)
        steps = self._form.value("steps")
        text = _("Ends at step {step} at the latest, as set under Expert.").format(step=number(steps or 0))
        self._steps.setText(text if steps else "")
        self._steps.setVisible(bool(steps))

    # Changes

    def _choose(self, name: str, field: Field) -> None:
        self.changes_chosen.emit({name: field.value()})

    def _choose_level(self, level: int) -> None:
        self.changes_chosen.emit(settings_of(level, self._form.recipe, self._form.facts.images))

    def _choose_endless(self, endless: bool) -> None:
        self.changes_chosen.emit({"minutes": None if endless else self._last_minutes})

    # Construction

    def _field(self, name: str) -> Field:
        info = Settings.model_fields[name]
        extra: Any = info.json_schema_extra
        field = field_of(name, info, extra["unit"])
        field.widget.setAccessibleName(info.title or name.capitalize())
        field.connect(partial(self._choose, name, field))
        return field

    def _build_presets(self) -> None:
        box = self._presets.widget
        assert isinstance(box, PresetBox)
        box.setItemDelegate(CardDelegate(box))
        box.view().setMinimumWidth(LIST_WIDTH)
        box.activated.connect(
            lambda _index: self._form.reset_to_preset()
        )  # emitted even if the same one is chosen again

    def _build_quality(self) -> QWidget:
        slider = self._quality
        slider.setRange(0, len(LEVELS) - 1)
        slider.setPageStep(1)
        slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        slider.setTickInterval(1)
        slider.setAccessibleName(_("Quality against speed"))
        slider.setToolTip(_("Narrower networks train faster, wider ones give sharper images"))
        slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        slider.installEventFilter(WheelGuard(slider))
        slider.valueChanged.connect(self._choose_level)
        ends = QHBoxLayout()
        speed, quality = Label(_("Speed")), Label(_("Quality"))
        for label in (speed, quality):
            label.setObjectName("muted")
            ends.addWidget(label)
        ends.insertStretch(1)
        column = QVBoxLayout(page := QWidget())
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        title = Label(_("Quality against speed"))
        title.setBuddy(slider)
        column.addWidget(title)
        column.addWidget(slider)
        column.addLayout(ends)
        column.addWidget(self._said)
        return page

    def _build_time(self) -> QWidget:
        spin = self._minutes.widget
        assert isinstance(spin, QDoubleSpinBox)
        spin.setSpecialValueText("")
        spin.setMinimum(0.1)
        self._endless.setToolTip(_("Train until you press Stop"))
        self._endless.toggled.connect(self._choose_endless)
        row = QHBoxLayout(page := QWidget())
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(spin, 1)
        row.addWidget(self._endless)
        return page


class _Notice(QFrame):
    """Sentence beside an hourglass, or a warning beside its icon."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._glyph, self._text = Glyph("hourglass", 18, "muted"), WrappedLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 10, 8)
        row.addWidget(self._glyph, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.hide()

    def show_text(self, text: str, is_warning: bool) -> None:
        self._glyph.set_glyph("warning" if is_warning else "hourglass", "caution" if is_warning else "muted")
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
