"""Keys of metrics with their protocols: only numbers under equal keys are comparable. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from core.language import _, number, plural, sentences
from core.registry import Component, components

Split = Literal["train", "held-out", "all"]

PIXELS = "pixels"
"""Name of the extractor in keys of metrics that are measured on the images themselves."""
SPREAD = "_std"
"""Suffix of a number that is the standard deviation of another."""
_KEY = re.compile(r"Metrics/([a-z0-9_]+)@([a-z0-9_.-]+):([0-9]+):([0-9]+):([a-z-]+)")


@dataclass(frozen=True)
class MetricKey:
    """Protocol of a metric: extractor, counts of generated and real images, and split of the real ones.

    Values are comparable only if their protocols are equal.
    """

    extractor: str
    fake: int
    real: int
    split: Split

    @property
    def text(self) -> str:
        """Protocol for people: "vgg16 features, 2,000 generated against 3,583 training images"."""
        if self.extractor == PIXELS:
            features = _("pixels")
        else:
            features = _("{extractor} features").format(extractor=self.extractor)
        values = {"features": features, "fake": number(self.fake)}
        return {
            "train": plural(
                "{features}, {fake} generated against {count} training image",
                "{features}, {fake} generated against {count} training images",
                self.real,
                **values,
            ),
            "held-out": plural(
                "{features}, {fake} generated against {count} held-out image",
                "{features}, {fake} generated against {count} held-out images",
                self.real,
                **values,
            ),
            "all": plural(
                "{features}, {fake} generated against {count} image of the dataset",
                "{features}, {fake} generated against {count} images of the dataset",
                self.real,
                **values,
            ),
        }[self.split]


def key(number: str, protocol: MetricKey) -> str:
    """Returns the key of a number in `stats.jsonl`: `Metrics/fid@vgg16:2000:3583:train`."""
    return f"Metrics/{number}@{protocol.extractor}:{protocol.fake}:{protocol.real}:{protocol.split}"


def parse(key: str) -> tuple[str, MetricKey]:
    """Parses a key into number and protocol. Raises `ValueError` for other keys."""
    match = _KEY.fullmatch(key)
    if match is None or match[5] not in get_args(Split):
        raise ValueError(f"{key!r} is not the key of a measured number")
    return match[1], MetricKey(match[2], int(match[3]), int(match[4]), cast(Split, match[5]))


def title(number: str) -> str:
    """Returns the title of a number: "FID". Raises `KeyError` if no metric has it."""
    return str(_metric(number).facts["NUMBERS"][number])


def higher_is_better(number: str) -> bool:
    """Returns whether a number should rise. Raises `KeyError` if no metric has it."""
    return bool(_metric(number).facts["HIGHER_IS_BETTER"])


def meaning(number: str) -> str:
    """Returns what a number measures, its blind spots, and the meaning of its spread. Raises `KeyError` if
    no metric has it."""
    said = _metric(number).facts["MEANINGS"]
    return sentences(*(said[name] for name in (number, number + SPREAD) if name in said))


def _metric(number: str) -> Component:
    for metric in components("evaluation.metrics").values():
        if number in metric.facts["NUMBERS"]:
            return metric
    raise KeyError(number)
