"""Form of the settings that may vary: a check box and a range for each, or a check box for each choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QWidget

from core.config.choices import choice_title
from core.config.settings import Settings
from core.errors import UserError
from core.language import _
from core.search.space import Variation
from studio.widgets.basic.labels import Label, literal, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.settings.fields import Field, field_of

WIDTH = 110
"""Width of a limit in pixels."""


class VariationForm(QWidget):
    """Rows of settings, the first of which are checked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.rows: list[VariationRow] = []

    def set_variations(self, suggested: Sequence[Variation], checked: int) -> None:
        """Shows settings with suggested ranges; the first `checked` may vary."""
        for row in self.rows:
            row.check.deleteLater()
            row.deleteLater()
        self.rows = []
        for place, variation in enumerate(suggested):
            row = VariationRow(variation, place < checked)
            row.changed.connect(self.changed)
            self.rows.append(row)
            self._grid.addWidget(row.check, place, 0)
            self._grid.addWidget(row, place, 1)

    def variations(self) -> tuple[Variation, ...]:
        """Returns the settings that may vary. Raises `UserError` if there are none, or a range is empty."""
        found = tuple(row.variation() for row in self.rows if row.check.isChecked())
        if not found:
            raise UserError(_("No setting may vary."), _("Check one or more settings."))
        return found


class VariationRow(QWidget):
    """Range or choices of one setting, disabled unless it may vary."""

    changed = Signal()

    def __init__(self, variation: Variation, may_vary: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._variation = variation
        self._limits: list[Field] = []
        self._choices: list[tuple[Any, QCheckBox]] = []
        self.check = QCheckBox(literal(variation.title))
        self.check.setChecked(may_vary)
        self.check.setToolTip(plain_tip(Settings.model_fields[variation.name].description or ""))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._add_choices(row) if variation.choices else self._add_limits(row)
        row.addStretch(1)
        self.setEnabled(may_vary)
        self.check.toggled.connect(self.setEnabled)
        self.check.toggled.connect(lambda _: self.changed.emit())

    def variation(self) -> Variation:
        """Returns the setting with the chosen range. Raises `UserError` if it is empty."""
        title = self._variation.title
        if self._choices:
            chosen = tuple(value for value, box in self._choices if box.isChecked())
            if len(chosen) < 2:
                raise UserError(_("{name} has fewer than two choices.").format(name=title), _("Check two or more."))
            return self._variation.model_copy(update={"choices": chosen})
        low, high = (field.value() for field in self._limits)
        if low >= high:
            raise UserError(_("The range of {name} is empty.").format(name=title), _("Choose a larger upper limit."))
        if self._variation.log and low <= 0:
            what = _("The range of {name} is logarithmic and begins at 0.").format(name=title)
            raise UserError(what, _("Choose a lower limit above 0."))
        return self._variation.model_copy(update={"low": low, "high": high})

    def _add_limits(self, row: QHBoxLayout) -> None:
        name, title = self._variation.name, self._variation.title
        info = Settings.model_fields[name]
        unit = cast(dict[str, Any], info.json_schema_extra)["unit"]
        names = _("{name}, lower limit"), _("{name}, upper limit")
        for text, value in zip(names, (self._variation.low, self._variation.high), strict=True):
            field = field_of(name, info, unit)
            field.set_value(value)
            field.widget.setAccessibleName(text.format(name=title))
            field.connect(self.changed.emit)
            scale_length(field.widget, field.widget.setFixedWidth, WIDTH)
            if self._limits:
                row.addWidget(Label("–"))
            row.addWidget(field.widget)
            self._limits.append(field)
        if self._variation.log:
            row.addWidget(Label(_("logarithmic")))

    def _add_choices(self, row: QHBoxLayout) -> None:
        for value in self._variation.choices:
            box = QCheckBox(literal(choice_title(self._variation.name, value)))
            box.setChecked(True)
            box.toggled.connect(lambda _: self.changed.emit())
            row.addWidget(box)
            self._choices.append((value, box))
