"""Dialog that changes the device and the limits of a waiting entry of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.config.fields import title_of
from core.config.setting import unit_text
from core.devices.device import Device
from core.language import _, listed, titled
from core.queue.entry import AUTO, Entry
from studio.dialogs.queue.button_row import ButtonRow
from studio.widgets.basic.labels import WrappedLabel
from studio.widgets.basic.spin_boxes import indent_spin_box

MOST = 1_000_000_000
"""Largest limit."""


class EditEntryDialog(QDialog):
    """Asks for device, steps, minutes and patience; 0 stands for no limit."""

    def __init__(self, entry: Entry, devices: Sequence[Device], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Edit entry"))
        self._device = QComboBox()
        self._device.addItem(_("Automatic: the first that is free"), AUTO)
        for device in devices:
            self._device.addItem(titled(device.name, listed(filter(None, (device.title, device.memory)))), device.name)
        if self._device.findData(entry.device) < 0:
            self._device.addItem(entry.device, entry.device)
        self._device.setCurrentIndex(self._device.findData(entry.device))
        self._steps = QSpinBox(maximum=MOST, value=entry.settings.steps or 0)
        self._minutes = QDoubleSpinBox(maximum=MOST, decimals=1, value=entry.settings.minutes or 0)
        self._patience = QDoubleSpinBox(maximum=MOST, decimals=1, value=entry.settings.patience or 0)
        indent_spin_box(self._steps, self._minutes, self._patience)
        form = QFormLayout()
        form.addRow(title_of("device"), self._device)
        for name, box in (("steps", self._steps), ("minutes", self._minutes), ("patience", self._patience)):
            box.setSpecialValueText(_("No limit"))
            if name != "steps":
                box.setSuffix(f" {unit_text('min', 2)}")
            box.setAccessibleName(title_of(name))
            form.addRow(title_of(name), box)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(WrappedLabel(entry.title, "title"))
        column.addLayout(form)
        column.addLayout(ButtonRow(self, _("Save")))
        self.setMinimumWidth(360)

    def values(self) -> dict[str, Any]:
        """Returns the chosen settings by name."""
        return {
            "device": self._device.currentData(),
            "steps": self._steps.value() or None,
            "minutes": self._minutes.value() or None,
            "patience": self._patience.value() or None,
        }
