"""Dialog that adds the open images to the queue once for each of several presets and seeds."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.generator_inputs import parse_seeds
from core.language import _, plural
from studio.dialogs.queue.button_row import ButtonRow
from studio.widgets.basic.labels import Label, WrappedLabel, plain_tip

MOST = 200
"""Largest number of trainings that are added at once."""


class AddWithDialog(QDialog):
    """Asks for presets and seeds. `presets`: titles by name."""

    def __init__(
        self, dataset: str, presets: Mapping[str, str], current: str, seed: int, parent: QWidget | None = None
    ) -> None:
        """`current`: name of the preset that the form shows, `seed`: its seed."""
        super().__init__(parent)
        self.setWindowTitle(_("Add to queue"))
        self._presets = QListWidget()
        self._presets.setAccessibleName(_("Presets"))
        for name, title in presets.items():
            item = QListWidgetItem(title, self._presets)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if name == current else Qt.CheckState.Unchecked)
        self._seeds = QLineEdit(str(seed))
        self._seeds.setAccessibleName(_("Seeds"))
        self._seeds.setToolTip(plain_tip(_("Seeds and ranges of seeds, such as 0,1,4-6.")))
        self._text = WrappedLabel(role="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(WrappedLabel(_("Train on {name} with each preset and each seed:").format(name=dataset)))
        column.addWidget(Label(_("Presets")))
        column.addWidget(self._presets, 1)
        column.addWidget(Label(_("Seeds")))
        column.addWidget(self._seeds)
        column.addWidget(self._text)
        buttons = ButtonRow(self, _("Add"))
        self._add = buttons.accepting
        column.addLayout(buttons)
        self._presets.itemChanged.connect(self._show_count)
        self._seeds.textChanged.connect(self._show_count)
        self._show_count()
        self.resize(420, 460)

    def presets(self) -> list[str]:
        """Returns the names of the chosen presets."""
        items = [self._presets.item(row) for row in range(self._presets.count())]
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() is Qt.CheckState.Checked]

    def seeds(self) -> list[int]:
        """Returns the seeds. Raises `UserError` if they cannot be read."""
        return list(parse_seeds(self._seeds.text()))

    def _show_count(self, *_arguments: object) -> None:
        try:
            count = len(self.presets()) * len(self.seeds())
            text = plural("{count} training will be added.", "{count} trainings will be added.", count)
            if count > MOST:
                text = _("At most {count} trainings can be added at once.").format(count=MOST)
        except UserError as problem:
            count, text = 0, str(problem)
        self._text.setText(text)
        self._add.setEnabled(0 < count <= MOST)
