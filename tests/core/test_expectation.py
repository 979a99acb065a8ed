"""Expected duration and memory of a training before it begins, from the table of measurements."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from core.config.model_fields import Resolution
from core.config.settings import Settings
from core.monitoring.expectation import (
    BATCHES,
    FIRST_SHAPES,
    GOOD,
    RATES,
    Expectation,
    Machine,
    about,
    expect,
    table_rate,
)
from core.presets import FitContext, preset, presets
from core.registry import components

TWO_CORES = Machine("cpu", 2)
GPU = Machine("cuda", 16)


def fitted(name: str, resolution: int, machine: Machine = TWO_CORES) -> Settings:
    return preset(name).fitted(FitContext(5000, machine.kind != "cpu"), resolution=resolution)


def said(name: str, resolution: int, machine: Machine = TWO_CORES, images: int = 5000, **values: object) -> Expectation:
    return expect(fitted(name, resolution, machine).changed(**values), images, machine)


@pytest.mark.parametrize(
    ("resolution", "shapes", "good"), [(32, 2, range(7, 11)), (64, 2, range(20, 40)), (128, 8, range(25, 36))]
)
def test_it_says_what_was_measured_on_two_cores(resolution: int, shapes: int, good: range) -> None:
    found = said("studio", resolution)
    match = re.fullmatch(r"On this CPU: first shapes in about (\d+) minutes, good in about (\d+) minutes.", found.text)
    assert match, found.text
    assert int(match[1]) == shapes
    assert int(match[2]) in good
    assert not found.is_warning


def test_every_network_and_resolution_has_its_numbers() -> None:
    resolutions = set(get_args(Resolution))
    assert all(set(table) == resolutions for table in (RATES, FIRST_SHAPES, GOOD, BATCHES))
    assert all("COST" in found.facts or found.facts.get("POINTS") for found in components("models").values())
    assert all(FIRST_SHAPES[resolution] < GOOD[resolution] for resolution in resolutions)


@pytest.mark.parametrize("machine", [TWO_CORES, GPU, Machine("mps", 8), Machine("cpu", 64, 3.0)])
@pytest.mark.parametrize("name", presets())
def test_every_preset_gets_a_sentence(name: str, machine: Machine) -> None:
    for resolution in get_args(Resolution):
        found = said(name, resolution, machine)
        assert found.text.endswith(".")
        assert len(found.text) < 160
        assert re.search(r"[Aa]bout \d|less than a minute|Not measured", found.text), found.text


def test_a_translation_says_when_its_outputs_are_better_than_its_inputs() -> None:
    assert said("translate", 64, task="colorize") == Expectation("On this CPU: first results in less than a minute.")
    slow = Machine("cpu", 1)
    assert said("translate", 128, slow, task="colorize").text == (
        "On this CPU: first results in about 4 minutes. A rough estimate: not measured with these settings."
    )
    assert said("translate", 128, slow, task="colorize", minutes=1.0).is_warning
    unknown = "The duration is not known before the start. Stop when the samples are good enough."
    assert said("cut", 64).text == said("translate", 64, GPU, task="colorize").text == unknown


def test_days_are_warned_of_with_what_helps() -> None:
    found = said("wgan_gp", 256)
    assert found == Expectation(
        "Good images take about 3 days on this CPU: lower the resolution to 128 px or use a GPU.", True
    )
    assert "choose the preset Studio or use a GPU." in said("r3gan", 32, Machine("cpu", 2, 0.2)).text
    slow = said("r3gan", 512, Machine("cuda", 2, 0.5))
    assert slow.is_warning
    assert "on this GPU" in slow.text
    assert "use a GPU" not in slow.text


def test_what_was_not_measured_is_a_guess_or_nothing() -> None:
    assert "guess" not in said("studio", 64).text
    assert "A rough estimate" in said("studio", 256).text
    assert "A rough estimate" in said("dcgan", 64).text
    assert "A rough estimate" in said("studio", 64, images=40).text
    assert said("studio", 128, GPU).text == "Not measured on GPUs. The first start measures this one."
    assert "An NVIDIA H200 makes good images in about " in said("studio", 64, GPU).text
    measured = said("studio", 64, Machine("cuda", 16, 20.0))
    assert measured.text.startswith("On this GPU: first shapes in ")


def test_a_measured_speed_counts_more_than_the_number_of_cores() -> None:
    slow, fast = (said("studio", 128, Machine("cpu", 2, speed)).text for speed in (0.25, 4.0))
    assert "good in about 2 hours" in slow
    assert "good in about 7 minutes" in fast


def test_a_training_that_ends_before_first_shapes_is_warned_of() -> None:
    found = said("studio", 128, minutes=1.0)
    assert found.is_warning
    assert found.text.endswith("The time limit ends the training earlier, after 1 minute.")
    assert not said("studio", 128, minutes=20.0).is_warning


def test_the_rate_follows_the_cost_of_the_settings() -> None:
    base = fitted("dcgan", 64)

    def rate(**values: object) -> float:
        return table_rate(base.changed(**values))

    assert rate(width=64) < rate() < rate(width=16)
    assert rate(grid="8x4") == pytest.approx(rate() / 2)
    assert rate(d_steps=5) > rate()  # of five batches only one makes G learn
    assert rate(d_norm="none", r1=1.0) < rate()
    assert rate(d_norm="none", r1=1.0, penalty_interval=16) == pytest.approx(rate(), rel=0.03)
    assert rate(resolution=128) < rate(resolution=32)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (70, "about 1 minute"),
        (200, "about 3 minutes"),
        (22 * 60, "about 20 minutes"),
        (58 * 60, "about 1 hour"),
        (5 * 3600, "about 5 hours"),
        (40 * 3600, "about 2 days"),
    ],
)
def test_durations_are_rounded_as_people_say_them(seconds: float, words: str) -> None:
    assert about(seconds) == words
