"""Label files beside the images: `dataset.json` of StyleGAN, `metadata.jsonl` of Hugging Face, and tables.

* `dataset.json`: {"labels": [[name, class], ...]}, or null for no labels.
* `metadata.jsonl`: an object with image name and class on each line.
* `labels.csv`, `train.csv` ...: a table with a header row, separated by commas, semicolons or tabs.
* `labels.txt`: the same, or an image name and its class on each line.

A class is an integer or a word. The files nearest to the top are used, each for the images below its folder.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.data.array_labels import unusual_labels
from core.data.items import Skipped
from core.data.names import Inside, inside, natural, printable, quoted
from core.data.source import MOST_CLASSES, class_numbers
from core.language import _, number, plural

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
"""Names of label files, in any case. The first readable one in a folder is used."""
LARGEST = 64 * 2**20
"""Maximum total size in bytes of the label files of a dataset."""
FOREIGN = _("it does not hold labels of images")
IMAGE_TITLES = ("file_name", "filename", "file", "image", "image_name", "image_id", "path", "id", "name")
CLASS_TITLES = ("label", "labels", "class", "class_name", "category", "breed", "target")
"""Column titles, in any case, most likely first."""

LabelFile = tuple[Inside, bytes]
"""Path and content of a label file."""


def is_label_file(name: str) -> bool:
    """Returns whether a file with this name may hold labels."""
    return name.lower() in NAMES


def nearest(paths: Iterable[Inside]) -> list[Inside]:
    """Returns the label files nearest to the top, by folder, in each the most likely first."""
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
"""Ways to match an image with a name in a label file, strictest first; images are often renamed, converted or moved."""


class ImageLabels:
    """Labels from label files. `classes`: names, empty if there are none. `file`: name of the label files."""

    def __init__(self, classes: tuple[str, ...], named: Iterable[tuple[str, int]], file: str) -> None:
        """`named`: image paths in the label file, such as "folder/name.png", each with its class number."""
        self.classes, self.file = classes, file
        self._named = list(named)
        self._found: dict[Callable[[str], str], Mapping[str, int | None]] = {}
        self._met: defaultdict[Callable[[str], str], set[str]] = defaultdict(set)

    def of(self, path: str) -> int | None:
        """Returns the class of an image (0 without classes); None if the file has no class for it, or several."""
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
        """Returns an image without a class as skipped."""
        return Skipped(printable(path), _("it has no class in {file}").format(file=self.file), kind="unlabelled")

    def compared(self, paths: Iterable[str]) -> tuple[bool, tuple[Skipped, ...]]:
        """Returns whether the label file names any of the images, and what to report.

        A file that names none of them belongs to other images.
        """
        if not self.classes:
            return True, ()
        known = sum(self.of(path) is not None for path in paths)
        if not known:
            return False, (_unused(self.file, _("it names none of the images")),)
        names = {path for path, _number in self._named if not any(way(path) in met for way, met in self._met.items())}
        if not names:
            return True, ()
        what = plural(
            "{count} image that it names is missing, such as {name}",
            "{count} images that it names are missing, such as {name}",
            len(names),
            name=quoted(min(names)),
        )
        return True, (Skipped(self.file, what, kind="absent"),)


def _by(way: Callable[[str], str], named: Iterable[tuple[str, int]]) -> dict[str, int | None]:
    """Returns classes by the result of `way` for each path; None if a result has several classes."""
    found: dict[str, int | None] = {}
    for path, label in named:
        key = way(path)
        found[key] = label if found.get(key, label) == label else None
    return found


def read_labels(files: Iterable[LabelFile]) -> tuple[ImageLabels | None, tuple[Skipped, ...]]:
    """Reads and joins the label files of a dataset, the first readable one of each folder.

    Returns the labels (None if no file is readable), and unused files.
    """
    used: dict[Inside, str] = {}
    pairs: list[tuple[str, Any]] = []
    skipped: list[Skipped] = []
    for path, content in sorted(files, key=lambda file: _rank(file[0])):
        if path[:-1] in used:
            continue
        try:
            rows = list(_PARSERS[path[-1].lower().rpartition(".")[2]](content))
            _classes([label for _name, label in rows])
            found = [("/".join((*path[:-1], *inside(name.replace("\\", "/")))), label) for name, label in rows]
        except Exception:  # a file with such a name may hold anything
            skipped.append(_unused("/".join(path), FOREIGN))
            continue
        used[path[:-1]] = path[-1]
        pairs += found
    if not used:
        return None, tuple(skipped)
    names = sorted(set(used.values()))
    file = names[0] if len(names) == 1 else ", ".join(names)
    try:
        numbers, classes, different = _classes([label for _name, label in pairs])
    except Exception:  # valid alone, but numbers and words together
        return None, (*skipped, _unused(file, FOREIGN))
    if pairs and not classes:
        skipped.append(_unused(file, unusual_labels(different)))
    named = ((name, number) for (name, _label), number in zip(pairs, numbers, strict=True))
    return ImageLabels(tuple(map(printable, classes)), named, printable(file)), tuple(skipped)


def _classes(labels: Sequence[Any]) -> tuple[Sequence[int], tuple[str, ...], int]:
    """Returns the class number of each label, the class names, and the number of different labels.

    There are no names unless there are 2 to 1000 classes. Raises `ValueError`, or any exception for strange labels.
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
    raise ValueError("labels are neither integers nor words")


def _cleaned(label: Any) -> Any:
    """Returns words without surrounding space and in Unicode normal form; other labels as they are."""
    return unicodedata.normalize("NFC", label).strip() if isinstance(label, str) else label


def _as_numbers(labels: Sequence[Any]) -> Sequence[Any]:
    """Returns labels as integers if all words are numbers, as in a table."""
    for kind in (int, float):
        try:
            return [kind(label) if isinstance(label, str) else label for label in labels]
        except ValueError:  # words that are no numbers of this kind
            continue
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
    """Reads a table or pairs. Raises `ValueError` for lines with a single word, such as a list of classes."""
    try:
        return _table(content)
    except ValueError:  # no header row
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        sign = next((sign for sign in "\t;," if all(sign in line for line in lines)), None)
        return [(name.strip(), label) for name, label in (line.split(sign, 1) for line in lines)]


def _of_rows(rows: Iterable[Mapping[str, Any]], titles: Iterable[str]) -> Iterable[tuple[str, Any]]:
    """Yields image and class of each row that has a class."""
    image, label = _title(titles, IMAGE_TITLES), _title(titles, CLASS_TITLES)
    return [(str(row[image]).strip(), row[label]) for row in rows if _cleaned(row.get(label)) not in (None, "")]


def _title(titles: Iterable[str], known: Sequence[str]) -> str:
    """Returns the known column title. Raises `ValueError` if there is none."""
    by_letters = {title.strip().lower(): title for title in titles}
    for title in known:
        if title in by_letters:
            return by_letters[title]
    raise ValueError(f"no column is called {' or '.join(known)}")


_PARSERS = {"json": _stylegan, "jsonl": _json_lines, "csv": _table, "tsv": _table, "txt": _text}


def too_large(size: int) -> str:
    """Returns the reason why a label file of `size` bytes is skipped; empty if it is not."""
    return _("larger than {size} MB").format(size=number(LARGEST // 2**20)) if size > LARGEST else ""
