"""Panel that stands in place of the Explore workspace for a generator that makes images from images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.language import _, number, sentences
from core.registry import components
from studio.widgets.basic.labels import Glyph, WrappedLabel

if TYPE_CHECKING:
    from studio.model.explore import Translator


class ApplyPanel(QWidget):
    """Panel that tells what the model does, and how to apply it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._title, self._text = WrappedLabel(role="headline"), WrappedLabel(role="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(10)
        column.addStretch()
        column.addWidget(Glyph("image-square", 28, "muted"), 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.addStretch()

    def show_translator(self, translator: Translator) -> None:
        """Shows another generator, or newer weights of the same training."""
        title = _("{title}, step {step}")
        self._title.setText(title.format(title=translator.title, step=number(translator.step)))
        file = translator.path.name if translator.path is not None else "CHECKPOINT"
        command = " ".join(("gan-studio", "apply", file, "IMAGES", "--out", "FOLDER"))
        self._text.setText(
            sentences(
                components("translation.tasks")[translator.settings.task].summary,
                _("This model makes images from images, so there is no latent space to explore."),
                _("Apply it with the command {command}.").format(command=command),
            )
        )
