"""Sides of a dataset: which images are inputs and which are targets, by folders, names or classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, RowSubset

Rows = NDArray[np.int64]
"""Row numbers of images in a dataset, shape (n,)."""

WORDS = (
    ("a", "input", "inputs", "source", "before", "lr", "low", "noisy", "blur"),
    ("b", "target", "targets", "output", "outputs", "after", "hr", "high", "clean", "sharp"),
)
"""Lower-case names of folders, and endings of file names, of inputs and of targets."""
_SIDE = {word: side for side, words in enumerate(WORDS) for word in words}
_FOLDER = re.compile(r"(train|val|valid|test)?[ _.-]?([a-z]+)")
_ENDING = re.compile(r"(.+)[ _.-]([a-z]+)")


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


class Placed(NamedTuple):
    """Side of an image, 0 for inputs and 1 for targets, and its name without what tells the side."""

    side: int
    name: str


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


def placed_by_name(names: Sequence[str]) -> list[Placed] | None:
    """Returns the side of each image by its name; None unless the names tell both sides."""
    paths = [name.split("/") for name in names]
    for level in range(min((len(path) for path in paths), default=1) - 1):
        folders = {folder: _by_folder(folder) for folder in {path[level] for path in paths}}
        if {each.side for each in folders.values() if each} == {0, 1} and all(folders.values()):
            return [_inside(folders[path[level]], path, level) for path in paths]
    endings = [_by_ending(name) for name in names]
    sure = [each for each in endings if each is not None]
    return sure if len(sure) == len(names) and {each.side for each in sure} == {0, 1} else None


def without_ending(stem: str) -> tuple[str, int | None]:
    """Returns a file name without its ending such as `_A`, and the side that the ending tells."""
    found = _ENDING.fullmatch(stem.lower())
    side = _SIDE.get(found[2]) if found else None
    return (stem, None) if found is None or side is None else (stem[: found.end(1)], side)


def only(dataset: Dataset, rows: Rows) -> Dataset:
    """Returns some images of a dataset, in this order and without labels."""
    return replace(
        dataset,
        images=RowSubset(dataset.images, rows),
        labels=None,
        classes=(),
        records=dataset.records.of(rows),
    )


def _by_folder(name: str) -> Placed | None:
    """Returns the side that a folder's name tells, and the rest of that name: "train" of trainA."""
    found = _FOLDER.fullmatch(name.lower())
    side = _SIDE.get(found[2]) if found else None
    return None if found is None or side is None else Placed(side, found[1] or "")


def _by_ending(name: str) -> Placed | None:
    stem, dot, extension = name.rpartition(".")
    short, side = without_ending(stem or name)
    return None if side is None else Placed(side, f"{short}{dot}{extension}" if dot else short)


def _inside(folder: Placed | None, path: list[str], level: int) -> Placed:
    assert folder is not None
    return Placed(folder.side, "/".join(part for part in (*path[:level], folder.name, *path[level + 1 :]) if part))


def _without_folder(name: str, folder: str) -> str:
    path = name.split("/")
    if folder in path[:-1]:
        path.remove(folder)
    return "/".join(path)
