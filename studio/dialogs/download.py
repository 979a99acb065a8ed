"""Chooses a well-known dataset to download, or to open if it is here already."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.formatting import amount
from studio import theme
from studio.model.data import DownloadRow, Downloads
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.table import Table

COLUMNS = ("Dataset", "Images", "Classes", "Download", "")
NUMBERS = (1, 2, 3)


class DownloadDialog(QDialog):
    """The rows come later, from a thread. Nothing is downloaded before the button is pressed."""

    fetch_requested = Signal(str)
    """The name of a dataset that is to be downloaded; the dialog closes with it."""
    chosen = Signal(str)
    """The source of one that is here; the dialog closes with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Download a dataset")
        self._rows: tuple[DownloadRow, ...] = ()
        self._banner, self._list, self._facts = Banner(), Table("Datasets", COLUMNS, NUMBERS), QLabel()
        self._go = QPushButton("Download")
        self._build()
        self.resize(720, 480)
        self._list.currentItemChanged.connect(lambda *_: self._show_current())
        self._list.doubleClicked.connect(lambda _: self._go.click())
        self._go.clicked.connect(self._accept_current)
        self._show_current()

    def show_stock(self, found: object) -> None:
        """What there is to choose from, once it is known."""
        if not isinstance(found, Downloads):
            return
        self._rows = found.rows
        self._list.set_rows([_item(row) for row in found.rows])
        self._list.setCurrentIndex(self._list.model().index(0, 0))
        self._list.setFocus()

    def show_problem(self, problem: UserError) -> None:
        """Why there is no list."""
        self._banner.show_problem(problem.what, problem.remedy, problem.details)

    def _current(self) -> DownloadRow | None:
        index = self._list.currentIndex()
        return self._rows[index.row()] if index.isValid() else None

    def _accept_current(self) -> None:
        row = self._current()
        if row is None:
            return
        self.accept()
        if row.here:
            self.chosen.emit(row.source)
        else:
            self.fetch_requested.emit(row.name)

    def _show_current(self) -> None:
        row = self._current()
        self._go.setEnabled(row is not None and not row.by_hand)
        if row is None:
            self._facts.setText("Looking for what is here already…")
            return
        self._go.setIcon(theme.icon("folder-open" if row.here else "download-simple", "on_accent"))
        self._go.setText("Open" if row.here else f"Download {amount(row.bytes)}")
        self._facts.setText(row.facts)

    def _build(self) -> None:
        self._facts.setObjectName("muted")
        self._facts.setTextFormat(Qt.TextFormat.PlainText)
        self._facts.setWordWrap(True)
        self._facts.setMinimumHeight(4 * self._facts.fontMetrics().lineSpacing())  # so that nothing jumps
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cancel = QPushButton("Cancel")
        cancel.setToolTip("Download nothing (Esc).")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self._go.setObjectName("primary")
        self._go.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self._go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(self._banner)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._facts)
        layout.addLayout(buttons)


def _item(row: DownloadRow) -> QTreeWidgetItem:
    state = "here" if row.here else "by hand" if row.by_hand else ""
    classes = str(row.classes) if row.classes else "–"
    return QTreeWidgetItem([row.title, f"{row.images:,}", classes, amount(row.bytes), state])
