"""What the tools share whose way is a line of given places: small images along it, and a slider that plays."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import ExploreState
from core.latent.request import Position
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools import ToolView


class StripView(ToolView):
    """The controls under the strip are the tool's own, in `grid`."""

    def __init__(
        self,
        field: str,
        tiles: tuple[float, ...],
        strip: PathStrip,
        scrubber: Scrubber,
        parent: QWidget | None = None,
    ) -> None:
        """`field`: the `ExploreState`'s that holds the place; `tiles`: where the small images are."""
        super().__init__(parent)
        self._field, self._tiles = field, tiles
        self.strip, self.scrubber = strip, scrubber
        self.strip.set_places(tiles)
        self.strip.place_chosen.connect(self.go_to)
        self.strip.save_requested.connect(self.save_requested)
        self.scrubber.moved.connect(self.go_to)
        self.grid = QGridLayout()
        self.grid.setContentsMargins(12, 0, 12, 0)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.strip, 1)
        column.addLayout(self.grid)

    def show_lab(self, lab: ExploreState) -> None:
        super().show_lab(lab)
        self._show_place()

    def places(self, lab: ExploreState) -> tuple[Position, ...]:
        return self._tiles

    def show_overview(self, images: Images) -> None:
        self.strip.set_images(images)
        self._show_place()

    def selected_places(self) -> tuple[Position, ...]:
        return self.strip.selected_places()

    def toggle(self) -> None:
        self.scrubber.toggle()

    def stop(self) -> None:
        self.scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self.scrubber.set_waiting(waiting)

    def go_to(self, place: float) -> None:
        """By hand, or by playing."""
        if place != getattr(self.lab, self._field):
            self.change("place", **{self._field: place})
            self._show_place()

    def _show_place(self) -> None:
        place: float = getattr(self.lab, self._field)
        self.scrubber.set_place(place)
        self.strip.mark(place)
