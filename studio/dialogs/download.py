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

from core.amount import amount
from core.data.catalogue import Download
from core.errors import Problem
from core.events import Event
from studio import theme
from studio.stock import Downloads
from studio.widgets.banner import Banner
from studio.widgets.table import Table

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
        self._found: Downloads | None = None
        self._banner, self._list, self._facts = Banner(), Table("Datasets", COLUMNS, NUMBERS), QLabel()
        self._go = QPushButton("Download")
        self._build()
        self.resize(720, 480)
        self._list.currentItemChanged.connect(lambda *_: self._show_current())
        self._list.doubleClicked.connect(lambda _: self._go.click())
        self._go.clicked.connect(self._accept_current)
        self._show_current()

    def show_stock(self, found: Event) -> None:
        """What there is to choose from, once it is known."""
        if not isinstance(found, Downloads):
            return
        self._found = found
        self._list.set_rows([_item(each, each.name in found.here) for each in found.known])
        self._list.setCurrentIndex(self._list.model().index(0, 0))
        self._list.setFocus()

    def show_problem(self, problem: Problem) -> None:
        """Why there is no list."""
        self._banner.show_problem(problem.what, problem.remedy, problem.details)

    def _current(self) -> Download | None:
        index = self._list.currentIndex()
        return self._found.known[index.row()] if self._found and index.isValid() else None

    def _accept_current(self) -> None:
        download = self._current()
        if download is None or self._found is None:
            return
        self.accept()
        if download.name in self._found.here:
            self.chosen.emit(download.source)
        else:
            self.fetch_requested.emit(download.name)

    def _show_current(self) -> None:
        download = self._current()
        here = download is not None and self._found is not None and download.name in self._found.here
        by_hand = download is not None and download.by_hand and not here
        self._go.setEnabled(download is not None and not by_hand)
        self._go.setIcon(theme.icon("folder-open" if here else "download-simple", "on_accent"))
        if download is None or self._found is None:
            self._facts.setText("Looking for what is here already…")
            return
        self._go.setText("Open" if here else f"Download {amount(download.bytes)}")
        text = f"{download.title}. {download.licence}. {download.page}"
        if by_hand:
            how = download.by_yourself(self._found.folder)
            text = f"{text}\nA program may not download it: {how}."
        else:
            text = f"{text}\n{'It is' if here else 'It comes to'} {download.folder(self._found.folder)}"
        self._facts.setText(text)

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


def _item(download: Download, here: bool) -> QTreeWidgetItem:
    state = "here" if here else "by hand" if download.by_hand else ""
    classes = str(download.classes) if download.classes else "–"
    return QTreeWidgetItem([download.title, f"{download.images:,}", classes, amount(download.bytes), state])
