"""Labels in a file beside the images: StyleGAN's `dataset.json`, `metadata.jsonl` of Hugging Face, and tables.

* `dataset.json`: {"labels": [[name, class], ...]}, or null for no labels.
* `metadata.jsonl`: on each line an object with the image's name and its class.
* `metadata.csv`, `labels.csv`: a table with a line of titles, separated by commas, semicolons or tabs.

A class is a whole number or a word.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.data.names import Inside, inside, natural, printable
from core.data.source import MOST_CLASSES, class_numbers

NAMES = ("dataset.json", "metadata.jsonl", "metadata.csv", "labels.csv")
"""What such a file is called; of several in a folder the first counts."""
LARGEST = 64 * 2**20
FOREIGN = "not labels of images"
IMAGE_TITLES = ("file_name", "filename", "file", "image", "image_name", "image_id", "path", "id", "name")
CLASS_TITLES = ("label", "labels", "class", "class_name", "category", "breed", "target")
"""Titles of columns, in any letters, the likeliest first."""


def unlabelled(name: str) -> str:
    """Why an image is left out that the label file `name` does not mention."""
    return f"{name} names no class for it"


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


class ImageLabels:
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


def read_labels(name: str, content: bytes, folder: Inside = ()) -> ImageLabels:
    """Reads the label file of a name, for the pictures in and below its own folder. Raises `ValueError`, or whatever
    strange content leads to."""
    pairs = list(_PARSERS[name.rpartition(".")[2]](content))
    if not pairs:
        return ImageLabels((), {})
    names = ["/".join((*folder, *inside(image.replace("\\", "/")))) for image, _ in pairs]
    given = _as_numbers([label for _, label in pairs])
    if all(isinstance(label, str) for label in given):
        classes = tuple(sorted(set(given), key=natural))
        places = {label: place for place, label in enumerate(classes)}
        found = [places[label] for label in given]
        if not 2 <= len(classes) <= MOST_CLASSES:
            classes = ()
    elif all(isinstance(label, int | float) and label == int(label) for label in given):
        numbers, classes = class_numbers([int(label) for label in given])
        found = numbers.tolist()
    else:
        raise ValueError("labels that are neither whole numbers nor words")
    return ImageLabels(tuple(map(printable, classes)), dict(zip(names, found, strict=True)))


def _as_numbers(labels: Sequence[Any]) -> Sequence[Any]:
    """Words that are all whole numbers, as a table has them, become numbers."""
    try:
        return [int(label) if isinstance(label, str) else label for label in labels]
    except ValueError:
        return labels


def _stylegan(content: bytes) -> Iterable[tuple[str, Any]]:
    pairs = json.loads(content)["labels"]
    return [(name, label) for name, label in pairs] if pairs is not None else []


def _json_lines(content: bytes) -> Iterable[tuple[str, Any]]:
    rows = [json.loads(line) for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    return _of_rows(rows, {title: None for row in rows for title in row})


def _table(content: bytes) -> Iterable[tuple[str, Any]]:
    text = content.decode("utf-8-sig")
    titles = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=titles.count))
    return _of_rows(rows, rows.fieldnames or ())


def _of_rows(rows: Iterable[Mapping[str, Any]], titles: Iterable[str]) -> Iterable[tuple[str, Any]]:
    """Images and classes of rows; rows without a class are passed over."""
    image, label = _title(titles, IMAGE_TITLES), _title(titles, CLASS_TITLES)
    return [(str(row[image]), row[label]) for row in rows if row.get(label) not in (None, "")]


def _title(titles: Iterable[str], known: Sequence[str]) -> str:
    """Raises `ValueError` where none of the titles is known."""
    by_letters = {title.strip().lower(): title for title in titles}
    for title in known:
        if title in by_letters:
            return by_letters[title]
    raise ValueError(f"no column is called {' or '.join(known)}")


_PARSERS = {"json": _stylegan, "jsonl": _json_lines, "csv": _table}


def too_large(size: int) -> str:
    """Returns why a label file of `size` bytes is not read; empty if it is."""
    return f"larger than {LARGEST // 2**20} MB" if size > LARGEST else ""
