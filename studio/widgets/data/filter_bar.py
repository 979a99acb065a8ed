"""Bar of filter chips for the images of a dataset."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from core.data.health.findings import FindingKind, RowNumbers
from core.language import _, number
from studio.model.data import ImageIndex
from studio.model.image_filter import NAMES, ImageFilter
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import literal, plain_tip
from studio.widgets.data.class_picker import LONGEST, ClassPicker

MOST_CLASSES = 6
"""With more classes, a searchable list replaces their chips."""


class FilterBar(QWidget):
    """Filter chips, combined by AND; several classes are combined by OR."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: dict[str, QToolButton] = {}
        self._counts: dict[str, int] = {}
        self._findings: dict[FindingKind, QToolButton] = {}
        self._picker = ClassPicker()
        self._picker.changed.connect(self.changed)
        # On a page of its own: a layout with height for width would request the height of all chips in one column as
        # its minimum.
        self._page = QWidget(self)
        self._flow = FlowLayout(self._page, spacing=6)
        self._page.installEventFilter(self)
        self._picker.setParent(self._page)
        self._picker.hide()
        self._left_out = self._chip(_("Show only images left out"))
        self._left_out.hide()
        self._arrange()

    def filter(self) -> ImageFilter:
        """Returns the filter set by the chips."""
        classes = frozenset(name for name, chip in self._classes.items() if chip.isChecked())
        findings = frozenset(kind for kind, chip in self._findings.items() if chip.isChecked())
        return ImageFilter(classes or self._picker.chosen(), findings, self._left_out.isChecked())

    def set_filter(self, chosen: ImageFilter) -> None:
        """Sets the chips to a filter."""
        before = self.filter()
        for name, chip in self._classes.items():
            chip.setChecked(name in chosen.classes)
        for kind, chip in self._findings.items():
            chip.setChecked(kind in chosen.findings)
        self._picker.choose(chosen.classes)
        self._left_out.setChecked(chosen.left_out)
        if self.filter() != before:
            self.changed.emit()

    def set_classes(self, index: ImageIndex) -> None:
        """Sets the classes of a dataset; keeps the chosen ones."""
        counts = np.zeros(0, np.int64)
        if index.labels is not None:
            counts = np.bincount(index.labels, minlength=len(index.classes))
        classes = dict(zip(index.classes, counts.tolist(), strict=False))
        if classes == self._counts:
            return
        self._counts = classes
        few = classes if len(classes) <= MOST_CLASSES else {}
        chosen = {name for name, chip in self._classes.items() if chip.isChecked()}
        self._remove(self._classes)
        for name, count in few.items():
            chip = self._classes[name] = self._chip(_("Show only images of class {name}").format(name=name))
            chip.setText(literal(f"{name[:LONGEST]} {number(count)}"))
            chip.setChecked(name in chosen)
        self._picker.set_classes({} if few else classes)
        self._picker.setVisible(len(classes) > MOST_CLASSES)
        self._arrange()

    def set_findings(self, found: Mapping[FindingKind, RowNumbers]) -> None:
        """Sets the findings and their rows; keeps the chosen ones."""
        texts = {kind: f"{NAMES[kind][0].upper()}{NAMES[kind][1:]} {number(len(rows))}" for kind, rows in found.items()}
        if {kind: chip.text() for kind, chip in self._findings.items()} == texts:
            return
        chosen = {kind for kind, chip in self._findings.items() if chip.isChecked()}
        self._remove(self._findings)
        for kind, text in texts.items():
            tip = _("Show only images with this finding: {finding}").format(finding=NAMES[kind])
            chip = self._findings[kind] = self._chip(tip)
            chip.setText(text)
            chip.setChecked(kind in chosen)
        self._arrange()

    def set_left_out(self, count: int) -> None:
        """Shows how many images are left out."""
        self._left_out.setText(_("Left out {number}").format(number=number(count)))
        self._left_out.setVisible(count > 0)
        if not count:
            self._left_out.setChecked(False)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # a chip has grown with the font
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())

    def _chip(self, tip: str) -> QToolButton:
        chip = QToolButton(self._page)
        chip.setCheckable(True)
        chip.setToolTip(plain_tip(tip))
        chip.setAccessibleName(tip)
        chip.clicked.connect(self.changed)
        chip.show()  # or it would count as hidden, and take no room, until the event loop runs
        return chip

    def _remove(self, chips: dict[FindingKind, QToolButton] | dict[str, QToolButton]) -> None:
        for chip in chips.values():
            chip.hide()
            chip.deleteLater()
        chips.clear()

    def _arrange(self) -> None:
        while self._flow.takeAt(0) is not None:
            pass
        for chip in (*self._classes.values(), self._picker, *self._findings.values(), self._left_out):
            if not chip.isHidden():
                self._flow.addWidget(chip)
        self._fit()

    def _fit(self) -> None:
        """Sets the height to the lines that the chips need at this width."""
        self._flow.invalidate()
        height = self._flow.heightForWidth(self.width())
        self._page.resize(self.width(), height)
        self._flow.setGeometry(self._page.rect())
        self.setFixedHeight(height)
