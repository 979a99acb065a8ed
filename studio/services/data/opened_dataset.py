"""The open dataset, as shown in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.config.preparation import Preparation
from core.data.sides import two_sources
from core.data.source import is_for_training, split_level, training_level
from core.imaging.channels import CHANNEL_NAMES
from studio.model.data import SHEET, DataFacts, ImageIndex, OpenedDataset, SideCounts

TWICE_AS_WIDE = 1.5
"""Aspect ratio from which files may hold two images side by side: 2:1 is usual, portraits are narrower."""

if TYPE_CHECKING:
    from core.data.dataset import Dataset


def opened_dataset(
    whole: Dataset, dataset: Dataset, how: Preparation, parts: tuple[str, ...] | None = None
) -> OpenedDataset:
    """Returns a dataset for display: `whole`, or without left-out images.

    `parts`: those of `DataFacts`, if known already.
    """
    if parts is None:
        parts = _parts(whole, how)
    names = frozenset(dataset.excluded)
    left_out = (row for row, name in enumerate(whole.records.all_names()) if name in names) if names else ()
    index = ImageIndex(whole.source, whole.size, whole.records, whole.labels, whole.classes, frozenset(left_out))
    return OpenedDataset(dataset, whole, how, _facts(dataset, how, parts), index, dataset.sheet(SHEET))


def _parts(whole: Dataset, how: Preparation) -> tuple[str, ...]:
    """Returns the folders that divide the dataset, if one of them is for training."""
    folders = {tuple(name.split("/")[:-1]) for name in whole.records.all_names()}
    if how.split == "train" and any(is_for_training((*path, ""), len(path)) for path in folders):
        return ("train",)
    return split_level(folders)[1] if training_level(folders) else ()


def _facts(dataset: Dataset, how: Preparation, parts: tuple[str, ...]) -> DataFacts:
    from core.data.formats.video import ENDINGS

    counts = np.zeros(0, int) if dataset.labels is None else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return DataFacts(
        dataset.title,
        dataset.source,
        len(dataset.images),
        CHANNEL_NAMES[dataset.images.shape[1]].long,
        dataset.size,
        dataset.records.sizes(),
        dict(zip(dataset.classes, counts.tolist(), strict=False)),
        bool(dataset.records.table["transparent"].any()),
        any(source.lower().endswith(ENDINGS) for source in two_sources.each(dataset.source)),
        dataset.points,
        parts,
        None if dataset.points else _sides(dataset),
        how.side_by_side != "no" or _is_wide(dataset),
    )


def _sides(dataset: Dataset) -> SideCounts | None:
    from core.data.sides.pairing import pairing

    found = pairing(dataset)
    if found is None:
        return None
    return SideCounts(*map(len, (found.sides.inputs, found.sides.targets, found.pairs.inputs)))


def _is_wide(dataset: Dataset) -> bool:
    """Returns whether most originals are wide enough to hold two images side by side."""
    table = dataset.records.table
    return bool(len(table) and np.median(table["width"] / table["height"]) >= TWICE_AS_WIDE)
