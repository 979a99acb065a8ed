"""`make bench-rank`: rank correlation of metrics with the severity of corruptions of labeled images."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from statistics import harmonic_mean
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Preparation  # noqa: E402
from core.data.dataset import Dataset  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.data.records import Records  # noqa: E402
from core.evaluation.features import Extractor, build  # noqa: E402
from core.evaluation.features.dataset_features import joined, pictures  # noqa: E402
from core.evaluation.metrics import ImageSet, metric  # noqa: E402
from core.evaluation.metrics.swd import MOST_IMAGES  # noqa: E402
from core.events import Images, Notice  # noqa: E402
from core.registry import components  # noqa: E402
from core.stats import metric_key  # noqa: E402  # the path first

T = TypeVar("T")
SEVERITIES = 5
BLUR = (0.5, 0.8, 1.2, 1.8, 2.6)
"""Radius of the Gaussian blur in pixels of 32 px images."""
NOISE = (12.0, 25.0, 40.0, 60.0, 90.0)
"""Standard deviation of the noise, of 255."""
CONTRAST = (0.75, 0.55, 0.4, 0.25, 0.12)
"""Remaining contrast around middle gray."""
LEFT = (0.8, 0.6, 0.4, 0.3, 0.2)
"""Fraction of the classes that remain."""
KINDS = ("blur", "noise", "contrast", "fewer modes")
PAIRS = (("precision", "recall"), ("symmetric_precision", "symmetric_recall"), ("density", "coverage"))
"""Pairs of metrics for fidelity and diversity; their harmonic mean combines both."""
BLIND = {"precision", "symmetric_precision", "density"}
"""Metrics of fidelity alone, which do not detect missing modes."""
Sides = tuple[ImageSet, ImageSet]
Sets = dict[object, list[ImageSet]]
"""Image sets without corruption (key 0), and by corruption and severity; several sets of a severity are averaged."""
Values = dict[object, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="labeled images, such as download:cifar10")
    parser.add_argument("--count", type=int, default=1000, help="images of each corruption")
    parser.add_argument("--real", type=int, default=3000, help="other images that they are compared with")
    parser.add_argument("--extractors", nargs="*", default=["vgg16", "classifier"])
    parser.add_argument("--seed", type=int, default=0, help="by which the images are halved")
    options = parser.parse_args()
    dataset, others = _halves(_prepared(options.data), options.seed)
    real = pictures(dataset, _drawn(len(dataset.images), options.real))
    print(f"{options.count} images of each corruption against {len(real)} others, {dataset.title}\n")
    print(
        f"| number | corruption | as they are | {' | '.join(f'severity {s + 1}' for s in range(SEVERITIES))} | rank |"
    )
    print(f"| --- | --- | {'--- | ' * (SEVERITIES + 2)}")
    for name in options.extractors:
        _by_features(name, dataset, others, real, options.count)
    _by_images(others, real, options.count)


def _by_features(name: str, dataset: Dataset, others: Dataset, real: Images, count: int) -> None:
    extractor = finished(build(name, dataset, torch.device("cpu")))
    against = _side(extractor, real)
    sets = _sets(others, count, lambda images: _side(extractor, images))
    values: Values = {what: {} for what in sets}
    for each, found in components("evaluation.metrics").items():
        needs = found.facts["NEEDS"]
        if "images" not in needs and not ("logits" in needs and against.logits is None):
            _table(each, name, sets, against, values)
    for one, other in PAIRS:
        both = {what: harmonic_mean((found[one], found[other])) for what, found in values.items()}
        _rows(f"{metric_key.title(one)} and {metric_key.title(other).lower()}, {name}", both, -1)


def _by_images(others: Dataset, real: Images, count: int) -> None:
    count = min(len(real), MOST_IMAGES, count)
    against = ImageSet(images=real[_drawn(len(real), count)])
    sets = _sets(others, count, lambda images: ImageSet(images=images))
    for each, found in components("evaluation.metrics").items():
        if "images" in found.facts["NEEDS"]:
            _table(each, metric_key.PIXELS, sets, against, {what: {} for what in sets})


def _table(name: str, extractor: str, sets: Sets, against: ImageSet, values: Values) -> None:
    """Adds the numbers of a metric to the `values` of each set, and prints them."""
    for what, sides in sets.items():
        found = [finished(metric(name).measure(*_as_many(side, against))) for side in sides]
        values[what] |= {number: float(np.mean([each[number] for each in found])) for number in found[0]}
    for number in components("evaluation.metrics")[name].facts["NUMBERS"]:
        if not number.endswith("_std"):
            sign = -1 if metric_key.higher_is_better(number) else 1
            of_number = {what: found[number] for what, found in values.items()}
            _rows(f"{metric_key.title(number)}, {extractor}", of_number, sign, number in BLIND)


def _as_many(one: ImageSet, other: ImageSet) -> Sides:
    """Returns both sides with equally many images."""
    if one.images is None or other.images is None:
        return one, other
    count = min(len(one.images), len(other.images))
    return ImageSet(images=one.images[:count]), ImageSet(images=other.images[:count])


def _rows(title: str, values: dict[object, float], sign: int, is_blind: bool = False) -> None:
    for kind in KINDS:
        found = [values[kind, severity] for severity in range(SEVERITIES)]
        rank = sign * spearman(np.arange(SEVERITIES), np.array(found))
        shown = " | ".join(f"{value:.4g}" for value in (values[0], *found))
        blind = ", blind to it" if is_blind and kind == "fewer modes" else ""
        print(f"| {title} | {kind}{blind} | {shown} | {rank:.2f} |", flush=True)


def spearman(one: NDArray[np.number], other: NDArray[np.number]) -> float:
    """Returns the rank correlation, with mean ranks for ties; 0 if all values are equal."""
    ranks = [(values[:, None] > values).sum(1) + (values[:, None] == values).sum(1) / 2 for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if all(rank.std() > 0 for rank in ranks) else 0.0


def _sets(dataset: Dataset, count: int, extract: Callable[[Images], ImageSet]) -> Sets:
    everything = pictures(dataset, np.arange(len(dataset.images)))
    seen = extract(everything)
    as_they_are = _in_turn(dataset, count, 1.0)
    plain = everything[as_they_are[0]]
    found: Sets = {0: [_part(seen, rows) for rows in as_they_are]}
    for severity in range(SEVERITIES):
        noise = np.random.default_rng(0).normal(0, NOISE[severity], plain.shape)
        found["blur", severity] = [extract(_blurred(plain, BLUR[severity]))]
        found["noise", severity] = [extract(_bytes(plain + noise))]
        found["contrast", severity] = [extract(_bytes(127.5 + CONTRAST[severity] * (plain - 127.5)))]
        found["fewer modes", severity] = [_part(seen, rows) for rows in _in_turn(dataset, count, LEFT[severity])]
    return found


def _in_turn(dataset: Dataset, count: int, part: float) -> list[NDArray[np.int64]]:
    """Returns rows with equally many images of each remaining class. Every class is left out equally often, because the
    choice of classes would otherwise matter more than their number."""
    assert dataset.labels is not None
    classes = len(dataset.classes)
    left = round(part * classes)
    random = np.random.RandomState(left)
    turns = []
    for start in range(1 if left == classes else classes):
        kept = [(start + number) % classes for number in range(left)]
        each = [random.permutation(np.flatnonzero(dataset.labels == label))[: count // left] for label in kept]
        turns.append(np.sort(np.concatenate(each)))
    return turns


def _part(side: ImageSet, rows: NDArray[np.int64]) -> ImageSet:
    return side._replace(**{name: values[rows] for name, values in side._asdict().items() if values is not None})


def _blurred(images: Images, radius: float) -> Images:
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))) for image in images])


def _bytes(values: NDArray[np.floating[Any]]) -> Images:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _side(extractor: Extractor, images: Images) -> ImageSet:
    parts = [extractor(images[start : start + extractor.at_once]) for start in range(0, len(images), extractor.at_once)]
    found = joined(parts)
    logits = None if found.logits is None else found.logits.astype(np.float64)
    return ImageSet(found.values.astype(np.float64), logits)


def _prepared(data: str) -> Dataset:
    how = Preparation((32, 32))
    return run_to_end(prepare(data, how))


def _halves(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Splits a dataset at random into two in memory."""
    assert dataset.labels is not None
    order = np.random.RandomState(seed).permutation(len(dataset.images))
    halves = []
    for number, rows in enumerate(np.array_split(order, 2)):
        images = np.asarray(dataset.images[rows])
        labels = np.asarray(dataset.labels)[rows]
        halves.append(
            replace(
                dataset, images=images, labels=labels, records=Records.none(), fingerprint=f"half {number} of {seed}"
            )
        )
    return halves[0], halves[1]


def _drawn(total: int, count: int) -> NDArray[np.int64]:
    return np.sort(np.random.RandomState(1).permutation(total)[:count])


def finished(work: Generator[object, None, T]) -> T:
    """Runs a generator to its end and returns the result; prints every `Notice`."""

    def show(event: object) -> None:
        if isinstance(event, Notice):
            print(event.text, file=sys.stderr, flush=True)

    return run_to_end(work, show)


if __name__ == "__main__":
    main()
