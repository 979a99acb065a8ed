"""Choice of the images to export: those on screen or seeds, with diversity, directions and classes."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.export.selection import RequestSelection, SeedSelection, Selection
from core.generator_inputs import LARGEST_SEED, MOST_SEEDS, parse_seeds
from core.language import _
from core.latent.request import Point
from studio.model.export import Exportable
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import SeedBox, indent_spin_box

FEW = 64
"""Suggested number of images: a screenful."""
Texts = tuple[QWidget, str, str]
"""Widget, its accessible name (empty if its own text is the name), and its tool tip."""


class ImageChoice(QWidget):
    """The images on screen, listed seeds, or consecutive ones; other seeds take over the settings of `what.like`."""

    changed = Signal()

    def __init__(self, what: Exportable) -> None:
        super().__init__()
        self._what = what
        self._use_selected = QRadioButton(what.title)
        self._use_list = QRadioButton(_("Listed seeds"))
        self._use_range = QRadioButton(_("Consecutive seeds"))
        self._seeds = QLineEdit(f"0-{FEW - 1}")
        self._first = SeedBox(what.like.seed)
        self._count = QSpinBox()
        self._each_class = QCheckBox(_("Per class"))
        self._psi = SliderRow(
            _("Diversity ψ"),
            0.0,
            2.0,
            1.0,
            help=_("Truncation ψ: below 1 closer to the typical image, above 1 more varied."),
        )
        self._psi.set_value(what.like.psi)
        self._edits = QCheckBox(_("Apply directions"))
        self._set_up()
        self._describe()
        self._build()
        self._connect()
        (self._use_selected if what.count else self._use_list).setChecked(True)
        self._update()

    def selection(self) -> Selection | None:
        """Returns the images to export; None for those on screen. Raises `UserError` while it is invalid."""
        if self._use_selected.isChecked():
            shown = self._what.shown
            return RequestSelection(shown, "image") if shown else None
        seeds = parse_seeds(self._seeds.text()) if self._use_list.isChecked() else self._consecutive()
        taken = self._what.like
        offset = taken.offset if self._edits.isChecked() else ()
        like = Point(psi=self._psi.value(), offset=offset, classes=taken.classes, codes=taken.codes, mix=taken.mix)
        return SeedSelection.of(seeds, like, self._what.classes if self._each_class.isChecked() else ())

    def _consecutive(self) -> tuple[int, ...]:
        first, count = self._first.value(), self._count.value()
        if first + count - 1 > LARGEST_SEED:
            raise UserError(
                _("The last seed would be too large."), _("Seeds go from 0 to {largest}.").format(largest=LARGEST_SEED)
            )
        return tuple(range(first, first + count))

    def is_rendered(self) -> bool:
        """Returns whether the generator makes the images, which may then be enlarged by a model."""
        return not self._use_selected.isChecked() or self._what.shown is not None

    def _update(self) -> None:
        others = not self._use_selected.isChecked()
        self._seeds.setEnabled(self._use_list.isChecked())
        for widget in (self._first, self._count):
            widget.setEnabled(self._use_range.isChecked())
        self._psi.setEnabled(others)
        self._each_class.setEnabled(others)
        self._edits.setEnabled(bool(self._what.like.offset) and others)
        self.changed.emit()

    # Building

    def _set_up(self) -> None:
        group = QButtonGroup(self)
        for button in (self._use_selected, self._use_list, self._use_range):
            group.addButton(button)
        self._use_selected.setVisible(self._what.count > 0)
        self._each_class.setVisible(len(self._what.classes) > 1)
        indent_spin_box(self._count)
        self._count.setRange(1, MOST_SEEDS)
        self._count.setValue(FEW)
        self._count.setSuffix(_(" images"))
        self._edits.setChecked(bool(self._what.like.offset))

    def _describe(self) -> None:
        edits = _("Apply the directions as set by the sliders.") if self._what.like.offset else _NO_EDITS
        texts: tuple[Texts, ...] = (
            (self._use_selected, "", _("Export the images selected on screen.")),
            (self._use_list, "", _("Export one image for each seed in a list.")),
            (self._use_range, "", _("Export one image for each of consecutive seeds.")),
            (self._seeds, _("Seeds"), _("Seeds and ranges of seeds, such as 0,1,4-6.")),
            (self._first, _("First seed"), _("The first of the consecutive seeds.")),
            (self._count, _("Number of images"), _("Number of images, one for each seed.")),
            (self._each_class, "", _("Export these seeds once for each class.")),
            (self._edits, "", edits),
        )
        for widget, name, tip in texts:
            widget.setToolTip(plain_tip(tip))
            if name:
                widget.setAccessibleName(name)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(self._sources())
        layout.addWidget(self._each_class)
        layout.addWidget(self._psi)
        layout.addWidget(self._edits)

    def _sources(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._use_selected, 0, 0, 1, 3)
        grid.addWidget(self._use_list, 1, 0)
        grid.addWidget(self._seeds, 1, 1, 1, 2)
        grid.addWidget(self._use_range, 2, 0)
        grid.addWidget(self._first, 2, 1)
        grid.addWidget(self._count, 2, 2)
        return grid

    def _connect(self) -> None:
        for button in (self._use_selected, self._use_list, self._use_range, self._edits, self._each_class):
            button.toggled.connect(self._update)
        self._seeds.textChanged.connect(self._update)
        for number in (self._first, self._count, self._psi):
            number.valueChanged.connect(self._update)


_NO_EDITS = _("All directions are at 0.")
