"""Selection in a grid of images: the rows that are shown, the selected ones, and the place the keyboard acts on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class GridSelection:
    """Selected images of a dataset, of which some rows are shown in any order.

    `rows`: the shown rows, (n,). `selected`: True for each selected image of the dataset. `current`: place that the
    keyboard acts on. `anchor`: place where a range starts.
    """

    def __init__(self, images: int = 0) -> None:
        self.rows: Rows = np.zeros(0, np.int64)
        self.selected: Mask = np.zeros(images, np.bool_)
        self.current = self.anchor = 0

    def set_rows(self, rows: Rows) -> None:
        """Shows other rows; the current image stays current if it is among them."""
        current = self.current_row()
        self.rows = rows
        self.current = self.anchor = max(self.place_of(current), 0)

    def current_row(self) -> int:
        """Returns the current row; -1 if nothing is shown."""
        return int(self.rows[self.current]) if len(self.rows) else -1

    def place_of(self, row: int) -> int:
        """Returns the place of a row; -1 if it is not shown."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else -1

    def within(self, place: int) -> int:
        """Returns the nearest place that exists."""
        return min(max(place, 0), len(self.rows) - 1)

    def chosen(self) -> Rows:
        """Returns the selected rows, ascending, or else the current one."""
        selected = np.flatnonzero(self.selected)
        return selected if len(selected) else self.rows[self.current : self.current + 1]

    # --- other selections ---

    def nothing(self) -> Mask:
        return np.zeros_like(self.selected)

    def shown(self) -> Mask:
        """Returns the selection of all shown images."""
        return self._of(self.rows)

    def between(self, one: int, other: int) -> Mask:
        """Returns the selection of the images between two places, both included."""
        return self._of(self.rows[min(one, other) : max(one, other) + 1])

    def toggled(self, place: int) -> Mask:
        """Returns the selection with the image at a place added or removed."""
        mask = self.selected.copy()
        mask[self.rows[place]] ^= True
        return mask

    def _of(self, rows: Rows) -> Mask:
        mask = self.nothing()
        mask[rows] = True
        return mask
