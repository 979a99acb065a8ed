"""Sample grids of the best trials side by side."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.errors import UserError
from core.events import Images
from core.language import _, number
from core.search.trial import Trial
from studio.model.search.listing import KID, SearchListing
from studio.widgets.basic.labels import ElidedLabel
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_view import NO_IMAGES

MOST = 3
"""Trials that are shown."""


class BestSamples(QWidget):
    """Samples of the trials with the smallest KID. Requests them while it is on screen."""

    requested = Signal(int, object)
    """Place from the left, and the `Path` of a grid to read; answered by `show_grid`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted: list[Trial] = []
        self._asked: dict[int, Trial] = {}
        self._is_visible = False
        self.grids = [ImageGrid(generated=True) for _place in range(MOST)]
        self._names = [ElidedLabel() for _place in range(MOST)]
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(12)
        for place, (grid, name) in enumerate(zip(self.grids, self._names, strict=True)):
            grid.setAccessibleName(_("Samples of place {number}").format(number=number(place + 1)))
            grid.set_empty_text(_("No samples yet."))
            column = QVBoxLayout()
            column.addWidget(name)
            column.addWidget(grid, 1)
            row.addLayout(column, 1)

    def set_visible(self, visible: bool) -> None:
        """Requests samples from now on, or does not."""
        self._is_visible = visible
        self._ask()

    def show_listing(self, listing: SearchListing) -> None:
        """Shows the best trials of a search."""
        self._wanted = [row for row in listing.ranked if row.kid is not None and row.samples is not None][:MOST]
        for place, name in enumerate(self._names):
            row = self._wanted[place] if place < len(self._wanted) else None
            text = "" if row is None else _("Trial {number}: {measured}")
            name.setText(
                text.format(number=number(row.number), measured=f"{KID} {row.kid:.4f}") if row is not None else ""
            )
            if row is None:
                self._asked.pop(place, None)
                self.grids[place].set_images(NO_IMAGES)
        self._ask()

    def show_grid(self, place: int, answer: Images | UserError) -> None:
        """Shows a requested grid, (H, W, C), or why there is none."""
        grid = self.grids[place]
        if isinstance(answer, UserError):
            grid.set_images(NO_IMAGES)
            grid.set_empty_text(str(answer))
        elif place < len(self._wanted):
            grid.set_images(answer[None])

    def _ask(self) -> None:
        if not self._is_visible:
            return
        for place, row in enumerate(self._wanted):
            before = self._asked.get(place)
            if before is None or (before.number, before.samples) != (row.number, row.samples):
                self._asked[place] = row
                self.requested.emit(place, row.samples)
