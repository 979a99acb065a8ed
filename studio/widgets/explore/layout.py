"""Layout of the Explore workspace: pins, stage and timeline, and the controls of the edit, each in its own place."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.widgets.explore.edit_controls import EditControls
from studio.widgets.explore.pin_shelf import PinShelf
from studio.widgets.explore.stage import ExploreStage
from studio.widgets.explore.tool_area import ToolArea

STAGE = 0.6
"""Share of the workspace's height, its header included, that the stage has at least."""
HIGHEST_TOOLS = 230
"""Pixels: what more there is goes to the stage."""


class ExploreLayout(QWidget):
    """Nothing in here moves by itself: the tools are as high as the window says, whichever is in hand."""

    def __init__(self, header: QWidget, parent: QWidget | None = None) -> None:
        """`header`: what stands above, and counts to the workspace's height."""
        super().__init__(parent)
        self._header = header
        self.stage, self.tools, self.shelf, self.controls = ExploreStage(), ToolArea(), PinShelf(), EditControls()
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.stage, 1)
        middle.addWidget(self.tools)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.shelf)
        row.addLayout(middle, 1)
        row.addWidget(self.controls)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        workspace = self.height() + self._header.height()
        below = int(workspace * (1 - STAGE)) - self._header.height()
        self.tools.setFixedHeight(max(min(below, HIGHEST_TOOLS), 40))
