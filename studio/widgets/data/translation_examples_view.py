"""View of what a translation learns from: the task, and inputs beside their targets."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.language import _
from core.registry import components
from studio.model.data import Examples
from studio.widgets.basic.labels import ElidedLabel, plain_tip
from studio.widgets.data.before_after_view import BeforeAfterView


class TranslationExamplesView(QWidget):
    """A sentence on the task above examples of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_pairs = True
        self._task = ElidedLabel()
        self._task.setObjectName("muted")
        self.pairs = BeforeAfterView(_("Inputs beside targets"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._task)
        column.addWidget(self.pairs, 1)

    def set_task(self, name: str) -> None:
        """Shows what the inputs of a task are."""
        task = components("translation.tasks")[name]
        self._has_pairs = task.facts["PAIRED"]
        self._task.setText(task.summary)
        self._task.setToolTip(plain_tip(task.summary))

    def show_examples(self, examples: Examples) -> None:
        """Shows inputs beside their targets, or why there are none."""
        if examples.pairs:
            self.pairs.show_pairs(examples.pairs, self._has_pairs)
        else:
            self.pairs.show_text(examples.reason)
