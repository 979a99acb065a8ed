"""Curves of two compared runs: choice of number and axis, and why some cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.formatting import time_text
from core.language import _, in_context, number, plural
from core.learn import topics
from core.runs.overview import Overview
from core.stats import keys
from core.stats.curves import Curve
from core.stats.keys import meaning
from studio import theme
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Glyph, Label, wrapped_tip
from studio.widgets.plots.overlay_plot import SIDES, OverlayPlot, PlottedCurve

AXES = ((_("Steps"), "steps"), (_("Images seen"), "images"), (_("Training time"), "seconds"))
MINUTES_FROM = 600
"""Duration in seconds from which an axis shows minutes."""
KEY = Qt.ItemDataRole.UserRole


def place_text(axis: str, place: float) -> str:
    """Returns a place on an axis, "steps", "images" or "seconds", as text: "step 2,511"."""
    match axis:
        case "seconds":
            return time_text(place)
        case "images":
            return plural("{count} image seen", "{count} images seen", round(place))
    return _("step {step}").format(step=number(place))


class ComparedCurves(QWidget):
    """List of numbers on the left, curves of the chosen one on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, Overview] = {}
        self._list = QTreeWidget()
        self._list.setHeaderHidden(True)
        self._list.setAccessibleName(_("Numbers"))
        self._list.setToolTip(_("Choose the number to plot."))
        self._list.currentItemChanged.connect(lambda *_items: self._show())
        self._axis = QComboBox()
        self._axis.setAccessibleName(_("Compare over"))
        self._axis.setToolTip(_("Axis on which the runs are aligned."))
        for title, name in AXES:
            self._axis.addItem(title, name)
        self._axis.currentIndexChanged.connect(lambda _index: self._show())
        self._log = QCheckBox(in_context("scale", "Log"))
        self._log.setAccessibleName(_("Logarithmic scale"))
        self._log.setToolTip(_("Logarithmic scale; omits values of zero and below."))
        self._help = HelpButton("features")
        self.plot = OverlayPlot()
        self._log.toggled.connect(self.plot.set_log)
        self._sign = Glyph("info", 18, "accent")
        self._note = Label(wordWrap=True)
        self._empty = Label(_("Choose two runs above to compare their curves."))
        self._pages = QStackedLayout(self)
        self._build()

    def show_runs(self, runs: Mapping[str, Overview]) -> None:
        """Sets the runs by side; keeps the chosen number if one of them has it."""
        self._runs = dict(runs)
        self.plot.set_names({side: runs[side].name if side in runs else "" for side in SIDES})
        self._fill(self.key())
        self._show()
        self._pages.setCurrentIndex(1 if self._runs else 0)

    def key(self) -> str:
        """Returns the key of the shown number; empty for none."""
        item = self._list.currentItem()
        return str(item.data(0, KEY) or "") if item else ""

    def choose(self, key: str) -> None:
        """Shows another number, if a run has it."""
        for item in self._items():
            if item.data(0, KEY) == key:
                self._list.setCurrentItem(item)

    def keys(self) -> list[str]:
        """Returns the keys of all available numbers, in order."""
        return [item.data(0, KEY) for item in self._items()]

    def note(self) -> str:
        """Returns the note on the choice; empty when both curves are drawn."""
        return self._note.text()

    def _items(self) -> list[QTreeWidgetItem]:
        groups = [self._list.topLevelItem(index) for index in range(self._list.topLevelItemCount())]
        found = (group.child(index) for group in groups if group for index in range(group.childCount()))
        return [item for item in found if item]

    def _fill(self, chosen: str) -> None:
        found = list(dict.fromkeys(key for run in self._runs.values() for key in run.curves))
        self._list.blockSignals(True)
        self._list.clear()
        for group, title in keys.GROUPS.items():
            parent = QTreeWidgetItem([title])
            parent.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for key in found:
                if keys.group(key) == group:
                    parent.addChild(self._item(key))
            if parent.childCount():
                self._list.addTopLevelItem(parent)
                parent.setExpanded(True)
        items = {item.data(0, KEY): item for item in self._items()}
        if items:
            self._list.setCurrentItem(items.get(chosen) or next(iter(items.values())))
        self._list.blockSignals(False)

    def _item(self, key: str) -> QTreeWidgetItem:
        measured = keys.measured(key)
        how = keys.protocol_text(measured[1]) if measured else ""
        item = QTreeWidgetItem([f"{keys.label(key)} ({how})" if how else keys.label(key)])
        item.setData(0, KEY, key)
        item.setToolTip(0, wrapped_tip(item.text(0), meaning(key), key))
        missing = [side for side in SIDES if side in self._runs and key not in self._runs[side].curves]
        if missing:
            item.setForeground(0, self.palette().placeholderText())
        return item

    def _show(self) -> None:
        key, axis = self.key(), self._axis.currentData()
        curves = {side: run.curves[key] for side, run in self._runs.items() if key in run.curves}
        longest = max((float(curve.seconds[-1]) for curve in curves.values()), default=0.0)
        size = 60.0 if axis == "seconds" and longest >= MINUTES_FROM else 1.0
        plotted = {side: PlottedCurve(getattr(curve, axis) / size, curve) for side, curve in curves.items()}
        unit = {"steps": _("step"), "images": _("images seen"), "seconds": _("minutes") if size > 1 else _("seconds")}[
            axis
        ]

        self.plot.show_pair(plotted, unit, lambda x: place_text(axis, x * size))
        term = topics.of_number(key)
        self._help.setVisible(term is not None)
        if term:
            self._help.explain(term)
        self._show_note(key, curves)

    def _show_note(self, key: str, curves: Mapping[str, Curve]) -> None:
        lacking = [side for side in self._runs if side not in curves]
        text = _explained(key, lacking[0], self._runs[lacking[0]]) if key and lacking else ""
        self._note.setText(text)
        self._note.setVisible(bool(text))
        self._sign.setVisible(bool(text))

    def _build(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 0, 8, 0)
        tools.addStretch(1)
        name = Label(_("Compare over"))
        name.setBuddy(self._axis)
        reset = QToolButton(autoRaise=True)
        reset.setIcon(theme.icon("arrows-out"))
        reset.setAccessibleName(_("Reset view"))
        reset.setToolTip(_("Show all steps again."))
        reset.clicked.connect(self.plot.reset_view)
        for widget in (self._help, name, self._axis, self._log, reset):
            tools.addWidget(widget)
        said = QHBoxLayout()
        said.setContentsMargins(8, 0, 8, 0)
        said.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self._note, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(tools)
        column.addLayout(said)
        column.addWidget(self.plot, 1)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self._list)
        parts.addWidget(right)
        parts.setStretchFactor(1, 1)
        parts.setSizes([280, 720])
        parts.setChildrenCollapsible(False)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        parts.setContentsMargins(0, 8, 0, 0)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(parts)


def _explained(key: str, side: str, run: Overview) -> str:
    """Returns why a side has no curve."""
    measured = keys.measured(key)
    others = [
        found[1] for other in run.curves if (found := keys.measured(other)) and measured and found[0] == measured[0]
    ]
    if not others:
        return _("Run {side} has no values of this number.").format(side=side)
    return _(
        "Run {side} measured {number} differently: {protocols}. The values are not comparable. Evaluate both runs with"
        " the same settings."
    ).format(
        side=side,
        number=keys.label(key),
        protocols=in_context("between reasons", "; ").join(map(keys.protocol_text, others)),
    )
