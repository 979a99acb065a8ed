"""Dialog that shows where a run keeps its log, and the end of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from core.data.names import printable
from studio.widgets.basic.labels import WrappedLabel


class LogDialog(QDialog):
    """Not modal. The text comes later, from a thread."""

    def __init__(self, file: Path | None, runs: Path, parent: QWidget | None = None) -> None:
        """`file`: the log of the run that is open, if one is; `runs`: the folder of all runs."""
        super().__init__(parent)
        self.setWindowTitle("Log")
        self._folder = file.parent if file else runs
        if file:
            said = f"The log of this run is {printable(str(file))}"
        else:
            said = f"No run is open. Each run keeps a log.txt in its folder below {printable(str(runs))}"
        place = WrappedLabel(said)
        self._text = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setAccessibleName("The end of the log")
        self._text.setPlaceholderText("The log is empty.")
        show, copy, close = QPushButton("Open folder"), QPushButton("Copy"), QPushButton("Close")
        show.setToolTip("Show the folder in the system's file manager")
        copy.setToolTip("Copy the text, for a report")
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder))))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(show)
        foot.addStretch()
        foot.addWidget(copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(place)
        column.addWidget(self._text, 1)
        column.addLayout(foot)
        self.resize(760, 480)

    def show_text(self, text: str) -> None:
        """The end of the log."""
        self._text.setPlainText(text)
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def text(self) -> str:
        """The text that is shown."""
        return self._text.toPlainText()
