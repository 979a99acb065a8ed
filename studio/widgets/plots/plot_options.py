"""Button with a plot's options as a menu: smoothing, scale, view, and saving."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QWidget, QWidgetAction

from core.language import _, in_context
from studio.widgets.basic.labels import IconButton, Label
from studio.widgets.basic.scale import scale_length


class PlotOptions(IconButton):
    """Button whose menu holds the smoothing, the scale of the y axis, and what else a plot can do."""

    smoothing_changed = Signal()
    log_changed = Signal(bool)
    reset_requested = Signal()
    save_requested = Signal(str)  # "png" or "csv"

    def __init__(self, log: bool) -> None:
        super().__init__("sliders-horizontal", _("Options"), _("Smoothing, scale, and saving"))
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self._smoothing.setRange(0, 99)
        self._smoothing.setValue(60)
        scale_length(self._smoothing, self._smoothing.setMinimumWidth, 120)
        self._smoothing.setAccessibleName(_("Smoothing"))
        self._smoothing.setToolTip(
            _("Smoothing of the strong line; the faint line shows raw values. Usual: 0.6 to 0.9.")
        )
        self._smoothing.valueChanged.connect(lambda _value: self.smoothing_changed.emit())
        self._log = QCheckBox(in_context("scale", "Log"))
        self._log.setChecked(log)
        self._log.setAccessibleName(_("Logarithmic scale"))
        self._log.setToolTip(_("Logarithmic scale; omits values of zero and below."))
        self._log.toggled.connect(self.log_changed)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("hasMenu", True)
        self.setMenu(self._build_menu())

    def smoothing(self) -> float:
        """Returns the smoothing, 0 (none) ... 0.99."""
        return self._smoothing.value() / 100

    def set_smoothing(self, smoothing: float) -> None:
        """Sets the smoothing, 0 (none) ... 0.99."""
        self._smoothing.setValue(round(100 * smoothing))

    def log(self) -> bool:
        """Returns whether the y axis is logarithmic."""
        return self._log.isChecked()

    def set_log(self, log: bool) -> None:
        """Sets a logarithmic or linear y axis."""
        self._log.setChecked(log)

    def _build_menu(self) -> QMenu:
        name = muted(_("Smoothing"))
        name.setBuddy(self._smoothing)
        menu = QMenu(self)
        for widgets in ((name, self._smoothing), (self._log,)):
            menu.addAction(_row(menu, *widgets))
        menu.addSeparator()
        menu.addAction(_("Show everything"), self.reset_requested.emit)
        menu.addAction(_("Save image (PNG)…"), lambda: self.save_requested.emit("png"))
        menu.addAction(_("Save numbers (CSV)…"), lambda: self.save_requested.emit("csv"))
        return menu


def _row(menu: QMenu, *widgets: QWidget) -> QWidgetAction:
    """Returns widgets as a menu entry."""
    row, action = QWidget(), QWidgetAction(menu)
    line = QHBoxLayout(row)
    line.setContentsMargins(12, 4, 12, 4)
    for widget in widgets:
        line.addWidget(widget)
    action.setDefaultWidget(row)
    return action


def muted(text: str) -> QLabel:
    label = Label(text)
    label.setObjectName("muted")
    return label
