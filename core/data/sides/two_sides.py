"""Sides of a dataset: which images are inputs and which are targets, by folders, names or classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, RowSubset
from core.data.sides.side_names import Placed, placed_by_name

Rows = NDArray[np.int64]
"""Row numbers of images in a dataset, shape (n,)."""


@dataclass(frozen=True, eq=False)
class TwoSides:
    """Rows of inputs and of targets. If they are pairs, `inputs[n]` belongs to `targets[n]`."""

    inputs: Rows
    targets: Rows
    are_pairs: bool = False

    def of(self, inputs: Rows, targets: Rows) -> TwoSides:
        """Returns some of the rows, by their places in `inputs` and `targets`."""
        return replace(self, inputs=self.inputs[inputs], targets=self.targets[targets])

    def within(self, rows: Rows) -> TwoSides:
        """Returns the sides of some rows of the dataset; of pairs, those of which both images are among them."""
        chosen = [np.isin(side, rows) for side in (self.inputs, self.targets)]
        if self.are_pairs:
            chosen = [chosen[0] & chosen[1]] * 2
        return self.of(*map(np.flatnonzero, chosen))

    def first(self, count: int) -> TwoSides:
        """Returns the first rows of each side, as many of the one as of the other."""
        places = np.arange(min(count, len(self.inputs), len(self.targets)))
        return self.of(places, places)

    def rows(self) -> Rows:
        """Returns the sorted rows of both sides."""
        return np.union1d(self.inputs, self.targets)


@dataclass(frozen=True, eq=False)
class Layout:
    """Sides of a dataset, and the names of all images without what tells the side.

    `by_class`: whether the sides are just the two classes of the dataset.
    """

    sides: TwoSides
    names: Sequence[str]
    by_class: bool


def layout(dataset: Dataset) -> Layout | None:
    """Returns the sides of a dataset, each in the order of its rows; None if it has one side.

    Sides are folders such as A and B, trainA and trainB, or input and target; endings of file names such as 1_A and
    1_B; or else two classes, the first of which holds the inputs.
    """
    names = [*dataset.records.all_names()] or [""] * len(dataset.images)
    if placed := placed_by_name(names):
        return _layout(placed, by_class=False)
    if dataset.labels is None or len(dataset.classes) != 2:
        return None
    labels = zip(dataset.labels.tolist(), names, strict=True)
    return _layout([Placed(side, _without_folder(name, dataset.classes[side])) for side, name in labels], by_class=True)


def _layout(placed: Sequence[Placed], by_class: bool) -> Layout:
    sides = np.array([each.side for each in placed], np.int64)
    return Layout(
        TwoSides(np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)), [each.name for each in placed], by_class
    )


def only(dataset: Dataset, rows: Rows) -> Dataset:
    """Returns some images of a dataset, in this order and without labels."""
    return replace(
        dataset,
        images=RowSubset(dataset.images, rows),
        labels=None,
        classes=(),
        records=dataset.records.of(rows),
    )


def _without_folder(name: str, folder: str) -> str:
    path = name.split("/")
    if folder in path[:-1]:
        path.remove(folder)
    return "/".join(path)
