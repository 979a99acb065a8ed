"""Widget that chooses a run by its preview and name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from core.language import _, number
from studio import theme
from studio.model.train import CheckpointRow
from studio.widgets.basic.ask_folder import ask_folder
from studio.widgets.basic.labels import ElidedComboBox, Label, plain_tip
from studio.widgets.images.tile_layout import thumbnail

THUMBNAIL = 40
FOLDER = Qt.ItemDataRole.UserRole


class RunPicker(QWidget):
    """List of the found runs, with a button to browse for others."""

    chosen = Signal(object)
    """Path of a run folder."""

    def __init__(self, side: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._box = ElidedComboBox()
        self._box.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        title = _("Run {side}").format(side=side)
        self._box.setPlaceholderText(_("Choose a run"))
        self._box.setAccessibleName(title)
        self._box.setToolTip(_("Choose a run; newest first."))
        self._box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._box.setStyleSheet(  # or previews are cut; the border is wider with the focus
            f"QComboBox {{ min-height: {THUMBNAIL + 2}px; }} QComboBox:focus {{ min-height: {THUMBNAIL}px; }}"
        )
        self._box.activated.connect(lambda index: self.chosen.emit(self._box.itemData(index, FOLDER)))
        name = Label(title)
        name.setBuddy(self._box)
        browse = QToolButton()
        browse.setIcon(theme.icon("folder-open"))
        browse.setAccessibleName(_("Browse for run {side}").format(side=side))
        browse.setToolTip(_("Choose another run folder."))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(name)
        row.addWidget(self._box, 1)
        row.addWidget(browse)

    def set_rows(self, rows: Sequence[CheckpointRow]) -> None:
        """Lists the available runs and keeps the chosen one."""
        chosen = self.folder()
        with QSignalBlocker(self._box):
            self._box.clear()
            for row in rows:
                text = _("{run}  ·  {preset}, {size}, step {step}").format(
                    run=row.run, preset=row.preset, size=row.size, step=number(row.step)
                )
                self._box.addItem(thumbnail(row.preview, THUMBNAIL), text, row.run_folder)
                self._box.setItemData(
                    self._box.count() - 1, plain_tip(str(row.run_folder)), Qt.ItemDataRole.ToolTipRole
                )
            self._box.setCurrentIndex(-1)
        if chosen is not None:
            self.set_folder(chosen)

    def set_folder(self, folder: Path) -> None:
        """Shows a run as chosen; emits nothing."""
        folders = [self._box.itemData(index, FOLDER) for index in range(self._box.count())]
        with QSignalBlocker(self._box):
            if folder not in folders:
                self._box.addItem(folder.name, folder)
                folders.append(folder)
            self._box.setCurrentIndex(folders.index(folder))

    def folder(self) -> Path | None:
        """Returns the chosen run."""
        found = self._box.currentData(FOLDER)
        return found if isinstance(found, Path) else None

    def folders(self) -> list[Path]:
        """Returns every run of the list."""
        return [self._box.itemData(index, FOLDER) for index in range(self._box.count())]

    def _browse(self) -> None:
        ask_folder(self, _("Choose the folder of run {side}").format(side=self._side), self._choose)

    def _choose(self, folder: str) -> None:
        self.set_folder(Path(folder))
        self.chosen.emit(Path(folder))
