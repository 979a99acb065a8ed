"""Dialog that shows a text file, and where it is kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from core.language import _
from studio.widgets.basic.labels import WrappedLabel


class TextFileDialog(QDialog):
    """Non-modal dialog for a text that is read in a thread."""

    def __init__(self, title: str, said: str, folder: Path, parent: QWidget | None = None) -> None:
        """`said`: sentence above the text; `folder`: shown by `Open folder`."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self._text = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setAccessibleName(title)
        show, copy, close = QPushButton(_("Open folder")), QPushButton(_("Copy")), QPushButton(_("Close"))
        show.setToolTip(_("Show the folder in the file manager"))
        copy.setToolTip(_("Copy the text, for a bug report"))
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
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
        column.addWidget(WrappedLabel(said))
        column.addWidget(self._text, 1)
        column.addLayout(foot)
        self.resize(760, 480)

    def set_placeholder(self, text: str) -> None:
        """Sets the text shown while there is none."""
        self._text.setPlaceholderText(text)

    def show_text(self, text: str, at_end: bool = True) -> None:
        """Shows the text, from its end or from its beginning."""
        self._text.setPlainText(text)
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.maximum() if at_end else 0)

    def text(self) -> str:
        """Returns the shown text."""
        return self._text.toPlainText()
