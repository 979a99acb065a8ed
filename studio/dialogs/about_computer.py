"""Dialog that shows the devices of this computer and problems that limit training."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.devices.device import Trouble
from core.events import Event, Progress
from core.language import _
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.labels import Label, WrappedLabel

SIZE = 760, 560


class AboutComputerDialog(QDialog):
    """Non-modal. The facts arrive from a thread, and again after a test."""

    test_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("About this computer"))
        self._text = ""
        self._troubles, self._said, self._bar = QVBoxLayout(), Label(), QProgressBar(textVisible=False)
        self._test, self._copy = QPushButton(_("Test training")), QPushButton(_("Copy"))
        self._area = QScrollArea(widgetResizable=True)
        self._build()
        self.resize(*SIZE)

    def begin(self) -> None:
        """Shows that facts are being collected."""
        self._bar.setRange(0, 0)
        self._bar.show()
        self._said.show()
        self._test.setEnabled(False)

    def show_progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._said.setText(event.text)

    def show_facts(self, rows: Sequence[tuple[str, str]], troubles: Sequence[Trouble], text: str) -> None:
        """Shows rows of a name and a text, with each problem above them; `text` is what Copy copies."""
        self._text = text
        self._copy.setEnabled(True)
        while (item := self._troubles.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for trouble in troubles:
            banner = Banner()
            banner.show_problem(trouble.what, trouble.advice)
            self._troubles.addWidget(banner)
        page = QWidget()
        grid = QGridLayout(page)
        grid.setColumnStretch(1, 1)
        for number, (name, said) in enumerate(rows):
            title, fact = Label(name), WrappedLabel(said)
            title.setObjectName("muted")
            fact.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(title, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(fact, number, 1, Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(len(rows), 1)
        self._area.setWidget(page)

    def end(self) -> None:
        """Shows that collecting has ended."""
        self._bar.hide()
        self._said.hide()
        self._test.setEnabled(True)

    def _build(self) -> None:
        self._area.setAccessibleName(_("Facts about this computer"))
        self._bar.setAccessibleName(_("Test progress"))
        self._test.setToolTip(_("Trains for ten seconds on each device; slows down a running training meanwhile"))
        self._copy.setToolTip(_("Copy all facts as text, for a bug report"))
        self._copy.setEnabled(False)
        self._test.clicked.connect(self.test_requested)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text))
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self._test)
        foot.addWidget(self._said)
        foot.addWidget(self._bar, 1)
        foot.addStretch()
        foot.addWidget(self._copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addLayout(self._troubles)
        column.addWidget(self._area, 1)
        column.addLayout(foot)
