"""Controls of image preparation: the same settings as in the Train form, beside the images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.config.choices import choice_title
from core.config.fields import title_of
from core.config.settings import Settings
from core.data.health.findings import HealthReport
from core.events import Progress
from core.language import _
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.settings.fields import Field, field_of
from studio.widgets.settings.preset_fit import PREPARED

SHORT = {"alpha": _("Transparency")}
"""Titles beside a switch that says the rest."""


class PreparationControls(QGroupBox):
    """Controls that show the form's values and emit the person's choices."""

    chosen = Signal(object)
    """New values by setting name."""
    canceled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Preparation"), parent)
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._fields = {name: self._add(name) for name in PREPARED}
        self._suggested: dict[str, Any] = {}
        self._values: dict[str, Any] = {}
        self._is_locked = False
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.addLayout(self._rows)
        column.addWidget(self._build_suggestion())
        column.addWidget(self._build_progress())

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Shows the current values; emits nothing."""
        self._values = dict(values)
        for name, field in self._fields.items():
            field.set_value(values[name])
        self._show_suggestion()

    def set_offered(self, transparency: bool, frames: bool, split: bool, halves: bool) -> None:
        """Sets whether the images have transparency, are frames of a video, are divided into folders, and may hold two
        images side by side."""
        self._rows.setRowVisible(self._fields["alpha"].widget, transparency)
        self._rows.setRowVisible(self._fields["frame_step"].widget, frames)
        self._rows.setRowVisible(self._fields["split"].widget, split)
        self._rows.setRowVisible(self._fields["side_by_side"].widget, halves)

    def set_locked(self, locked: bool) -> None:
        """Locks the controls while a training runs."""
        self._is_locked = locked
        for field in self._fields.values():
            field.widget.setEnabled(not locked)
            field.widget.setToolTip(
                plain_tip(_("Stop the training to prepare the images again") if locked else field.help)
            )
        self._show_suggestion()

    def suggest(self, report: HealthReport | None) -> None:
        """Offers a preparation that suits these images better, if there is one."""
        self._suggested = {} if report is None else {"resolution": report.resolution, "fit": report.fit}
        self._show_suggestion()

    def show_progress(self, progress: Progress) -> None:
        """Shows the progress of a new preparation."""
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._progress.show()

    def end_progress(self) -> None:
        self._progress.hide()

    def _add(self, name: str) -> Field:
        info = Settings.model_fields[name]
        extra: Any = info.json_schema_extra
        field = field_of(name, info, extra["unit"])
        field.connect(lambda: self.chosen.emit({name: field.value()}))
        field.widget.setAccessibleName(title_of(name))
        if isinstance(field.widget, QCheckBox):
            field.widget.setText(_("Keep"))
        label = Label(SHORT.get(name) or title_of(name))
        label.setBuddy(field.widget)
        self._rows.addRow(label, field.widget)
        return field

    def _build_suggestion(self) -> QWidget:
        self._suggestion = QWidget()
        self._suggestion_text = Label(wordWrap=True)
        self._suggestion_text.setObjectName("muted")
        use = QPushButton(_("Use"))
        use.setToolTip(_("Prepare the images this way"))
        use.clicked.connect(lambda: self.chosen.emit(dict(self._suggested)))
        row = QHBoxLayout(self._suggestion)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._suggestion_text, 1)
        row.addWidget(use)
        return self._suggestion

    def _build_progress(self) -> QWidget:
        self._progress = QWidget()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName(_("Preparation progress"))
        cancel = QPushButton(_("Cancel"))
        cancel.setToolTip(_("Keep the current preparation"))
        cancel.clicked.connect(self.canceled)
        row = QHBoxLayout(self._progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._bar, 1)
        row.addWidget(cancel)
        self._progress.hide()
        return self._progress

    def _show_suggestion(self) -> None:
        differs = any(self._values.get(name) != value for name, value in self._suggested.items())
        self._suggestion.setVisible(differs and not self._is_locked)
        if self._suggested:
            fit = choice_title("fit", self._suggested["fit"])
            text = _("Suggested for these images: {pixels} px, {fit}.")
            text = text.format(pixels=self._suggested["resolution"], fit=fit)
            self._suggestion_text.setText(text)
