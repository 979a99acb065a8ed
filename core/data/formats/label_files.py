"""Labels in files beside the images: StyleGAN's `dataset.json`, `metadata.jsonl` of Hugging Face, and tables.

* `dataset.json`: {"labels": [[name, class], ...]}, or null for no labels.
* `metadata.jsonl`: on each line an object with the image's name and its class.
* `labels.csv`, `train.csv` ...: a table with a line of titles, separated by commas, semicolons or tabs.
* `labels.txt`: the same, or on each line an image's name and its class.

A class is a whole number or a word. The files that lie nearest to the top count, each for the images below its folder.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.data.items import Skipped
from core.data.names import Inside, inside, natural, printable, quoted
from core.data.source import MOST_CLASSES, class_numbers

NAMES = (
    "dataset.json",
    "metadata.jsonl",
    "metadata.csv",
    "labels.csv",
    "metadata.tsv",
    "labels.tsv",
    "labels.txt",
    "train.csv",
    "train_labels.csv",
    "annotations.csv",
)
"""What such a file is called, in any letters; of several in a folder the first counts that can be read."""
LARGEST = 64 * 2**20
"""Bytes of all label files of a dataset."""
FOREIGN = "not labels of images"
IMAGE_TITLES = ("file_name", "filename", "file", "image", "image_name", "image_id", "path", "id", "name")
CLASS_TITLES = ("label", "labels", "class", "class_name", "category", "breed", "target")
"""Titles of columns, in any letters, the likeliest first."""

LabelFile = tuple[Inside, bytes]
"""Where a label file lies, and its content."""


def is_label_file(name: str) -> bool:
    """Returns whether a file of this name may hold labels."""
    return name.lower() in NAMES


def nearest(paths: Iterable[Inside]) -> list[Inside]:
    """Returns those label files that lie nearest to the top, folder by folder, in each the likeliest first."""
    chosen = list(paths)
    depth = min(map(len, chosen), default=0)
    return sorted((path for path in chosen if len(path) == depth), key=_rank)


def _rank(path: Inside) -> tuple[Inside, int, str]:
    return path[:-1], NAMES.index(path[-1].lower()), path[-1]


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
    """`classes`: their names, empty where there are none. `file`: what the label file is called, or several are."""

    def __init__(self, classes: tuple[str, ...], named: Iterable[tuple[str, int]], file: str) -> None:
        """`named`: paths of images as the label file names them, as "folder/name.png", and which class each is."""
        self.classes, self.file = classes, file
        self._named = list(named)
        self._found: dict[Callable[[str], str], Mapping[str, int | None]] = {}
        self._met: defaultdict[Callable[[str], str], set[str]] = defaultdict(set)

    def of(self, path: str) -> int | None:
        """The class of an image, 0 where there are none; None where the file names none for it, or several."""
        if not self.classes:
            return 0
        for way in _WAYS:
            if way not in self._found:  # only where a stricter one did not do
                self._found[way] = _by(way, self._named)
            if (key := way(path)) in self._found[way]:
                self._met[way].add(key)
                return self._found[way][key]
        return None

    def forgot(self, path: str) -> Skipped:
        """An image for which no class is named."""
        return Skipped(printable(path), f"{self.file} names no class for it", kind="unlabelled")

    def compared(self, paths: Iterable[str]) -> tuple[bool, tuple[Skipped, ...]]:
        """Looks for each of the images. Returns whether any of them is named, and what is said of that.

        A file that names none of them is about others.
        """
        if not self.classes:
            return True, ()
        known = sum(self.of(path) is not None for path in paths)
        if not known:
            return False, (_unused(self.file, "it names none of these images"),)
        names = {path for path, _ in self._named if not any(way(path) in met for way, met in self._met.items())}
        if not names:
            return True, ()
        images = f"{len(names):,} image{'' if len(names) == 1 else 's'}"
        what = f"names {images} that {'is' if len(names) == 1 else 'are'} not there, such as {quoted(min(names))}"
        return True, (Skipped(self.file, what, kind="absent"),)


def _by(way: Callable[[str], str], named: Iterable[tuple[str, int]]) -> dict[str, int | None]:
    """Returns the classes by another name for each path; None where one name stands for several classes."""
    found: dict[str, int | None] = {}
    for path, number in named:
        key = way(path)
        found[key] = number if found.get(key, number) == number else None
    return found


def read_labels(files: Iterable[LabelFile]) -> tuple[ImageLabels | None, tuple[Skipped, ...]]:
    """Reads the label files of a dataset, of each folder the first that can be read, and joins them.

    Returns the labels, None where no file can be read, and what is not used.
    """
    used: dict[Inside, str] = {}
    pairs: list[tuple[str, Any]] = []
    skipped: list[Skipped] = []
    for path, content in sorted(files, key=lambda file: _rank(file[0])):
        if path[:-1] in used:
            continue
        try:
            rows = list(_PARSERS[path[-1].lower().rpartition(".")[2]](content))
            _classes([label for _, label in rows])
            found = [("/".join((*path[:-1], *inside(name.replace("\\", "/")))), label) for name, label in rows]
        except Exception:  # a file of that name may hold anything
            skipped.append(_unused("/".join(path), FOREIGN))
            continue
        used[path[:-1]] = path[-1]
        pairs += found
    if not used:
        return None, tuple(skipped)
    names = sorted(set(used.values()))
    file = names[0] if len(names) == 1 else ", ".join(names)
    try:
        numbers, classes, different = _classes([label for _, label in pairs])
    except Exception:  # each alone is right, and together they are of two kinds
        return None, (*skipped, _unused(file, FOREIGN))
    if pairs and not classes:
        many = f"{different:,} different labels, more than {MOST_CLASSES:,}"
        skipped.append(_unused(file, "the same label for every image" if different == 1 else many))
    named = ((name, number) for (name, _), number in zip(pairs, numbers, strict=True))
    return ImageLabels(tuple(map(printable, classes)), named, printable(file)), tuple(skipped)


def _classes(labels: Sequence[Any]) -> tuple[Sequence[int], tuple[str, ...], int]:
    """Returns the number of each label's class, the classes' names, and how many different labels there are.

    No names unless there are 2 to 1000. Raises `ValueError`, or whatever strange labels lead to.
    """
    given = _as_numbers([_cleaned(label) for label in labels])
    if all(isinstance(label, str) for label in given):
        classes = tuple(sorted(set(given), key=natural))
        places = {label: place for place, label in enumerate(classes)}
        return [places[label] for label in given], classes if 2 <= len(classes) <= MOST_CLASSES else (), len(classes)
    if all(isinstance(label, int | float) and label == int(label) for label in given):
        whole = [int(label) for label in given]
        numbers, classes = class_numbers(whole)
        return numbers.tolist(), classes, len(set(whole))
    raise ValueError("labels that are neither whole numbers nor words")


def _cleaned(label: Any) -> Any:
    """Words without the space around them, and with each letter written in one way."""
    return unicodedata.normalize("NFC", label).strip() if isinstance(label, str) else label


def _as_numbers(labels: Sequence[Any]) -> Sequence[Any]:
    """Words that are all numbers, as a table has them, become numbers."""
    for kind in (int, float):
        try:
            return [kind(label) if isinstance(label, str) else label for label in labels]
        except ValueError:
            pass
    return labels


def _unused(file: str, why: str) -> Skipped:
    return Skipped(printable(file), why, kind="labels")


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


def _text(content: bytes) -> Iterable[tuple[str, Any]]:
    """Raises `ValueError` for lines of a single word, such as a list of classes."""
    try:
        return _table(content)
    except ValueError:  # without titles
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        sign = next((sign for sign in "\t;," if all(sign in line for line in lines)), None)
        return [(name.strip(), label) for name, label in (line.split(sign, 1) for line in lines)]


def _of_rows(rows: Iterable[Mapping[str, Any]], titles: Iterable[str]) -> Iterable[tuple[str, Any]]:
    """Images and classes of rows; rows without a class are passed over."""
    image, label = _title(titles, IMAGE_TITLES), _title(titles, CLASS_TITLES)
    return [(str(row[image]).strip(), row[label]) for row in rows if _cleaned(row.get(label)) not in (None, "")]


def _title(titles: Iterable[str], known: Sequence[str]) -> str:
    """Raises `ValueError` where none of the titles is known."""
    by_letters = {title.strip().lower(): title for title in titles}
    for title in known:
        if title in by_letters:
            return by_letters[title]
    raise ValueError(f"no column is called {' or '.join(known)}")


_PARSERS = {"json": _stylegan, "jsonl": _json_lines, "csv": _table, "tsv": _table, "txt": _text}


def too_large(size: int) -> str:
    """Returns why a label file of `size` bytes is not read; empty if it is."""
    return f"larger than {LARGEST // 2**20} MB" if size > LARGEST else ""
