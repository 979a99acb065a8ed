"""Controls of style mixing: some layers of a style network use another point."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from core.language import _, in_context
from core.latent.request import Mix, Point
from studio.widgets.basic.labels import Heading, Label
from studio.widgets.basic.scale import scale_length
from studio.widgets.basic.spin_boxes import indent_spin_box
from studio.widgets.explore.point_box import PointBox


class StyleControls(QWidget):
    """Chooses the layers and the point of their styles. `changed` comes once per change by the user; setters emit
    nothing."""

    changed = Signal(str)
    """Gesture id."""

    def __init__(self, label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._point = Point(2)
        self._use = QCheckBox(_("Mix in another image's styles"))
        self._use.setToolTip(_("Coarse layers control pose and shape, fine layers colors and textures."))
        self._box = PointBox(_("mixed styles"), _("whose styles are mixed in"))
        self._first, self._last = QSpinBox(), QSpinBox()
        indent_spin_box(self._first, self._last)
        for spin, name in ((self._first, _("First mixed layer")), (self._last, _("Last mixed layer"))):
            spin.setAccessibleName(name)
            spin.setToolTip(_("1 is the coarsest layer."))
            spin.setKeyboardTracking(False)
        self._use.clicked.connect(lambda _on: self._change())
        self._box.seed_changed.connect(lambda seed: self._set_point(Point(seed), "mixed_seed"))
        self._box.dropped.connect(lambda point: self._set_point(point, ""))
        self._first.valueChanged.connect(lambda first: self._set_range(first, max(first, self._last.value())))
        self._last.valueChanged.connect(lambda last: self._set_range(min(self._first.value(), last), last))
        layers = QHBoxLayout()
        layers.addWidget(self._first)
        layers.addWidget(Label(in_context("between first and last layer", "to")))
        layers.addWidget(self._last)
        layers.addStretch(1)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(8)
        form.addRow(_("Styles of"), self._box)
        form.addRow(_("Layers"), layers)
        for held in (self._box, layers):
            scale_length(label := form.labelForField(held), label.setMinimumWidth, label_width)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(8)
        column.addWidget(Heading(_("Styles")))
        column.addWidget(self._use)
        column.addLayout(form)
        self.set_layers(0)

    def set_layers(self, count: int) -> None:
        """Sets the number of layers with styles; 0 hides the controls."""
        with QSignalBlocker(self._first), QSignalBlocker(self._last):
            is_new = count != self._last.maximum()
            for spin in (self._first, self._last):
                spin.setRange(1, max(count, 1))
            if is_new:
                self._first.setValue(count // 2 + 1)
                self._last.setValue(count)
        self.setVisible(count > 0)
        self._show()

    def mix(self) -> Mix | None:
        if not self._use.isChecked():
            return None
        return Mix(self._point, self._first.value() - 1, self._last.value() - 1)

    def set_mix(self, mix: Mix | None) -> None:
        self._use.setChecked(mix is not None)
        if mix is not None:
            self._point = mix.point
            with QSignalBlocker(self._first), QSignalBlocker(self._last):
                self._first.setValue(mix.first + 1)
                self._last.setValue(mix.last + 1)
        self._show()

    def _set_point(self, point: Point, gesture: str) -> None:
        self._point = point
        self._use.setChecked(True)
        self._change(gesture)

    def _set_range(self, first: int, last: int) -> None:
        with QSignalBlocker(self._first), QSignalBlocker(self._last):
            self._first.setValue(first)
            self._last.setValue(last)
        self._change("layers")

    def _change(self, gesture: str = "") -> None:
        self._show()
        self.changed.emit(gesture)

    def _show(self) -> None:
        self._box.set_point(self._point)
        for widget in (self._first, self._last):
            widget.setEnabled(self._use.isChecked())
