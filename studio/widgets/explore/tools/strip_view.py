"""Base class of tools with small images along a line and a scrubber."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import ExploreState
from core.latent.request import Position, number_of
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.tool import ToolView


class StripView(ToolView):
    """A strip of small images, and below it a slider; the tool's other controls are in `grid`."""

    def __init__(
        self, tiles: tuple[float, ...], strip: PathStrip, scrubber: Scrubber, parent: QWidget | None = None
    ) -> None:
        """`tiles`: the positions of the small images."""
        super().__init__(parent)
        self._tiles = tiles
        self.strip, self.scrubber = strip, scrubber
        self.strip.set_positions(tiles)
        self.strip.position_chosen.connect(self.move_to)
        self.strip.save_requested.connect(self.save_requested)
        self.scrubber.moved.connect(self.move_to)
        self.grid = QGridLayout()
        self.grid.setContentsMargins(12, 0, 12, 0)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.strip, 1)
        column.addLayout(self.grid)

    def positions(self, state: ExploreState) -> tuple[Position, ...]:
        return self._tiles

    def show_overview(self, images: Images) -> None:
        self.strip.set_images(images)
        self.show_position()

    def selected_positions(self) -> tuple[Position, ...]:
        return self.strip.selected_positions()

    def toggle(self) -> None:
        self.scrubber.toggle()

    def stop(self) -> None:
        self.scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self.scrubber.set_waiting(waiting)

    def show_position(self) -> None:
        position = number_of(self.position(self.state))
        self.scrubber.set_position(position)
        self.strip.mark(position)
