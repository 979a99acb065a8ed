"""Class labels in arrays beside an array of images: finds the array of labels, and reads it."""

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
from core.language import _, number

Labels = tuple[NDArray[np.int64], tuple[str, ...], tuple[Skipped, ...]]
"""Class numbers (N,), names of the classes, and arrays that were not used."""

_WORDS = ("label", "class", "target", "y_")
"""Parts of the names that arrays of labels have."""
_KINDS = "biufSU"
_LARGEST = 2**27
"""Maximum size of labels in bytes."""
_EXACT = 2**53
"""Largest integer up to which float64 represents every integer exactly."""


@dataclass(frozen=True)
class LabelArray:
    """Array that may hold labels: its name, type and shape. `read` returns its values."""

    name: str
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[], NDArray[Any]]

    @property
    def called(self) -> bool:
        """True if the name says that the array holds labels."""
        return is_called_labels(self.name)

    def fits(self, count: int) -> bool:
        """Returns whether the array has a row for each of `count` images and is not an array of images itself."""
        return self.shape[:1] == (count,) and len(self.shape) <= 2


def labels_among(arrays: Sequence[LabelArray], count: int, images: str) -> Labels:
    """Returns the labels of `count` images in the array named `images`, and every array that is not used.

    Arrays named as labels come first, then integer arrays, then others. Among several, the name most similar to that of
    the images wins: y_train belongs to x_train.
    """
    used: LabelArray | None = None
    numbers, classes = np.zeros(count, np.int64), tuple[str, ...]()
    refused: dict[str, tuple[Skipped, ...]] = {}
    for each in _likeliest([each for each in arrays if each.fits(count)], images):
        found, names, wrong = _read(each)
        if len(names) == count and not each.called:  # such as IDs or file names of the images
            wrong = (Skipped(printable(each.name), _("every image has a different label"), kind="arrays"),)
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
        reason = _("the images in {name} are used instead").format(name=quoted(images))
    elif not array.called:
        reason = _("it holds neither images nor labels")
    elif labels is not None and array.fits(count):
        reason = _("the labels in {name} are used instead").format(name=quoted(labels.name))
    else:
        kind = "labels"
        reason = _("it does not hold a label for each image (number of labels: {count})")
        reason = reason.format(count=number(array.shape[0] if array.shape else 1))
    return (Skipped(printable(array.name), reason, kind=kind),)


def _read(array: LabelArray) -> Labels:
    """Reads integers, booleans, words, or one-hot rows as labels; returns why other arrays are not labels."""
    size = prod(array.shape) * array.kind.itemsize
    if array.kind.kind not in _KINDS or not size:
        return _refused(array, _("the type {type} cannot hold class labels").format(type=array.kind.name))
    if size > _LARGEST:
        return _refused(array, _("larger than {size} MB").format(size=number(_LARGEST // 2**20)))
    values = array.read()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        if values.dtype.kind not in "biuf" or not ((values != 0).sum(1) == 1).all():
            return _refused(array, _("its rows are not one-hot"))
        values = (values != 0).argmax(1)
    if values.dtype.kind in "US":
        return _words(array, values)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        if not ((values == np.rint(values)) & (np.abs(values) < _EXACT)).all():
            return _refused(array, _("its numbers are not integers"))
    numbers, names = class_numbers(values.astype(np.int64))
    return (numbers, names, ()) if names else _unusual(array, len(np.unique(values)))


def _words(array: LabelArray, values: NDArray[Any]) -> Labels:
    words, numbers = np.unique(values, return_inverse=True)
    names = tuple(
        printable(word.decode("utf-8", "replace") if isinstance(word, bytes) else word) for word in words.tolist()
    )
    return (numbers.astype(np.int64), names, ()) if 2 <= len(names) <= MOST_CLASSES else _unusual(array, len(names))


def _unusual(array: LabelArray, classes: int) -> Labels:
    return _refused(array, unusual_labels(classes))


def unusual_labels(classes: int) -> str:
    """Returns the reason why one label, or too many different ones, are not used as classes."""
    if classes == 1:
        return _("all images have the same label")
    many = _("it has {count} different labels, the limit is {limit}")
    return many.format(count=number(classes), limit=number(MOST_CLASSES))


def _refused(array: LabelArray, reason: str) -> Labels:
    return np.zeros(0, np.int64), (), (Skipped(printable(array.name), reason, kind="labels"),)
