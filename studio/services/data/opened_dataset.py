"""What is shown of a dataset that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.config.preparation import Preparation
from core.imaging.channels import CHANNEL_NAMES
from studio.model.data import SHEET, DataFacts, ImageIndex, OpenedDataset

if TYPE_CHECKING:
    from core.data.dataset import Dataset


def opened_dataset(whole: Dataset, dataset: Dataset, how: Preparation) -> OpenedDataset:
    """What is shown of a dataset: `whole`, or without the images that are left out."""
    names = frozenset(dataset.excluded)
    left_out = (row for row, name in enumerate(whole.records.all_names()) if name in names) if names else ()
    index = ImageIndex(whole.source, whole.size, whole.records, whole.labels, whole.classes, frozenset(left_out))
    return OpenedDataset(dataset, whole, how, _facts(dataset), index, dataset.sheet(SHEET))


def _facts(dataset: Dataset) -> DataFacts:
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
        dataset.source.lower().endswith(ENDINGS),
        dataset.points,
    )
