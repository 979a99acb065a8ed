"""Keys of metrics: numbers that cannot be compared have different keys."""

from __future__ import annotations

import pytest

from core.registry import components
from core.stats.metric_key import MetricKey, higher_is_better, key, meaning, parse, title


def test_a_key_says_all_that_moves_the_number() -> None:
    protocol = MetricKey("vgg16", 2000, 3583, "train")
    assert key("fid", protocol) == "Metrics/fid@vgg16:2000:3583:train"
    assert protocol.text == "vgg16 features, 2,000 generated against 3,583 training images"


@pytest.mark.parametrize("extractor", ["vgg16", "inception", "inception-6726825d", "pixels"])
@pytest.mark.parametrize("split", ["train", "held-out", "all"])
def test_keys_are_read_back(extractor: str, split: str) -> None:
    protocol = MetricKey(extractor, 10, 20, split)  # type: ignore[arg-type]
    assert parse(key("kid_std", protocol)) == ("kid_std", protocol)


@pytest.mark.parametrize(
    "text",
    [
        "Loss/G/loss",
        "Metrics/fid",
        "Metrics/fid@vgg16:10:20:test",
        "Metrics/fid@vgg16:10:train",
        "Metrics/fid@:1:2:all",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the key"):
        parse(text)


def test_every_number_has_a_title_a_meaning_and_a_direction() -> None:
    numbers = [number for metric in components("evaluation.metrics").values() for number in metric.facts["NUMBERS"]]
    neighbors = ["precision", "recall", "symmetric_precision", "symmetric_recall", "density", "coverage"]
    assert sorted(numbers) == sorted(["fid", "kid", "kid_std", "is", "is_std", "swd", "psnr", "ssim", *neighbors])
    assert title("fid") == "FID"
    assert {number for number in numbers if higher_is_better(number)} == {"is", "is_std", "psnr", "ssim", *neighbors}
    assert all(meaning(number).endswith(".") for number in numbers)
    with pytest.raises(KeyError):
        title("beauty")
