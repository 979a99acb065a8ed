"""Table of the settings of two compared runs."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHeaderView, QStackedLayout, QTreeWidgetItem, QVBoxLayout, QWidget

from core.language import _
from core.presets.settings_diff import rows
from core.runs.overview import Overview
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.basic.table import Table

NAMES = 190
"""Width of the column with the settings' names."""


class ComparedSettings(QWidget):
    """Table of the settings that differ, or of all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, Overview] = {}
        self._all = QCheckBox(_("Show all settings"))
        self._all.setToolTip(_("Also show settings that are the same in both runs."))
        self._all.toggled.connect(lambda _checked: self._show())
        titles = (_("Setting"), _("Description"), _("Run {side}").format(side="A"), _("Run {side}").format(side="B"))
        self.table = Table(_("Settings of both runs"), titles, (2, 3))
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(0, NAMES)
        self.table.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self._empty = Label(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._empty.setObjectName("muted")
        self._pages = QStackedLayout()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(self._pages, 1)
        layout.addWidget(self._all)
        self._show()

    def show_runs(self, runs: Mapping[str, Overview]) -> None:
        """Sets the runs by side."""
        self._runs = dict(runs)
        self._show()

    def _show(self) -> None:
        a, b = self._runs.get("A"), self._runs.get("B")
        items = []
        if a and b:
            everything = self._all.isChecked()
            facts = [("dataset", a.dataset, b.dataset, _("The training images."))]
            facts += [(row.name, row.one, row.other, row.help) for row in rows(a.settings, b.settings)]
            items = [_item(*fact) for fact in facts if everything or fact[1] != fact[2]]
        both = _("Both runs have the same settings.")
        self._empty.setText(both if a and b else _("Choose two runs above to compare their settings."))
        self.table.set_rows(items)
        self._pages.setCurrentIndex(0 if items else 1)


def _item(name: str, one: str, other: str, help: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([name, help, one, other])
    for column in range(item.columnCount()):
        item.setToolTip(column, plain_tip(item.text(column)))  # where the text is elided
    if one != other:
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
    return item
