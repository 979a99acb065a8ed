"""Keys of metrics, which hold how a number was measured: only numbers under equal keys are comparable. Imports no
torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from core.registry import Component, components

Split = Literal["train", "held-out", "all"]

PIXELS = "pixels"
"""Stands for the extractor of numbers that are measured on the images themselves."""
SPREAD = "_std"
"""How the name ends of a number that is the standard deviation of another."""
_KEY = re.compile(r"Metrics/([a-z0-9_]+)@([a-z0-9_.-]+):([0-9]+):([0-9]+):([a-z-]+)")
_REAL = {"train": "training images", "held-out": "held-out images", "all": "images of the dataset"}


@dataclass(frozen=True)
class MetricKey:
    """Features of which extractor, of how many generated and real images, and which real ones. Two numbers can be
    compared when their protocols are equal, and not otherwise: all of it moves them."""

    extractor: str
    fake: int
    real: int
    split: Split

    @property
    def text(self) -> str:
        """For people."""
        features = "pixels" if self.extractor == PIXELS else f"{self.extractor} features"
        return f"{features}, {self.fake:,} generated against {self.real:,} {_REAL[self.split]}"


def key(number: str, protocol: MetricKey) -> str:
    """What a number is called in `stats.jsonl`: `Metrics/fid@vgg16:2000:3583:train`."""
    return f"Metrics/{number}@{protocol.extractor}:{protocol.fake}:{protocol.real}:{protocol.split}"


def parse(key: str) -> tuple[str, MetricKey]:
    """The number and the protocol of a key. Raises `ValueError` for what is no such key."""
    match = _KEY.fullmatch(key)
    if match is None or match[5] not in get_args(Split):
        raise ValueError(f"{key!r} is not the key of a measured number")
    return match[1], MetricKey(match[2], int(match[3]), int(match[4]), cast(Split, match[5]))


def title(number: str) -> str:
    """What people call a number: "FID". Raises `KeyError` for one that no metric gives."""
    return str(_metric(number).facts["NUMBERS"][number])


def higher_is_better(number: str) -> bool:
    """Raises `KeyError` for a number that no metric gives."""
    return bool(_metric(number).facts["HIGHER_IS_BETTER"])


def meaning(number: str) -> str:
    """What a number says of the images, what it does not see, and what its spread says. Raises `KeyError` for one that
    no metric gives."""
    said = _metric(number).facts["MEANINGS"]
    return " ".join(said[name] for name in (number, number + SPREAD) if name in said)


def _metric(number: str) -> Component:
    for metric in components("evaluation.metrics").values():
        if number in metric.facts["NUMBERS"]:
            return metric
    raise KeyError(number)
