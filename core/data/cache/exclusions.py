"""Exclusions: images left out of a dataset, stored by name beside the cache; the images themselves stay.

Names outlast another size and another way of preparing, which rows and pixels do not.
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


def excluded(source: str, base: Path | None = None) -> tuple[str, ...]:
    """Names of the images left out of the dataset whose `source` this is, sorted. `base` replaces `cache_folder()`."""
    with contextlib.suppress(*FOREIGN_ERRORS):  # none were, or the note is gone or damaged
        return tuple(str(name) for name in json.loads(content(_note(source, base), LARGEST_META))["excluded"])
    return ()


def exclude(dataset: Dataset, names: Iterable[str], base: Path | None = None) -> None:
    """Leaves these out as well, from the next preparing on.

    Raises `UserError` when fewer than two images would be left, or when it cannot be remembered.
    """
    chosen = frozenset(names)
    without(dataset, chosen)
    _remember(dataset.source, chosen.union(excluded(dataset.source, base)), base)


def include(source: str, names: Iterable[str], base: Path | None = None) -> None:
    """Takes these back in, from the next preparing on. Raises `UserError` when it cannot be remembered."""
    _remember(source, frozenset(excluded(source, base)).difference(names), base)


def change(whole: Dataset, out: Iterable[str], back: Iterable[str]) -> Dataset:
    """Leaves images of the `whole` dataset out and takes others back; returns what is left of it.

    Raises `UserError`, and changes nothing, when fewer than two images would be left.
    """
    out, back = frozenset(out), frozenset(back)
    left = without(whole, out.union(excluded(whole.source)).difference(back))
    if back:
        include(whole.source, back)
    if out:
        exclude(whole, out)
    return left


def without_excluded(dataset: Dataset, base: Path | None = None) -> Dataset:
    """The dataset without what was left out. Raises `UserError` when fewer than two images are left."""
    try:
        return without(dataset, excluded(dataset.source, base))
    except UserError as problem:  # files that were there when the others were left out are gone
        note = quoted(str(_note(dataset.source, base)))
        remedy = f"Add images, or delete {note}, which remembers those that were left out."
        raise UserError(f"Fewer than 2 images of {quoted(dataset.title)} are left.", remedy) from problem


def without(dataset: Dataset, names: Iterable[str]) -> Dataset:
    """The dataset without the images of these names. Raises `UserError` when fewer than two are left."""
    chosen = frozenset(names)
    rows = dataset.records.rows_without(chosen)
    if len(rows) == len(dataset.images):
        return dataset
    if len(rows) < 2:
        raise UserError(
            f"Fewer than 2 images of {quoted(dataset.title)} would be left.",
            "Leave out fewer of them, or add images.",
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
