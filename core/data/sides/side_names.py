"""Sides that names of folders and files tell: inputs in A, targets in B."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

WORDS = (
    ("a", "input", "inputs", "source", "before", "lr", "low", "noisy", "blur"),
    ("b", "target", "targets", "output", "outputs", "after", "hr", "high", "clean", "sharp"),
)
"""Lower-case names of folders, and endings of file names, of inputs and of targets."""
_SIDE = {word: side for side, words in enumerate(WORDS) for word in words}
_FOLDER = re.compile(r"(train|val|valid|test)?[ _.-]?([a-z]+)")
_ENDING = re.compile(r"(.+)[ _.-]([a-z]+)")


class Placed(NamedTuple):
    """Side of an image, 0 for inputs and 1 for targets, and its name without what tells the side."""

    side: int
    name: str


def placed_by_name(names: Sequence[str]) -> list[Placed] | None:
    """Returns the side of each image by its name; None unless the names tell both sides."""
    paths = [name.split("/") for name in names]
    for level in range(min((len(path) for path in paths), default=1) - 1):
        folders = {folder: by_folder(folder) for folder in {path[level] for path in paths}}
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


def by_folder(name: str) -> Placed | None:
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
