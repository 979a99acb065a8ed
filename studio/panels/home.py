"""Panel of the Home workspace: a drop target, and runs and datasets to go on with."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.widgets.home.drop_area import DropArea


class HomePanel(QWidget):
    """The first page of the window, and the only one that is built before its first paint."""

    opened = Signal(str)
    """A path, `sample:NAME` or `toy:NAME` was chosen."""
    open_folder_requested = Signal()
    open_file_requested = Signal()
    download_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drop_area = DropArea()
        self.drop_area.chosen.connect(self.opened)
        self.drop_area.open_folder_requested.connect(self.open_folder_requested)
        self.drop_area.open_file_requested.connect(self.open_file_requested)
        self.drop_area.download_requested.connect(self.download_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self.drop_area)
