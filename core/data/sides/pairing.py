"""Pairs of a dataset with two sides, matched by name, and what is wrong with them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.names import quoted
from core.data.sides.side_names import without_ending
from core.data.sides.two_sides import Rows, TwoSides, layout
from core.errors import UserError
from core.language import _

SAME_SHAPE = 1.1
"""Factor within which aspect ratios count as equal."""
_WORD = r"[a-z]+"
_found: WeakKeyDictionary[Dataset, Pairing | None] = WeakKeyDictionary()
_FIRST, _LAST = re.compile(rf"({_WORD})[ _.-]"), re.compile(rf"[ _.-]({_WORD})$")


@dataclass(frozen=True, eq=False)
class Pairing:
    """Pairs of a dataset.

    `sides`: rows of all inputs and of all targets. `pairs`: rows of inputs and their targets. `alone`: rows of inputs,
    and of targets, whose other side is missing. `doubled`: rows in no pair, because several images of their side have
    the name of one of the other side. `by_class`: whether the sides are just the two classes of the dataset.
    """

    sides: TwoSides
    pairs: TwoSides
    alone: TwoSides
    doubled: Rows
    by_class: bool

    def other_shapes(self, dataset: Dataset) -> Rows:
        """Returns the places in `pairs` of pairs whose originals have different aspect ratios."""
        table = dataset.records.table
        aspects = table["width"] / table["height"]
        ratios = aspects[self.pairs.inputs] / aspects[self.pairs.targets]
        return np.flatnonzero(np.maximum(ratios, 1 / ratios) > SAME_SHAPE)

    def other_sizes(self, dataset: Dataset) -> Rows:
        """Returns the places in `pairs` of pairs whose originals have different widths or heights."""
        table = dataset.records.table[["width", "height"]]
        return np.flatnonzero(table[self.pairs.inputs] != table[self.pairs.targets])


def pairing(dataset: Dataset) -> Pairing | None:
    """Returns the pairs of a dataset by name; None if it has one side. The names are compared once for each dataset."""
    if dataset not in _found:
        _found[dataset] = _compared(dataset)
    return _found[dataset]


def _compared(dataset: Dataset) -> Pairing | None:
    found = layout(dataset)
    if found is None:
        return None
    sides = found.sides
    inputs, targets = ([found.names[row] for row in rows.tolist()] for rows in (sides.inputs, sides.targets))
    places, loose = matched(inputs, targets)
    of_pairs = np.array(places, np.int64).reshape(-1, 2)
    pairs = replace(sides.of(*of_pairs.T), are_pairs=True)
    doubled = np.union1d(sides.inputs[loose[0]], sides.targets[loose[1]])
    used = np.union1d(pairs.rows(), doubled)
    alone = TwoSides(np.setdiff1d(sides.inputs, used), np.setdiff1d(sides.targets, used))
    return Pairing(sides, pairs, alone, doubled, found.by_class)


def sides_for(settings: Settings, dataset: Dataset) -> TwoSides:
    """Returns the inputs and targets of a training with these settings: pairs, two sides, or all images as both.

    Raises `UserError` if the settings need two sides and the dataset has one, or pairs and it has none.
    """
    if not settings.two_sided:
        rows = np.arange(len(dataset.images))
        return TwoSides(rows, rows, are_pairs=True)
    found = pairing(dataset)
    if found is None:
        raise UserError(
            _("The settings need inputs and targets, and {name} holds one kind of images.").format(
                name=quoted(dataset.title)
            ),
            _("Open two folders, or one with the subfolders A and B, or set Side by side."),
        )
    if not settings.has_pairs:
        return found.sides
    if not len(found.pairs.inputs):
        examples = [quoted(dataset.records.name(int(rows[0]))) for rows in (found.sides.inputs, found.sides.targets)]
        raise UserError(
            _("No two images of {name} have names that match, such as {first} and {second}.").format(
                name=quoted(dataset.title), first=examples[0], second=examples[1]
            ),
            _("Give the images of each pair the same name, or choose the task Unpaired."),
        )
    return found.pairs


def matched(inputs: Sequence[str], targets: Sequence[str]) -> tuple[list[tuple[int, int]], tuple[Rows, Rows]]:
    """Matches names of inputs and targets: equal ones first, then those that differ in the extension, then those that
    differ in what tells the side, such as `1_A` and `1_B`.

    Returns the places of each pair, in the order of the inputs, and the places of inputs and of targets that are in no
    pair because several names of a side are alike and have a partner.
    """
    left = [dict(enumerate(names)) for names in (inputs, targets)]
    found: list[tuple[int, int]] = []
    keys = _keys(inputs, targets)
    for ours, theirs in keys:
        first, second = _grouped(left[0], ours), _grouped(left[1], theirs)
        for key in first.keys() & second.keys():
            if len(first[key]) == len(second[key]) == 1:
                found.append((first[key][0], second[key][0]))
                del left[0][first[key][0]], left[1][second[key][0]]
    loosest = keys[-1]
    known = [{key(name) for name in names} for key, names in zip(loosest, (inputs, targets), strict=True)]
    doubled = [
        np.array([place for place, name in left[side].items() if loosest[side](name) in known[1 - side]], np.int64)
        for side in (0, 1)
    ]
    return sorted(found), (doubled[0], doubled[1])


_Key = Callable[[str], str]


def _keys(inputs: Sequence[str], targets: Sequence[str]) -> list[tuple[_Key, _Key]]:
    """Returns keys of names of both sides, the strictest first: names with equal keys belong together."""
    common = [_common_words(_stem(name) for name in names) for names in (inputs, targets)]

    def short(words: tuple[str, str]) -> _Key:
        return lambda name: _short(_stem(name), *words)

    return [(str.casefold, str.casefold), (_stem, _stem), (short(common[0]), short(common[1]))]


def _grouped(names: dict[int, str], key: _Key) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in names.items():
        groups[key(name)].append(place)
    return groups


def _stem(name: str) -> str:
    """Returns a name with its folders and without its extension, in lower case."""
    folder, slash, last = name.casefold().rpartition("/")
    return f"{folder}{slash}{last.rpartition('.')[0] or last}"


def _common_words(stems: Iterable[str]) -> tuple[str, str]:
    """Returns the word with which all names begin, and that with which all end, such as "img" and "mask" in
    img_01_mask; empty without one."""
    lasts = [stem.rpartition("/")[2] for stem in stems]
    found = []
    for pattern in (_FIRST.match, _LAST.search):
        words = {match[1] if (match := pattern(last)) else "" for last in lasts}
        found.append(words.pop() if len(words) == 1 and len(lasts) > 1 else "")
    return found[0], found[1]


def _short(stem: str, first: str, last: str) -> str:
    """Returns a name without the words of its side."""
    folder, slash, name = stem.rpartition("/")
    if first and len(name) > len(first) + 1:
        name = name[len(first) + 1 :]
    if last and len(name) > len(last) + 1:
        name = name[: -len(last) - 1]
    return f"{folder}{slash}{without_ending(name)[0]}"
