"""Layout of the Explore workspace: pins, stage and timeline, and the edit controls, each in a fixed place."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.language import _
from core.latent.explore_state import DirectionKind, DirectionSets, ExploreState, SavedPins
from studio import theme
from studio.model.explore import ExploreSource
from studio.widgets.basic.scale import follow_scale
from studio.widgets.explore.edit_controls import WIDTH, EditControls
from studio.widgets.explore.header import ExploreHeader
from studio.widgets.explore.pin_shelf import PinShelf
from studio.widgets.explore.stage import ExploreStage
from studio.widgets.explore.tool_area import ToolArea
from studio.widgets.images.tile_view import NO_IMAGES

STAGE = 0.6
"""Smallest share of the stage in the workspace's height, header included."""
NARROWEST = 340
"""Width of the edit controls in a small window, in pixels."""
HIGHEST_TOOLS = 230
"""Largest height of the tools in pixels; the rest goes to the stage."""


class ExploreLayout(QWidget):
    """Layout whose parts never move by themselves: the tools' height depends on the window alone."""

    def __init__(self, header: ExploreHeader, parent: QWidget | None = None) -> None:
        """`header`: widget above, which counts to the workspace's height."""
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
        follow_scale(self, self._share_room)

    def show_source(self, source: ExploreSource | None) -> None:
        """Shows the explored generator, or None."""
        self._header.show_source(source)
        self.shelf.show_source(source)
        if source is None:
            self.stage.clear()
            self.tools.tool.stop()
            self.tools.tool.show_overview(NO_IMAGES)
        else:
            self.controls.set_generator(source.classes, source.conditions, source.style_layers)
            self.controls.directions.set_following(source.path is None)

    def show_state(self, state: ExploreState, directions: DirectionSets) -> None:
        """Shows a state and the found directions."""
        self.tools.show_state(state)
        self._header.show_video(self.tools.tool.is_line)
        self.shelf.show_state(state)
        self._show_names(state.saved, directions)
        self.controls.set_seed(state.a.seed)
        self.controls.show_edit(state.edit)

    def _show_names(self, saved: SavedPins, found: DirectionSets) -> None:
        kinds: tuple[tuple[DirectionKind, str, int], ...] = (
            ("closed", _("Direction {number}"), len(found.closed)),
            ("components", _("Component {number}"), len(found.components)),
        )
        for kind, unnamed, count in kinds:
            names = (saved.name(kind, index) or unnamed.format(number=index + 1) for index in range(count))
            self.controls.directions.set_names(kind, tuple(names))
        self.controls.directions.set_names("own", [direction.name for direction in saved.directions])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        workspace = self.height() + self._header.height()
        below = int(workspace * (1 - STAGE)) - self._header.height()
        self.tools.setFixedHeight(max(min(below, theme.scaled(HIGHEST_TOOLS)), 40))
        self.controls.setFixedWidth(min(max(self.width() // 3, theme.scaled(NARROWEST)), theme.scaled(WIDTH)))
