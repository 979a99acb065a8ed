"""From the settings model to widgets and back: a field's type, bounds, unit and help are all there is to know."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QGroupBox, QLabel, QSpinBox, QToolButton, QVBoxLayout, QWidget

from core.config import Settings, validate
from core.devices import Device
from core.errors import Problem
from core.presets import preset, presets
from studio.fields import Field, field_of

TITLES = {
    "lr_g": "Learning rate G",
    "lr_d": "Learning rate D",
    "d_steps": "D steps a step",
    "latent_dim": "Latent size",
    "ema_kimg": "EMA half-life",
    "autosave_minutes": "Autosave every",
}

LABEL_WIDTH = 108

KEPT_BY_PRESET = ("resolution", "device", "seed", "mirror", "steps", "minutes")
"""What belongs to the data and the machine rather than to a recipe, and so survives the choice of another preset."""


class SettingsForm(QWidget):
    """Every setting as one labelled widget, grouped, with rare ones under a fold."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[str, Field] = {}
        self._error = QLabel(wordWrap=True)
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
        self.set_settings(next(iter(presets().values())).apply())

    def settings(self) -> Settings:
        """What the widgets say. Raises `Problem` for a combination that cannot be."""
        return validate({name: field.value() for name, field in self._fields.items()})

    def set_settings(self, settings: Settings) -> None:
        """Shows settings without a `changed`."""
        for name, field in self._fields.items():
            field.set_value(getattr(settings, name))
        self._check()

    def set_devices(self, devices: list[Device]) -> None:
        """Offers the devices of this machine, with what is known of each."""
        box = self._fields["device"].widget
        assert isinstance(box, QComboBox)
        chosen = self._fields["device"].value()
        with QSignalBlocker(box):
            box.clear()
            box.addItem(f"auto ({devices[0].name})", "auto")
            for device in devices:
                box.addItem(f"{device.name}: {device.title}", device.name)
        self._fields["device"].set_value(chosen)

    def limit_batch(self, count: int) -> None:
        """No batch may be larger than the dataset, whatever a preset says."""
        box = self._fields["batch"].widget
        assert isinstance(box, QSpinBox)
        with QSignalBlocker(box):
            box.setMaximum(count)

    def set_locked(self, locked: bool) -> None:
        """While a training runs its settings can be read and not changed."""
        for field in self._fields.values():
            field.widget.setEnabled(not locked)

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
                column.addWidget(box)
                groups[title] = QFormLayout(box)
                groups[title].setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            field = field_of(name, info, str(extra["unit"]))
            field.connect(partial(self._edited, name))
            self._fields[name] = field
            label = QLabel(TITLES.get(name, name.replace("_", " ").capitalize()))
            label.setBuddy(field.widget)
            label.setFixedWidth(LABEL_WIDTH)  # one column through all groups
            label.setToolTip(field.widget.toolTip())
            field.widget.setAccessibleName(label.text())
            groups[title].addRow(label, field.widget)
        return page

    def _edited(self, name: str) -> None:
        if name == "preset":
            kept = {key: self._fields[key].value() for key in KEPT_BY_PRESET}
            self.set_settings(preset(self._fields["preset"].value()).apply(**kept))
        self._check()
        self.changed.emit()

    def _check(self) -> None:
        try:
            self.settings()
            self._error.hide()
        except Problem as problem:
            self._error.setText(str(problem))
            self._error.show()

    def _unfold(self, unfolded: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._advanced.setVisible(unfolded)
