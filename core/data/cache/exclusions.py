"""Exclusions: images left out of a dataset, stored by name beside the cache; the files themselves stay.

Names stay valid for other sizes and preparations, unlike rows and pixels.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.cache.entries import LARGEST_META, cache_folder, write_note, writing
from core.data.dataset import Dataset, RowSubset
from core.data.names import content, digest, quoted
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _


def excluded(source: str, base: Path | None = None) -> tuple[str, ...]:
    """Returns the sorted names of images left out of the dataset of `source`. `base` replaces `cache_folder()`."""
    with contextlib.suppress(*FOREIGN_ERRORS):  # none, or the file is missing or damaged
        return tuple(str(name) for name in json.loads(content(_note(source, base), LARGEST_META))["excluded"])
    return ()


def exclude(dataset: Dataset, names: Iterable[str], base: Path | None = None) -> None:
    """Leaves further images out, from the next preparation on.

    Raises `UserError` if fewer than two images would remain, or if the names cannot be stored.
    """
    chosen = frozenset(names)
    without(dataset, chosen)
    _remember(dataset.source, chosen.union(excluded(dataset.source, base)), base)


def include(source: str, names: Iterable[str], base: Path | None = None) -> None:
    """Includes images again, from the next preparation on. Raises `UserError` if the names cannot be stored."""
    _remember(source, frozenset(excluded(source, base)).difference(names), base)


def change(whole: Dataset, out: Iterable[str], back: Iterable[str]) -> Dataset:
    """Leaves out some images of the `whole` dataset and includes others again; returns the remaining dataset.

    Raises `UserError`, and changes nothing, if fewer than two images would remain.
    """
    out, back = frozenset(out), frozenset(back)
    left = without(whole, out.union(excluded(whole.source)).difference(back))
    if back:
        include(whole.source, back)
    if out:
        exclude(whole, out)
    return left


def without_excluded(dataset: Dataset, base: Path | None = None) -> Dataset:
    """Returns the dataset without the images left out. Raises `UserError` if fewer than two images remain."""
    try:
        return without(dataset, excluded(dataset.source, base))
    except UserError as problem:  # other files were deleted since
        note = quoted(str(_note(dataset.source, base)))
        raise UserError(
            _("Fewer than 2 images of {name} are left.").format(name=quoted(dataset.title)),
            _("Add images, or delete {file}, which lists the images left out.").format(file=note),
        ) from problem


def without(dataset: Dataset, names: Iterable[str]) -> Dataset:
    """Returns the dataset without the images of these names. Raises `UserError` if fewer than two remain."""
    chosen = frozenset(names)
    rows = dataset.records.rows_without(chosen)
    if len(rows) == len(dataset.images):
        return dataset
    if len(rows) < 2:
        raise UserError(
            _("Fewer than 2 images of {name} would remain.").format(name=quoted(dataset.title)),
            _("Leave out fewer images, or add images."),
        )
    labels, classes = dataset.labels, dataset.classes
    if labels is not None:
        used, numbers = np.unique(labels[rows], return_inverse=True)
        several = len(used) > 1
        labels = numbers.astype(np.int64) if several else None
        classes = tuple(classes[label] for label in used) if several else ()
    return replace(
        dataset,
        images=RowSubset(dataset.images, rows),
        labels=labels,
        classes=classes,
        records=dataset.records.of(rows),
        fingerprint=digest(dataset.fingerprint, rows.astype("<i8").tobytes()),
        excluded=tuple(sorted(chosen.intersection(dataset.records.all_names()))),
    )


def _remember(source: str, names: frozenset[str], base: Path | None) -> None:
    note = _note(source, base)
    with writing(note.parent):
        if names:
            write_note(note, {"source": source, "excluded": sorted(names)})
        else:
            note.unlink(missing_ok=True)


def _note(source: str, base: Path | None) -> Path:
    return (base or cache_folder()) / f"{digest(source)}.excluded.json"
