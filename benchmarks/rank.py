"""`make bench-rank`: whether metrics follow what the eye sees: labelled images, corrupted more and more, and ranks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from core import protocol  # noqa: E402  # the path first
from core.data import Dataset, Preparation, prepare  # noqa: E402
from core.data.records import Records  # noqa: E402
from core.events import Images, Notice  # noqa: E402
from core.features import Extractor, build  # noqa: E402
from core.features.real import joined, pictures  # noqa: E402
from core.metrics import Side, metric  # noqa: E402
from core.metrics.swd import MOST_IMAGES  # noqa: E402
from core.registry import components  # noqa: E402

T = TypeVar("T")
SEVERITIES = 5
BLUR = (0.5, 0.8, 1.2, 1.8, 2.6)
"""Radius of a Gaussian, in pixels of 32."""
NOISE = (12.0, 25.0, 40.0, 60.0, 90.0)
"""Standard deviation, in bytes."""
CONTRAST = (0.75, 0.55, 0.4, 0.25, 0.12)
"""What is left of it, about the middle grey."""
TAKEN_OVER = (0.2, 0.4, 0.6, 0.8, 1.0)
"""The part of the images that two of the classes have taken from all the others."""
KINDS = ("blur", "noise", "contrast", "fewer modes")
BLIND = {("precision", "fewer modes"), ("density", "fewer modes")}
"""They say whether images look real, and nothing about how many kinds there are."""
Sides = tuple[Side, Side]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="labelled images, such as download:cifar10")
    parser.add_argument("--count", type=int, default=1000, help="images of each corruption")
    parser.add_argument("--real", type=int, default=3000, help="other images that they are compared with")
    parser.add_argument("--extractors", nargs="+", default=["vgg16", "classifier"])
    options = parser.parse_args()
    dataset, others = _halves(_prepared(options.data))
    sets = {0: _plain(others, options.count), **_corrupted(others, options.count)}
    real = pictures(dataset, _drawn(len(dataset.images), options.real))
    print(f"{options.count} images of each corruption against {len(real)} others, {dataset.title}\n")
    print(
        f"| number | corruption | as they are | {' | '.join(f'severity {s + 1}' for s in range(SEVERITIES))} | rank |"
    )
    print(f"| --- | --- | {'--- | ' * (SEVERITIES + 2)}")
    for name in options.extractors:
        _by_features(name, dataset, sets, real)
    _by_images(sets, real)


def _by_features(name: str, dataset: Dataset, sets: dict[object, Images], real: Images) -> None:
    extractor = finished(build(name, dataset, torch.device("cpu")))
    sides = {what: _side(extractor, images) for what, images in sets.items()}
    against = _side(extractor, real)
    for each, found in components("metrics").items():
        needs = found.facts["NEEDS"]
        if "images" not in needs and not ("logits" in needs and against.logits is None):
            _table(each, name, {what: (side, against) for what, side in sides.items()})


def _by_images(sets: dict[object, Images], real: Images) -> None:
    count = min(len(real), MOST_IMAGES, len(sets[0]))
    against = Side(images=real[_drawn(len(real), count)])
    for each, found in components("metrics").items():
        if "images" in found.facts["NEEDS"]:
            _table(
                each, protocol.PIXELS, {what: (Side(images=images[:count]), against) for what, images in sets.items()}
            )


def _table(name: str, extractor: str, pairs: dict[object, Sides]) -> None:
    values = {what: finished(metric(name).measure(*pair)) for what, pair in pairs.items()}
    for number in values[0]:
        if number.endswith("_std"):
            continue
        sign = -1 if protocol.higher_is_better(number) else 1
        for kind in KINDS:
            found = [values[kind, severity][number] for severity in range(SEVERITIES)]
            rank = sign * spearman(np.arange(SEVERITIES), np.array(found))
            shown = " | ".join(f"{value:.4g}" for value in (values[0][number], *found))
            blind = ", blind to it" if (number, kind) in BLIND else ""
            print(f"| {protocol.title(number)}, {extractor} | {kind}{blind} | {shown} | {rank:.2f} |", flush=True)


def spearman(one: NDArray[np.number], other: NDArray[np.number]) -> float:
    """Correlation of ranks, of which equal values share the mean; 0 where all are equal."""
    ranks = [(values[:, None] > values).sum(1) + (values[:, None] == values).sum(1) / 2 for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if all(rank.std() > 0 for rank in ranks) else 0.0


def _corrupted(dataset: Dataset, count: int) -> dict[object, Images]:
    plain = _plain(dataset, count)
    found: dict[object, Images] = {}
    for severity in range(SEVERITIES):
        found["blur", severity] = _blurred(plain, BLUR[severity])
        noise = np.random.default_rng(0).normal(0, NOISE[severity], plain.shape)
        found["noise", severity] = _bytes(plain + noise)
        found["contrast", severity] = _bytes(127.5 + CONTRAST[severity] * (plain - 127.5))
        found["fewer modes", severity] = _taken_over(dataset, count, TAKEN_OVER[severity])
    return found


def _plain(dataset: Dataset, count: int) -> Images:
    return _taken_over(dataset, count, 0.0)


def _taken_over(dataset: Dataset, count: int, part: float) -> Images:
    """As many images of each class, but that the first two have taken this part of the others' places."""
    assert dataset.labels is not None
    classes = len(dataset.classes)
    each = round(count / classes * (1 - part))
    wanted = [each] * classes
    wanted[:2] = [(count - each * (classes - 2)) // 2] * 2
    rows = [np.flatnonzero(dataset.labels == label)[:number] for label, number in enumerate(wanted)]
    return pictures(dataset, np.sort(np.concatenate(rows)))


def _blurred(images: Images, radius: float) -> Images:
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))) for image in images])


def _bytes(values: NDArray[np.floating[Any]]) -> Images:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _side(extractor: Extractor, images: Images) -> Side:
    parts = [extractor(images[start : start + extractor.at_once]) for start in range(0, len(images), extractor.at_once)]
    found = joined(parts)
    logits = None if found.logits is None else found.logits.astype(np.float64)
    return Side(found.values.astype(np.float64), logits)


def _prepared(data: str) -> Dataset:
    how = Preparation((32, 32))
    return next(event for event in prepare(data, how) if isinstance(event, Dataset))


def _halves(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Two datasets at random, in memory."""
    assert dataset.labels is not None
    order = np.random.RandomState(0).permutation(len(dataset.images))
    halves = []
    for number, rows in enumerate(np.array_split(order, 2)):
        images = np.asarray(dataset.images[rows])
        labels = np.asarray(dataset.labels)[rows]
        halves.append(
            replace(dataset, images=images, labels=labels, records=Records.none(), fingerprint=f"half {number}")
        )
    return halves[0], halves[1]


def _drawn(total: int, count: int) -> NDArray[np.int64]:
    return np.sort(np.random.RandomState(1).permutation(total)[:count])


def finished(work: Generator[object, None, T]) -> T:
    while True:
        try:
            event = next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(event, Notice):
            print(event.text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
