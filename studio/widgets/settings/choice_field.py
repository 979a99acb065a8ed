"""Fields of choices: one of several options, the preset, and the device with a check box for each GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QVBoxLayout, QWidget

from core.config.devices import device_names, joined_devices
from core.devices.device import Device
from core.language import _, listed, plural, titled
from studio.widgets.basic.labels import ElidedComboBox, plain_tip

GPUS = ("cuda", "xpu")
"""Kinds of GPUs of which several can train together."""
COLUMNS = 3


Refusal = Callable[[Any], str]
"""Function from a value to the reason why a setting cannot have it now; empty if it can."""


class ChoiceField:
    """Choice of one option: (text, value, help)."""

    help = ""

    def __init__(self, options: list[tuple[str, Any, str]], suffix: str, box: QComboBox | None = None) -> None:
        self.widget = box or ElidedComboBox()
        self._suffix = suffix
        self._tips: dict[Any, str] = {}
        self.set_options(options)

    def set_options(self, options: list[tuple[str, Any, str]]) -> None:
        """Replaces the options, and keeps the value if it is one of them."""
        before = self.value()
        self._tips = {value: tip for _text, value, tip in options}
        with QSignalBlocker(self.widget):
            self.widget.clear()
            for text, option, _tip in options:
                self.widget.addItem(f"{text}{self._suffix}", option)
        if before in self._tips:
            self.set_value(before)

    def value(self) -> Any:
        return self.widget.currentData()

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self.widget):
            index = self.widget.findData(value)
            if index < 0:  # a device of another machine, for example: keep it, and report the problem at the start
                self.widget.addItem(str(value), value)
                index = self.widget.count() - 1
            self.widget.setCurrentIndex(index)

    def connect(self, edited: Callable[[], None]) -> None:
        self.widget.currentIndexChanged.connect(lambda _value: edited())

    def gray_out(self, refusal: Refusal) -> None:
        model = self.widget.model()
        assert isinstance(model, QStandardItemModel)
        for row in range(self.widget.count()):
            value = self.widget.itemData(row)
            why = refusal(value)
            model.item(row).setEnabled(not why)
            model.item(row).setToolTip(plain_tip(why or self._tips.get(value, "")))


class PresetBox(ElidedComboBox):
    """Choice of a preset. The closed box also shows the number of changed settings: "Studio, 2 changed"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changes = 0

    def set_changes(self, count: int) -> None:
        """Sets the number of settings that differ from the chosen preset."""
        self._changes = count
        self.setAccessibleDescription(self.shown_text())
        self.update()

    def shown_text(self) -> str:
        title = self.currentText()
        if not self._changes:
            return title
        name = title.replace("（", " (").partition(" (")[0]  # of "Studio (start here)"
        return plural("{preset}, {count} changed", "{preset}, {count} changed", self._changes, preset=name)


class GpuBoxes(QWidget):
    """Check box for each GPU. Hidden unless there are two or more of one kind."""

    chosen = Signal(str)
    """Value of the setting for the boxes that the person has checked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: dict[str, QCheckBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def set_devices(self, devices: Sequence[Device]) -> None:
        """Sets the usable devices of this machine."""
        for box in self._boxes.values():
            box.deleteLater()
        kinds = [device.kind for device in devices]
        together = [device for device in devices if device.kind in GPUS and kinds.count(device.kind) > 1]
        together.sort(key=lambda device: (device.kind, len(device.name), device.name))
        self._boxes = {device.name: _box(device) for device in together}
        for place, box in enumerate(self._boxes.values()):
            box.toggled.connect(self._choose)
            self._grid.addWidget(box, *divmod(place, COLUMNS))
        self.setVisible(bool(self._boxes))

    def show_value(self, value: str) -> None:
        """Checks the boxes of the devices that the setting names."""
        for name, box in self._boxes.items():
            with QSignalBlocker(box):
                box.setChecked(name in device_names(value))

    def _choose(self) -> None:
        names = [name for name, box in self._boxes.items() if box.isChecked()]
        self.chosen.emit(joined_devices(names) or "auto")


class DeviceField(ChoiceField):
    """Choice of a device in a list, or of several GPUs by their check boxes."""

    def __init__(self, options: list[tuple[str, str, str]]) -> None:
        self.gpus = GpuBoxes()
        super().__init__(options, "")
        self.widget.currentIndexChanged.connect(lambda _index: self.gpus.show_value(self.value()))

    def row(self) -> QWidget:
        """Returns the list with the check boxes below."""
        column = QVBoxLayout(page := QWidget())
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.widget)
        column.addWidget(self.gpus)
        return page

    def set_devices(self, devices: Sequence[Device]) -> None:
        """Sets the devices of this machine, the choice of `auto` first; those that cannot be used say so."""
        chosen = self.value()
        options = [(_("Auto ({device})").format(device=devices[0].name), "auto", "")]
        for device in devices:
            said = _("unavailable") if device.trouble else "" if device.name == "cpu" else device.memory
            options.append((titled(device.name, listed(filter(None, (device.title, said)))), device.name, ""))
        self.set_options(options)
        self.gpus.set_devices([device for device in devices if device.trouble is None])
        self.set_value(chosen)

    def set_value(self, value: str) -> None:
        with QSignalBlocker(self.widget):
            for index in reversed(range(self.widget.count())):
                if len(device_names(self.widget.itemData(index))) > 1:  # GPUs that were chosen before
                    self.widget.removeItem(index)
        super().set_value(value)
        self.gpus.show_value(value)

    def connect(self, edited: Callable[[], None]) -> None:
        super().connect(edited)

        def choose(value: str) -> None:
            self.set_value(value)
            edited()

        self.gpus.chosen.connect(choose)


def _box(device: Device) -> QCheckBox:
    box = QCheckBox(device.name)
    box.setToolTip(
        plain_tip(
            "\n\n".join(
                (
                    listed(filter(None, (device.title, device.memory))),
                    _("Two or more GPUs train together: they divide each batch among them."),
                )
            )
        )
    )
    return box
