"""Question which part of a dataset to use if it has folders such as train and test."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from core.language import _, all_of
from studio.widgets.basic.labels import WrappedLabel, plain_tip


class SplitQuestion(QFrame):
    """Asks once per dataset."""

    answered = Signal(str)
    """Value of the setting `split`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._asked: set[str] = set()
        self._text = WrappedLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._text, 1)
        for title, split, tip in (
            (_("Use all"), "all", _("Train on the images of all folders")),
            (_("Train only"), "train", _("Train on the images of the train folder only")),
        ):
            button = QPushButton(title)
            button.setToolTip(plain_tip(tip))
            button.clicked.connect(lambda *_checked, split=split: self._answer(split))
            row.addWidget(button)
        self.hide()

    def ask(self, source: str, parts: Sequence[str]) -> None:
        """Asks about a source with these folders, unless it has none or was asked about before."""
        self._source = source
        text = _("Folders: {folders}. Use all images, or train only?")
        self._text.setText(text.format(folders=all_of(parts)) if parts else "")
        self.setVisible(len(parts) > 1 and source not in self._asked)

    def _answer(self, split: str) -> None:
        self._asked.add(self._source)
        self.hide()
        self.answered.emit(split)
