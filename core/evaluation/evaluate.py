"""Evaluation of a generator by metrics of real and generated images, in small steps beside a training."""

from __future__ import annotations

from collections.abc import Generator, Iterable

import numpy as np
from numpy.typing import NDArray

from core.concurrency import run_in_thread
from core.data.dataset import Dataset
from core.devices.memory import BatchLimit, enough_memory
from core.errors import UserError
from core.evaluation.features import Extractor, Features
from core.evaluation.features.dataset_features import features_of, joined, pictures, real_features
from core.evaluation.metrics import ImageSet, Work, chosen, metric
from core.evaluation.metrics.swd import MOST_IMAGES
from core.events import Images, Measured, Progress
from core.language import _, number, one_of, plural
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.registry import Component, components
from core.stats.metric_key import PIXELS, MetricKey, Split, key

LEAST = 20
"""Fewest images of either set: nearest neighbors, and subsets, need some."""
MOST_BYTES = 2**28
"""Limit of the images of either set that are kept for metrics on the images themselves, in bytes."""
_PIXELS = 2**16
"""Pixels that are generated at once: 16 images of 64 px."""

RowNumbers = NDArray[np.int64]


def evaluate(
    sampler: Sampler,
    dataset: Dataset,
    metrics: Iterable[str],
    extractor: Extractor | None,
    count: int,
    rows: RowNumbers | None = None,
    split: Split = "all",
) -> Generator[Progress, None, Measured]:
    """Measures images of the seeds 0 to `count` - 1 against rows of the dataset; returns `Measured`.

    `sampler`: must keep its weights meanwhile; pass a copy if it follows a training. Seeds take the classes in turn, so
    a conditional generator makes equal numbers of images of each class. `extractor`: from
    `core.evaluation.features.build`, None if no metric needs features. `rows`: None for all. Yields `Progress` about
    every 0.1 s. Uses random generators of its own, and caches features of the real images with the dataset. Raises
    `UserError` for metrics, extractors and images that do not fit together, and if memory is full.
    """
    with enough_memory(_("There is not enough memory to measure the images."), device=sampler.device):
        return (yield from _evaluation(sampler, dataset, chosen(metrics), extractor, count, rows, split))


def _evaluation(
    sampler: Sampler,
    dataset: Dataset,
    wanted: dict[str, Component],
    extractor: Extractor | None,
    count: int,
    rows: RowNumbers | None,
    split: Split,
) -> Generator[Progress, None, Measured]:
    rows = np.arange(len(dataset.images), dtype=np.int64) if rows is None else rows
    refuse_other_images(sampler, dataset)
    _refuse(wanted, extractor, min(count, len(rows)))
    by_features = extractor if any("images" not in found.facts["NEEDS"] for found in wanted.values()) else None
    by_images = any("images" in found.facts["NEEDS"] for found in wanted.values())
    image_count = _image_count(dataset, count, len(rows)) if by_images else 0

    real = (yield from real_features(dataset, rows, by_features)) if by_features else None
    fake, images = yield from _generated(sampler, by_features, count if by_features else image_count, image_count)
    sides = _side(fake), _side(real)
    values: dict[str, float] = {}
    for name, found in wanted.items():
        if "images" in found.facts["NEEDS"]:
            chosen_rows = np.sort(np.random.RandomState(0).permutation(rows)[:image_count])
            pair = (ImageSet(images=images), ImageSet(images=pictures(dataset, chosen_rows)))
            protocol = MetricKey(PIXELS, image_count, image_count, split)
        else:
            assert by_features is not None
            pair, protocol = sides, MetricKey(by_features.name, count, len(rows), split)
        numbers = yield from _measured(name, found, pair)
        values |= {key(number, protocol): value for number, value in numbers.items()}
    meta = sampler.meta
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
    sampler: Sampler, extractor: Extractor | None, count: int, image_count: int
) -> Generator[Progress, None, tuple[Features | None, Images]]:
    """Returns features of the images of seeds 0 to `count` - 1, and the first `image_count` of the images."""
    width, height = sampler.meta.settings.size
    at_once = min(max(_PIXELS // (width * height), 1), 16)
    features: list[Features] = []
    limit = BatchLimit(extractor.at_once if extractor else 1, sampler.device)
    images = np.zeros((image_count, height, width, sampler.meta.channels), np.uint8)
    for start in range(0, count, at_once):
        yield Progress(_("Generating images"), start, count)
        made = sampler.render(LatentRequest.of_seeds(range(start, min(start + at_once, count))))
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


def refuse_other_images(sampler: Sampler, dataset: Dataset) -> None:
    """Raises `UserError` if the dataset's images differ from the generator's in kind, size or channels."""
    if dataset.points or sampler.meta.settings.points:
        raise UserError(
            _("The metrics are for images, not for points."), _("Choose a generator and a dataset of images.")
        )
    if (sampler.meta.settings.size, sampler.meta.channels) != (dataset.size, dataset.images.shape[1]):
        width, height = sampler.meta.settings.size
        raise UserError(
            _(
                "The generated images are {width} x {height} with {channels} channels, those of the dataset "
                "{dataset_width} x {dataset_height} with {dataset_channels}."
            ).format(
                width=width,
                height=height,
                channels=sampler.meta.channels,
                dataset_width=dataset.size[0],
                dataset_height=dataset.size[1],
                dataset_channels=dataset.images.shape[1],
            ),
            _("Open the dataset that the generator was trained on, with the same preparation."),
        )


def _refuse(wanted: dict[str, Component], extractor: Extractor | None, fewest: int) -> None:
    """Raises `UserError` for too few images, and for a missing or unsuitable extractor."""
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
        if "images" not in found.facts["NEEDS"] and extractor is None:
            raise UserError(_("{metric} needs a feature extractor.").format(metric=found.title), _("Choose one."))
        if "logits" in found.facts["NEEDS"] and not (extractor and extractor.classifies):
            able = [name for name, each in components("evaluation.features").items() if each.facts["LOGITS"]]
            raise UserError(
                _("{metric} needs an extractor with class logits.").format(metric=found.title),
                _("Choose {names}.").format(names=one_of(able)),
            )
