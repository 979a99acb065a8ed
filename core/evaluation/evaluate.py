"""Evaluation of a generator by metrics of real and generated images, in small steps beside a training."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from core.checkpoint import Meta
from core.concurrency import run_in_thread
from core.config.translation_fields import Kind
from core.data.dataset import Dataset
from core.devices.memory import BatchLimit, enough_memory
from core.errors import UserError
from core.evaluation.features import Extractor, Features
from core.evaluation.features.dataset_features import features_of, joined, pictures, real_features
from core.evaluation.metrics import ImageSet, Work, chosen, metric
from core.evaluation.metrics.swd import MOST_IMAGES
from core.events import Images, Measured, Progress
from core.language import _, number, one_of, plural
from core.registry import Component, components
from core.stats.metric_key import PIXELS, MetricKey, Split, key

LEAST = 20
"""Fewest images of either set: nearest neighbors, and subsets, need some."""
MOST_BYTES = 2**28
"""Limit of the images of either set that are kept for metrics on the images themselves, in bytes."""
_PIXELS = 2**16
"""Pixels that are generated at once: 16 images of 64 px."""

_BY_IMAGES = frozenset({"images", "pairs"})
"""Needs of metrics that are measured on the images themselves."""

RowNumbers = NDArray[np.int64]


class ImageSource(Protocol):
    """Generator with fixed weights: its images are numbered from 0 on, and the same each time."""

    meta: Meta
    device: torch.device

    def numbered(self, numbers: range) -> Images:
        """Returns the images of these numbers, uint8 NHWC."""
        ...


def evaluate(
    source: ImageSource,
    dataset: Dataset,
    metrics: Iterable[str],
    extractor: Extractor | None,
    count: int,
    rows: RowNumbers | None = None,
    split: Split = "all",
) -> Generator[Progress, None, Measured]:
    """Measures the images 0 to `count` - 1 of a generator against rows of the dataset; returns `Measured`.

    `source`: a `Sampler`, whose numbers are seeds, or the translations of inputs. It must keep its weights meanwhile;
    pass a copy if it follows a training. Seeds take the classes in turn, so a conditional generator makes equal numbers
    of images of each class. `extractor`: from `core.evaluation.features.build`, None if no metric needs features.
    `rows`: None for all; for metrics of pairs, image k of the source belongs to row k of them. Yields `Progress` about
    every 0.1 s. Uses random generators of its own, and caches features of the real images with the dataset. Raises
    `UserError` for metrics, extractors and images that do not fit together, and if memory is full.
    """
    with enough_memory(_("There is not enough memory to measure the images."), device=source.device):
        return (yield from _evaluation(source, dataset, chosen(metrics), extractor, count, rows, split))


def _evaluation(
    source: ImageSource,
    dataset: Dataset,
    wanted: dict[str, Component],
    extractor: Extractor | None,
    count: int,
    rows: RowNumbers | None,
    split: Split,
) -> Generator[Progress, None, Measured]:
    rows = np.arange(len(dataset.images), dtype=np.int64) if rows is None else rows
    refuse_other_images(source.meta, dataset)
    _refuse(wanted, source.meta.settings.kind, extractor, min(count, len(rows)))
    by_features = extractor if any(_BY_IMAGES.isdisjoint(found.facts["NEEDS"]) for found in wanted.values()) else None
    by_images = any(not _BY_IMAGES.isdisjoint(found.facts["NEEDS"]) for found in wanted.values())
    image_count = _image_count(dataset, count, len(rows)) if by_images else 0

    real = (yield from real_features(dataset, rows, by_features)) if by_features else None
    fake, images = yield from _generated(source, by_features, count if by_features else image_count, image_count)
    sides = _side(fake), _side(real)
    values: dict[str, float] = {}
    for name, found in wanted.items():
        if not _BY_IMAGES.isdisjoint(found.facts["NEEDS"]):
            drawn = np.sort(np.random.RandomState(0).permutation(rows)[:image_count])
            compared = rows[:image_count] if "pairs" in found.facts["NEEDS"] else drawn
            pair = (ImageSet(images=images), ImageSet(images=pictures(dataset, compared)))
            protocol = MetricKey(PIXELS, image_count, image_count, split)
        else:
            assert by_features is not None
            pair, protocol = sides, MetricKey(by_features.name, count, len(rows), split)
        numbers = yield from _measured(name, found, pair)
        values |= {key(number, protocol): value for number, value in numbers.items()}
    meta = source.meta
    return Measured(meta.step, meta.images, meta.seconds, values)


def _measured(
    name: str, found: Component, sides: tuple[ImageSet, ImageSet]
) -> Generator[Progress, None, dict[str, float]]:
    """Computes the numbers of one metric."""
    work, text = _work(name, sides), _("Computing {metric}").format(metric=found.title)
    pieces = 0
    while True:
        yield Progress(text, pieces, 0)
        try:
            next(work)
        except StopIteration as done:
            numbers: dict[str, float] = done.value
            return numbers
        pieces += 1


def _work(name: str, sides: tuple[ImageSet, ImageSet]) -> Work[dict[str, float]]:
    found = yield from run_in_thread(lambda: metric(name), None)  # the first import of a library takes seconds
    return (yield from found.measure(*sides))


def _generated(
    source: ImageSource, extractor: Extractor | None, count: int, image_count: int
) -> Generator[Progress, None, tuple[Features | None, Images]]:
    """Returns features of the images 0 to `count` - 1, and the first `image_count` of the images."""
    width, height = source.meta.settings.size
    at_once = min(max(_PIXELS // (width * height), 1), 16)
    features: list[Features] = []
    limit = BatchLimit(extractor.at_once if extractor else 1, source.device)
    images = np.zeros((image_count, height, width, source.meta.channels), np.uint8)
    for start in range(0, count, at_once):
        yield Progress(_("Generating images"), start, count)
        made = source.numbered(range(start, min(start + at_once, count)))
        images[start : start + len(made)] = made[: max(image_count - start, 0)]
        if extractor:
            for first in range(0, len(made), extractor.at_once):
                yield Progress(_("Generating images"), start + first, count)
                features.append(features_of(made[first : first + extractor.at_once], extractor, limit))
    return joined(features) if features else None, images


def _side(found: Features | None) -> ImageSet:
    if found is None:
        return ImageSet()
    logits = None if found.logits is None else found.logits.astype(np.float64)
    return ImageSet(found.values.astype(np.float64), logits)


def _image_count(dataset: Dataset, count: int, rows: int) -> int:
    """Returns the number of images for metrics on the images themselves."""
    fit = MOST_BYTES // int(np.prod(dataset.images.shape[1:]))
    return min(count, rows, MOST_IMAGES, max(fit, LEAST))


def refuse_other_images(meta: Meta, dataset: Dataset) -> None:
    """Raises `UserError` if the dataset's images differ from the generator's in kind, size or channels."""
    if dataset.points or meta.settings.points:
        raise UserError(
            _("The metrics are for images, not for points."), _("Choose a generator and a dataset of images.")
        )
    if (meta.settings.size, meta.channels) != (dataset.size, dataset.images.shape[1]):
        width, height = meta.settings.size
        raise UserError(
            _(
                "The generated images are {width} x {height} with {channels} channels, those of the dataset "
                "{dataset_width} x {dataset_height} with {dataset_channels}."
            ).format(
                width=width,
                height=height,
                channels=meta.channels,
                dataset_width=dataset.size[0],
                dataset_height=dataset.size[1],
                dataset_channels=dataset.images.shape[1],
            ),
            _("Open the dataset that the generator was trained on, with the same preparation."),
        )


def _refuse(wanted: dict[str, Component], kind: Kind, extractor: Extractor | None, fewest: int) -> None:
    """Raises `UserError` for too few images, images without targets, and for a missing or unsuitable extractor."""
    if fewest < LEAST:
        raise UserError(
            plural(
                "Metrics need at least {count} image, and there are too few ({present}).",
                "Metrics need at least {count} images, and there are too few ({present}).",
                LEAST,
                present=number(fewest),
            ),
            _("Use thousands of images."),
        )
    for found in wanted.values():
        if "pairs" in found.facts["NEEDS"] and kind != "paired":
            raise UserError(
                _("{metric} compares each image with a target of its own, and these images have none.").format(
                    metric=found.title
                ),
                _("Choose FID or KID."),
            )
        if _BY_IMAGES.isdisjoint(found.facts["NEEDS"]) and extractor is None:
            raise UserError(_("{metric} needs a feature extractor.").format(metric=found.title), _("Choose one."))
        if "logits" in found.facts["NEEDS"] and not (extractor and extractor.classifies):
            able = [name for name, each in components("evaluation.features").items() if each.facts["LOGITS"]]
            raise UserError(
                _("{metric} needs an extractor with class logits.").format(metric=found.title),
                _("Choose {names}.").format(names=one_of(able)),
            )
