"""Features of a dataset's images, computed once and cached with the prepared images."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from core.data.cache.row_reader import entry_folder
from core.data.dataset import Dataset
from core.data.names import digest
from core.data.tensor_file import read_tensors
from core.devices.memory import BatchLimit
from core.durable_write import replaced
from core.errors import FOREIGN_ERRORS, UserError
from core.evaluation.features import Extractor, Features
from core.events import Images, Progress
from core.language import _

MOST_BYTES = 2**29
"""Limit of the cached features of one dataset in bytes; the oldest are deleted first."""
ROOM = 2**20
"""Limit of the file's header in bytes."""
_PREFIX = "features-"


def real_features(
    dataset: Dataset, rows: NDArray[np.int64], extractor: Extractor
) -> Generator[Progress, None, Features]:
    """Computes, or loads, the features of rows of the dataset, in their order."""
    folder = entry_folder(dataset.images)
    name = digest(extractor.key, dataset.fingerprint, rows.astype("<i8").tobytes())
    note = folder / f"{_PREFIX}{name}.safetensors" if folder else None
    found = _remembered(note)
    if found is None or not _fits(found, len(rows), extractor(pictures(dataset, rows[:1]))):
        found = yield from _worked_out(dataset, rows, extractor)
        if note:
            _remember(note, found)
    return found


def pictures(dataset: Dataset, rows: NDArray[np.int64]) -> Images:
    """Returns rows of the dataset as uint8 NHWC."""
    return np.ascontiguousarray(np.asarray(dataset.images[rows]).transpose(0, 2, 3, 1))


def joined(parts: list[Features]) -> Features:
    """Joins the features of several batches."""
    logits = [part.logits for part in parts if part.logits is not None]
    return Features(np.concatenate([part.values for part in parts]), np.concatenate(logits) if logits else None)


def features_of(images: Images, extractor: Extractor, limit: BatchLimit) -> Features:
    """Computes the features of images NHWC, as many at once as fit into memory. Raises `UserError` if none fits."""

    def work(at_once: int) -> Features:
        return joined([extractor(images[start : start + at_once]) for start in range(0, len(images), at_once)])

    return limit.run(work, _("There is not enough memory for the features of an image."))


def _worked_out(dataset: Dataset, rows: NDArray[np.int64], extractor: Extractor) -> Generator[Progress, None, Features]:
    parts, limit = [], BatchLimit(extractor.at_once)
    for start in range(0, len(rows), extractor.at_once):
        yield Progress(_("Measuring real images"), start, len(rows))
        parts.append(features_of(pictures(dataset, rows[start : start + extractor.at_once]), extractor, limit))
    return joined(parts)


def _remembered(note: Path | None) -> Features | None:
    if note is None:
        return None
    try:
        arrays = read_tensors(note, MOST_BYTES + ROOM)
        return Features(arrays["values"], arrays.get("logits"))
    except FOREIGN_ERRORS:  # missing or damaged
        return None


def _fits(found: Features, count: int, one: Features) -> bool:
    """Returns whether features fit `count` images. `one`: features of one image."""
    for values, like in zip(found, one, strict=True):
        if values is None or like is None:
            if values is not like:
                return False
        elif values.dtype != like.dtype or values.shape != (count, like.shape[1]) or not np.isfinite(values).all():
            return False
    return True


def _remember(note: Path, found: Features) -> None:
    arrays = {name: value for name, value in found._asdict().items() if value is not None}
    with suppress(OSError, UserError):  # if this fails, they are computed again next time
        with replaced(note) as partial:
            save_file(arrays, partial)
        kept = sorted(note.parent.glob(f"{_PREFIX}*"), key=lambda file: file.stat().st_mtime, reverse=True)
        total = 0
        for file in kept:
            total += file.stat().st_size
            if total > MOST_BYTES and file != note:
                file.unlink()
