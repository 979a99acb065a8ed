"""Controls that edit every image on screen: truncation psi, conditions, styles and directions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from core.generator_inputs import Conditions
from core.language import _
from core.latent.explore_state import Edit
from studio.widgets.basic.scale import scale_length
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.explore.condition_controls import ClassControls, CodeControls
from studio.widgets.explore.direction_controls import DirectionControls
from studio.widgets.explore.style_controls import StyleControls

WIDTH = 420
LABEL_WIDTH = 82


class EditControls(QScrollArea):
    """Scrollable column of controls. `changed` comes once per change by the user; setters emit nothing."""

    changed = Signal(object, str)
    """Changed fields of the `Edit`, and the gesture id."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._psi = SliderRow(
            _("Diversity ψ"),
            0.0,
            2.0,
            1.0,
            help=_("Truncation ψ: near 0 the typical image, 1 as trained, above 1 more varied. Usual: 0.7 to 1."),
        )
        scale_length(self._psi, self._psi.set_label_width, LABEL_WIDTH)
        self._classes = ClassControls(LABEL_WIDTH)
        self._codes = CodeControls(LABEL_WIDTH)
        self._styles = StyleControls(LABEL_WIDTH)
        self.directions = DirectionControls()
        self._psi.valueChanged.connect(lambda psi: self.changed.emit({"psi": psi}, "psi"))
        self._classes.changed.connect(lambda by: self.changed.emit({"classes": self._classes.shares()}, by))
        self._codes.changed.connect(lambda by: self.changed.emit({"codes": self._codes.codes()}, by))
        self._styles.changed.connect(lambda by: self.changed.emit({"mix": self._styles.mix()}, by))
        self.directions.changed.connect(self.changed)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(8)
        for widget in (self._psi, self._classes, self._codes, self._styles, self.directions):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scale_length(self, self.setFixedWidth, WIDTH)
        self.setAccessibleName(_("Diversity, conditions, styles and directions"))

    def set_generator(self, classes: Sequence[str], conditions: Conditions, style_layers: int) -> None:
        """Shows the controls that the generator supports; keeps the choices if it is the same."""
        self._classes.set_names(classes)
        self._codes.set_counts(conditions.categories, conditions.continuous)
        self._styles.set_layers(style_layers)

    def set_seed(self, seed: int) -> None:
        """Sets the seed whose codes show while none are held."""
        self._codes.set_seed(seed)

    def show_edit(self, edit: Edit) -> None:
        """Shows an edit."""
        self._psi.set_value(edit.psi)
        self._classes.set_shares(edit.classes)
        self._codes.set_codes(edit.codes)
        self._styles.set_mix(edit.mix)
        self.directions.show_edit(edit)
