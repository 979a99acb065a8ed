"""Class labels in arrays that lie beside an array of images: which of the arrays they are, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.items import Skipped, SkippedKind
from core.data.names import printable, quoted
from core.data.source import MOST_CLASSES, class_numbers

Labels = tuple[NDArray[np.int64], tuple[str, ...], tuple[Skipped, ...]]
"""A class for each image, the classes' names, and the arrays that were not used."""

_WORDS = ("label", "class", "target", "y_")
"""What the names of labels hold, for files with more than one list."""
_KINDS = "biufSU"
_LARGEST = 2**27
"""Bytes of labels that are read."""
_EXACT = 2**53
"""Whole numbers up to this one are the same in floating point."""


@dataclass(frozen=True)
class LabelArray:
    """An array that may hold labels, of which only name, type and shape are known; `read` gives its numbers."""

    name: str
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[], NDArray[Any]]

    @property
    def called(self) -> bool:
        """Whether its name says that these are labels."""
        return is_called_labels(self.name)

    def fits(self, count: int) -> bool:
        """Whether it has a row for each image, and no images of its own."""
        return self.shape[:1] == (count,) and len(self.shape) <= 2


def labels_among(arrays: Sequence[LabelArray], count: int, images: str) -> Labels:
    """Returns the labels of `count` images of that name, and names every array that is not used.

    Arrays called labels go before lists of whole numbers, and those before others; of several the one whose name is the
    most like that of the images: y_train belongs to x_train.
    """
    used: LabelArray | None = None
    numbers, classes = np.zeros(count, np.int64), tuple[str, ...]()
    refused: dict[str, tuple[Skipped, ...]] = {}
    for each in _likeliest([each for each in arrays if each.fits(count)], images):
        found, names, wrong = _read(each)
        if len(names) == count and not each.called:  # numbers or file names of the images, say
            wrong = (Skipped(printable(each.name), "a different label for every image", kind="arrays"),)
        elif names:
            used, numbers, classes = each, found, names
            break
        refused[each.name] = wrong
    others = [each for each in arrays if each is not used]
    unused = (refused.get(each.name) or _unused(each, count, images, used) for each in others)
    return numbers, classes, tuple(reason for reasons in unused for reason in reasons)


def is_called_labels(name: str) -> bool:
    """Returns whether the name of an array or of its file says that it holds labels."""
    name = name.lower().removesuffix(".npy")
    return name == "y" or any(word in name for word in _WORDS)


def likeness(name: str, images: str) -> int:
    """Returns how many characters two names share at their beginnings and ends."""
    return _beginning(name, images) + _beginning(name[::-1], images[::-1])


def _beginning(name: str, other: str) -> int:
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False))
    return sum(1 for _ in shared)


def _likeliest(fitting: Sequence[LabelArray], images: str) -> Iterator[LabelArray]:
    called = [each for each in fitting if each.called]
    whole = [each for each in fitting if each.kind.kind in "iu" and prod(each.shape[1:]) == 1]
    yield from sorted(called or whole or fitting, key=lambda each: -likeness(each.name, images))


def _unused(array: LabelArray, count: int, images: str, labels: LabelArray | None) -> tuple[Skipped, ...]:
    kind: SkippedKind = "arrays"
    if len(array.shape) in (3, 4) and array.kind.kind in "buif":
        reason = f"other images than those in {quoted(images)}, which were taken"
    elif not array.called:
        reason = "neither the images nor their labels"
    elif labels is not None and array.fits(count):
        reason = f"other labels than those in {quoted(labels.name)}, which were taken"
    else:
        kind = "labels"
        reason = f"{array.shape[0] if array.shape else 1} labels for {count} images"
    return (Skipped(printable(array.name), reason, kind=kind),)


def _read(array: LabelArray) -> Labels:
    """Whole numbers, truths and words are labels, and so are rows of which one number alone is not 0."""
    size = prod(array.shape) * array.kind.itemsize
    if array.kind.kind not in _KINDS or not size:
        return _refused(array, f"of type {array.kind.name}, which names no classes")
    if size > _LARGEST:
        return _refused(array, f"larger than {_LARGEST // 2**20} MB")
    values = array.read()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        if values.dtype.kind not in "biuf" or not ((values != 0).sum(1) == 1).all():
            return _refused(array, "rows that do not name one class each")
        values = (values != 0).argmax(1)
    if values.dtype.kind in "US":
        return _words(array, values)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        if not ((values == np.rint(values)) & (np.abs(values) < _EXACT)).all():
            return _refused(array, "numbers that are not whole, and name no classes")
    numbers, names = class_numbers(values.astype(np.int64))
    return (numbers, names, ()) if names else _unusual(array, len(np.unique(values)))


def _words(array: LabelArray, values: NDArray[Any]) -> Labels:
    words, numbers = np.unique(values, return_inverse=True)
    names = tuple(
        printable(word.decode("utf-8", "replace") if isinstance(word, bytes) else word) for word in words.tolist()
    )
    return (numbers.astype(np.int64), names, ()) if 2 <= len(names) <= MOST_CLASSES else _unusual(array, len(names))


def _unusual(array: LabelArray, classes: int) -> Labels:
    many = f"{classes:,} different labels, more than {MOST_CLASSES:,}"
    return _refused(array, "the same label for every image" if classes == 1 else many)


def _refused(array: LabelArray, reason: str) -> Labels:
    return np.zeros(0, np.int64), (), (Skipped(printable(array.name), reason, kind="labels"),)
