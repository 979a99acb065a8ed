"""StyleGAN labels in `dataset.json`: {"labels": [[name, class], ...]}, or null for no labels.

A class is a whole number or a word."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping

from core.data.names import Inside, inside, natural, printable
from core.data.source import MOST_CLASSES, class_numbers

NOTE = "dataset.json"
LARGEST_NOTE = 64 * 2**20
FOREIGN = "not the labels that StyleGAN writes"
UNLABELLED = f"{NOTE} names no class for it"


def _whole(path: str) -> str:
    return path


def _in_any_letters(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _without_ending(path: str) -> str:
    path = _in_any_letters(path)
    return path[: path.rfind(".")] if "." in path.rpartition("/")[2] else path


def _name(path: str) -> str:
    return _in_any_letters(path).rpartition("/")[2]


def _name_without_ending(path: str) -> str:
    return _without_ending(path).rpartition("/")[2]


_WAYS: tuple[Callable[[str], str], ...] = (_whole, _in_any_letters, _without_ending, _name, _name_without_ending)
"""How a picture is found in a note, the strictest way first: tools and people rename, convert and move pictures."""


class StyleGanLabels:
    """`classes`: their names, empty where there are none."""

    def __init__(self, classes: tuple[str, ...], numbers: Mapping[str, int]) -> None:
        """`numbers`: which class each path of the note is, as "folder/name.png"."""
        self.classes, self._numbers = classes, numbers
        self._found: dict[Callable[[str], str], Mapping[str, int | None]] = {_whole: numbers}

    def of(self, path: str) -> int | None:
        """The class of a picture, 0 where there are none; None where the note names none for it, or several."""
        if not self.classes:
            return 0
        for way in _WAYS:
            if way not in self._found:  # only where a stricter one did not do
                self._found[way] = _by(way, self._numbers)
            if (key := way(path)) in self._found[way]:
                return self._found[way][key]
        return None


def _by(way: Callable[[str], str], numbers: Mapping[str, int]) -> dict[str, int | None]:
    """Returns the classes by another name for each path; None where one name stands for several classes."""
    found: dict[str, int | None] = {}
    for path, number in numbers.items():
        key = way(path)
        found[key] = number if found.get(key, number) == number else None
    return found


def noted(note: bytes, folder: Inside = ()) -> StyleGanLabels:
    """What the note says of the pictures in and below its own folder. Raises for a note that is none of StyleGAN's."""
    pairs = json.loads(note)["labels"]
    if pairs is None:
        return StyleGanLabels((), {})
    names = ["/".join((*folder, *inside(name.replace("\\", "/")))) for name, _ in pairs]
    given = [label for _, label in pairs]
    if all(isinstance(label, str) for label in given):
        classes = tuple(sorted(set(given), key=natural))
        places = {name: place for place, name in enumerate(classes)}
        found = [places[label] for label in given]
        if not 2 <= len(classes) <= MOST_CLASSES:
            classes = ()
    elif all(isinstance(label, int | float) and label == int(label) for label in given):
        numbers, classes = class_numbers([int(label) for label in given])
        found = numbers.tolist()
    else:
        raise ValueError("labels that are neither whole numbers nor words")
    return StyleGanLabels(tuple(map(printable, classes)), dict(zip(names, found, strict=True)))


def too_large(size: int) -> str:
    """Why a note of so many bytes is not read, if it is not."""
    return f"larger than {LARGEST_NOTE // 2**20} MB" if size > LARGEST_NOTE else ""
