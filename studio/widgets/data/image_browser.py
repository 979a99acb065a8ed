"""Browser of all images of a dataset: filter, grid, and facts about the image under the pointer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from core.data.health.findings import FindingKind, RowNumbers
from core.language import _, all_of, number, plural
from studio.model.data import Examined, ImageIndex
from studio.model.image_filter import NAMES, ImageFilter, rows_of
from studio.widgets.basic.labels import ElidedLabel, Label, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.data.filter_bar import FilterBar
from studio.widgets.images.virtual_grid import LARGEST, SMALLEST, STEP, VirtualGrid


class ImageBrowser(QWidget):
    """Shows the images that pass the filter, in folder order or shuffled."""

    leave_out_requested = Signal(object, bool)
    """Rows (n,), and whether to leave them out or restore them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index: ImageIndex | None = None
        self._left_out: frozenset[int] = frozenset()
        self._found: Mapping[FindingKind, RowNumbers] = {}
        self._reasons: Mapping[FindingKind, frozenset[int]] = {}
        self._seed: int | None = None
        self._draws = 0
        self._is_training = False
        self.filter_bar = FilterBar()
        self.filter_bar.changed.connect(self._show_rows)
        self.grid = VirtualGrid(self.describe)
        self.grid.hovered.connect(self._show_name)
        self.grid.selection_changed.connect(self._show_selection)
        self.grid.leave_out_requested.connect(self.leave_out_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.filter_bar)
        column.addWidget(self.grid, 1)
        column.addLayout(self._build_bottom())
        self.slider = self._build_slider()
        """Slider for the tile size, placed above the grid."""

    def set_index(self, index: ImageIndex, left_out: frozenset[int]) -> None:
        """Shows a dataset. Another source resets the filter."""
        if self._index is None or index.source != self._index.source:
            self.filter_bar.set_filter(ImageFilter())
        if self._index is None or index.records is not self._index.records:
            self._found, self._reasons = {}, {}
            self.filter_bar.set_findings({})
        self._index, self._left_out = index, left_out
        self.filter_bar.set_classes(index)
        self.grid.set_index(index)
        self.set_left_out(left_out)

    def set_left_out(self, rows: frozenset[int]) -> None:
        """Dims these images."""
        self._left_out = rows
        self.filter_bar.set_left_out(len(rows))
        self.grid.set_left_out(rows)
        self._show_rows()

    def show_findings(self, examined: Examined) -> None:
        """Adds the findings as filters."""
        about = [one for one in examined.report.findings if one.severity != "good" and one.kind in NAMES]
        rows = {one.kind: rows_of(one) for one in about}
        self._found = {kind: each for kind, each in rows.items() if len(each)}
        self._reasons = {one.kind: frozenset(one.excludable.tolist()) for one in about if len(one.excludable)}
        self.filter_bar.set_findings(self._found)
        self._show_rows()

    def set_training(self, training: bool) -> None:
        """Sets whether a training runs, which keeps its images."""
        self._is_training = training

    def describe(self, row: int) -> str:
        """Returns name, class, and why the image is left out."""
        assert self._index is not None
        lines = [self._index.name(row), self._index.class_of(row)]
        if row in self._left_out:
            why = [NAMES[kind] for kind, rows in self._reasons.items() if row in rows]
            lines.append(_("Left out: {reasons}").format(reasons=all_of(why)) if why else _("Left out"))
        return "\n".join(line for line in lines if line)

    def set_shuffled(self, shuffled: bool) -> None:
        """Shows the images in a new random order, or in folder order."""
        self._draws += shuffled
        self._seed = self._draws if shuffled else None
        self._show_rows()

    def is_shuffled(self) -> bool:
        return self._seed is not None

    def _build_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(SMALLEST // STEP, LARGEST // STEP)
        scale_length(slider, slider.setFixedWidth, 110)
        slider.setAccessibleName(_("Image size"))
        slider.setToolTip(_("Image size (Ctrl + wheel)"))
        slider.setValue(self.grid.side() // STEP)
        slider.valueChanged.connect(lambda value: self.grid.set_side(value * STEP))
        self.grid.side_changed.connect(self._show_side)
        return slider

    def _build_bottom(self) -> QHBoxLayout:
        self._name, self._count = ElidedLabel(), Label()
        self._name.setObjectName("muted")
        self._count.setObjectName("muted")
        self._act = QPushButton(_("Leave out"))
        self._act.clicked.connect(self._leave_out_selected)
        row = QHBoxLayout()
        row.addWidget(self._name, 1)
        row.addWidget(self._count)
        row.addWidget(self._act)
        return row

    def _show_side(self, side: int) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(side // STEP)

    def _show_rows(self) -> None:
        if self._index is None:
            return
        rows = self.filter_bar.filter().rows(self._index, self._found, self._left_out, self._seed)
        self.grid.set_empty_text(_("No image matches these filters."))
        self.grid.set_rows(rows)
        self._show_selection()

    def _show_name(self, row: int) -> None:
        self._name.setText(self.describe(row).replace("\n", "   ") if row >= 0 else "")

    def _show_selection(self) -> None:
        assert self._index is not None
        selected = self.grid.selected_rows()
        total, shown = len(self._index), len(self.grid.rows())
        count = plural("{count} image", "{count} images", total)
        if shown < total:
            count = plural("{shown} of {count} image", "{shown} of {count} images", total, shown=number(shown))
        if len(selected):
            count = _("{number} selected, {shown}").format(number=number(len(selected)), shown=count)
        self._count.setText(count)
        takes_back = len(selected) > 0 and self._left_out.issuperset(selected.tolist())
        verb = _("Restore {number}") if takes_back else _("Leave out {number}")
        self._act.setText(verb.format(number=number(len(selected))) if len(selected) else _("Leave out"))
        self._act.setEnabled(len(selected) > 0)
        tip = (
            _("Restore these images (Ctrl+Z undoes)")
            if takes_back
            else _("Leave out these images; files are not changed (Del)")
        )
        if self._is_training:
            tip = _("{tip}. The running training keeps its images.").format(tip=tip)
        self._act.setToolTip(plain_tip(tip))

    def _leave_out_selected(self) -> None:
        selected = self.grid.selected_rows()
        self.leave_out_requested.emit(selected, not self._left_out.issuperset(selected.tolist()))
