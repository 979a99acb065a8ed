"""Header of the Apply panel: the translator, and its newer weights."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from core.config.choices import choice_title
from core.language import _, number
from studio import theme
from studio.model.explore import Translator
from studio.widgets.basic.labels import ElidedLabel, plain_tip
from studio.widgets.train.follow_controls import FollowControls


class ApplyHeader(QWidget):
    """Name, task and step of the translator, and buttons for others. Setters emit nothing."""

    checkpoint_requested = Signal()
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.follow = FollowControls()
        self._caption = ElidedLabel()
        self._caption.setObjectName("title")
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._open = QPushButton(theme.icon("folder-open"), _("Open…"))
        self._open.setAccessibleName(_("Open a checkpoint"))
        self._open.setToolTip(_("Choose another checkpoint to apply."))
        self._open.clicked.connect(self.checkpoint_requested)
        self._export = QPushButton(theme.icon("export"), _("Export model…"))
        self._export.setToolTip(_("Export this model for other programs."))
        self._export.clicked.connect(self.export_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 4)
        row.setSpacing(10)
        row.addWidget(self._caption, 1)
        row.addWidget(self.follow)
        row.addWidget(self._open)
        row.addWidget(self._export)

    def show_translator(self, translator: Translator | None) -> None:
        """Shows which weights are applied, or None."""
        self._open.setVisible(translator is not None)  # without weights it is centered in the panel
        self._export.setEnabled(translator is not None)
        if translator is None:
            self._caption.setText("")
            self._caption.setToolTip("")
            return
        title, task = translator.title, choice_title("task", translator.settings.task)
        if task not in title:  # the first name of a run holds it
            title = f"{title} · {task}"
        text = _("{title} · step {step} · averaged weights").format(title=title, step=number(translator.step))
        self._caption.setText(text)
        self._caption.setToolTip(plain_tip(str(translator.path) if translator.path else text))

    def text(self) -> str:
        """Returns the shown name, task and step."""
        return self._caption.text()
