"""Presets: valid, explained, and each one trains."""

from __future__ import annotations

import json
from itertools import product
from math import isfinite

import pytest
import torch
from torch import nn

from core.config.settings import Settings, validate
from core.errors import UserError
from core.events import Report, Samples
from core.presets import FASTEST, FitContext, FitRule, Preset, preset, presets
from core.presets.quality import BALANCED, LEVELS, level_of, settings_of
from tests.core.tiny import events_of, tiny_trainer

PAPERS = {
    "gan": "1406.2661",
    "cgan": "1411.1784",
    "dcgan": "1511.06434",
    "infogan": "1606.03657",
    "lsgan": "1611.04076",
    "wgan": "1701.07875",
    "wgan_gp": "1704.00028",
    "sngan": "1802.05957",
    "stylegan2_ada": "2006.06676",
    "r3gan": "2501.05441",
}


def test_the_studio_preset_stands_first() -> None:
    assert next(iter(presets())) == "studio"
    assert Settings().preset == "studio"
    assert set(PAPERS) <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid_and_explained(name: str) -> None:
    found = preset(name)
    settings = found.apply()
    assert found.name == settings.preset == name
    assert {key: getattr(settings, key) for key in found.settings} == found.settings
    assert found.title
    assert found.when.endswith(".")
    assert "\n" not in found.title + found.paper + found.when
    assert (name == "studio") == (found.paper == "")
    assert (name == "studio") == (found.year is None)
    assert name in ("studio", "playground") or f"({found.year})" in found.title
    assert 1 <= found.speed <= FASTEST
    assert found.speed_text == f"Speed {found.speed} of 5"
    assert PAPERS.get(name, "") in found.paper
    assert name == "studio" or "arXiv:" in found.paper


@pytest.mark.parametrize("name", presets())
def test_a_presets_settings_can_be_replaced(name: str) -> None:
    found = preset(name)
    assert found.apply(batch="12", seed=5) == found.apply().changed(batch=12, seed=5)
    with pytest.raises(UserError, match="'batch'"):
        found.apply(batch=1)


@pytest.mark.parametrize("name", presets())
def test_a_presets_settings_survive_json(name: str) -> None:
    settings = preset(name).apply()
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert validate(json.loads(json.dumps(settings.model_dump()))) == settings


@pytest.mark.parametrize("name", presets())
def test_a_preset_fits_itself_to_images_and_device(name: str) -> None:
    found = preset(name)
    for images, accelerator, resolution in product((20, 500, 10**6), (False, True), (16, 256)):
        facts = FitContext(images, accelerator)
        fitted = found.fitted(facts, resolution=resolution, seed=5)
        # What a person chose wins over what fits.
        assert (fitted.preset, fitted.resolution, fitted.seed) == (name, resolution, 5)
        chosen = found.apply(resolution=resolution).model_dump()
        assert found.fitted(facts, **chosen) == found.apply(resolution=resolution)


def test_of_several_fits_the_later_ones_win() -> None:
    fits = (
        FitRule({"width": 16, "batch": 32}, images_below=1000),
        FitRule({"width": 24}, accelerator=False),
        FitRule({"width": 32}, images_below=1000, resolution_from=128),
        FitRule({"batch": 16}, resolution_from=256, resolution_below=512),
    )
    found = Preset("studio", "", "", "", {"width": 64, "batch": 64}, fits)

    def fitted(images: int, accelerator: bool, **values: int) -> tuple[int, int]:
        settings = found.fitted(FitContext(images, accelerator), **values)
        return settings.width, settings.batch

    assert fitted(1000, True) == (64, 64)
    assert fitted(999, True) == (16, 32)
    assert fitted(999, False) == (24, 32)
    assert fitted(999, False, resolution=128) == (32, 32)
    assert fitted(1000, False, resolution=128) == (24, 64)
    assert fitted(999, False, width=8) == (8, 32)
    assert fitted(1000, True, resolution=256) == (64, 16)
    assert fitted(1000, True, resolution=512) == (64, 64)


def test_a_preset_has_settings_for_a_single_task() -> None:
    colorize, repair = (preset("translate").apply(task=task) for task in ("colorize", "repair"))
    assert colorize.changed(task="repair", l1_weight=repair.l1_weight) == repair
    assert repair.l1_weight > colorize.l1_weight  # only hidden pixels, a few, differ from their targets


def test_fits_by_classes_and_by_the_least_number_of_images() -> None:
    fits = (FitRule({"width": 16}, labeled=True), FitRule({"width": 24}, labeled=False, images_from=1000))
    found = Preset("studio", "", "", "", {"width": 64}, fits)

    def width(images: int, classes: int) -> int:
        return found.fitted(FitContext(images, False, classes)).width

    assert width(1000, 10) == 16
    assert width(1000, 21) == 24  # fewer than 50 images in each class: they are not worth being told apart
    assert width(1000, 1) == width(1000, 0) == 24
    assert width(999, 0) == 64
    assert width(100, 2) == 16


@pytest.mark.parametrize(
    ("images", "classes", "expected"),
    [(5000, 10, "auxiliary"), (10_000, 0, "auxiliary"), (9_999, 0, "none"), (99, 0, "none")],
)
def test_the_studio_preset_uses_classes_or_clusters(images: int, classes: int, expected: str) -> None:
    settings = preset("studio").fitted(FitContext(images, False, classes))
    assert settings.condition == expected
    assert bool(settings.clusters) == (expected == "auxiliary" and not classes)


@pytest.mark.parametrize("accelerator", [False, True])
@pytest.mark.parametrize(
    ("images", "resolution", "expected"),
    [
        (5000, 32, ("dcgan", "diffaug")),
        (5000, 64, ("smooth", "ada")),
        (100, 32, ("dcgan", "diffaug")),
        (100, 128, ("smooth", "diffaug")),
    ],
)
def test_the_studio_preset_chooses_by_resolution_and_number_of_images(
    accelerator: bool, images: int, resolution: int, expected: tuple[str, str]
) -> None:
    settings = preset("studio").fitted(FitContext(images, accelerator), resolution=resolution)
    assert (settings.network, settings.augment) == expected
    assert settings.spectral_norm == (resolution >= 64)
    assert settings.width == (64 if accelerator and images > 1000 else 24 if resolution >= 64 else 32)


@pytest.mark.parametrize(("resolution", "width", "batch"), [(32, 64, 256), (64, 64, 128)])
def test_the_studio_preset_fills_a_gpu(resolution: int, width: int, batch: int) -> None:
    settings = preset("studio").fitted(FitContext(1000, True), resolution=resolution)
    assert (settings.width, settings.batch) == (width, batch)


@pytest.mark.parametrize(("images", "resolution"), [(999, 32), (999, 64), (10**6, 128), (10**6, 512)])
def test_the_studio_preset_keeps_what_was_measured_where_a_gpu_was_not(images: int, resolution: int) -> None:
    on_gpu, on_cpu = (preset("studio").fitted(FitContext(images, gpu), resolution=resolution) for gpu in (True, False))
    assert on_gpu == on_cpu


@pytest.mark.parametrize("accelerator", [False, True])
@pytest.mark.parametrize("resolution", [16, 32, 64, 128, 512])
def test_the_studio_preset_trains_on_few_images(resolution: int, accelerator: bool) -> None:
    for images in (10, 50, 99, 100, 999, 1000):
        settings = preset("studio").fitted(FitContext(images, accelerator), resolution=resolution)
        assert settings.batch <= images * (1 - settings.holdout / 100)


def test_an_unknown_preset_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="'stylegan9'") as caught:
        preset("stylegan9")
    assert all(name in caught.value.remedy for name in presets())


def flat(network: nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


@pytest.mark.parametrize("name", presets())
def test_every_preset_trains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    trainer = tiny_trainer(name, steps=3)
    settings = trainer.settings
    assert settings.d_steps == preset(name).apply().d_steps
    before = {part: flat(network) for part, network in (("G", trainer.G), ("D", trainer.D))}
    events = events_of(trainer)
    reports = [event for event in events if isinstance(event, Report)]
    assert [report.step for report in reports] == [1, 2, 3]
    for report in reports:
        assert report.images == report.step * settings.d_steps * settings.batch
        assert {"Loss/G/loss", "Loss/D/loss", "Loss/scores/real", "Loss/scores/fake"} <= report.stats.keys()
        assert all(isfinite(value) for value in report.stats.values()), report
    for part, network in (("G", trainer.G), ("D", trainer.D)):
        moved = (flat(network) != before[part]).float().mean()
        assert moved > 0.5, part
        assert torch.isfinite(flat(network)).all(), part
    columns = tuple(map(str, range(settings.codes_categorical)))
    if settings.condition != "none":
        columns = trainer.dataset.classes
    samples = [event for event in events if isinstance(event, Samples)]
    assert bool(samples) != settings.points
    assert all(event.columns == columns for event in samples)
    assert all(event.images.shape[1:] == (16, 16, 3) for event in samples)


def test_what_the_reports_of_special_presets_hold() -> None:
    def stats(name: str) -> set[str]:
        (report,) = (
            event for event in events_of(tiny_trainer(name, signals=False, steps=1)) if isinstance(event, Report)
        )
        return set(report.stats)

    plain = stats("dcgan")
    assert {"Score/real", "Score/fake"} <= plain
    assert stats("infogan") - plain == {"Loss/information"}
    assert stats("wgan_gp") - plain == {"Loss/D/penalty"}
    conditional = tiny_trainer("dcgan", signals=False, steps=1, condition="auxiliary")
    (report,) = (event for event in events_of(conditional) if isinstance(event, Report))
    assert report.stats.keys() - plain == {"Loss/D/labels", "Loss/G/labels"}
    assert stats("stylegan2_ada") - plain == {"Loss/D/penalty", "Augment/p"}
    # The critic's scores are no probabilities.
    for name in ("wgan", "wgan_gp", "lsgan", "sngan"):
        assert not {"Score/real", "Score/fake"} & stats(name)


def test_clipping_bounds_the_critics_weights() -> None:
    trainer = tiny_trainer("wgan", steps=2)
    assert flat(trainer.D).abs().max() > 0.01
    events_of(trainer)
    assert flat(trainer.D).abs().max() == pytest.approx(0.01)
    assert flat(trainer.G).abs().max() > 0.01


# -- quality against speed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets())
def test_every_level_of_every_preset_can_be(name: str) -> None:
    recipe = preset(name).fitted(FitContext(5000, False), resolution=64)
    values = recipe.model_dump()
    widths = []
    for level in range(len(LEVELS)):
        changed = settings_of(level, values, images=5000)
        widths.append(recipe.changed(**changed).width)
        assert level_of({**values, **changed}, values, 5000) == level
    assert widths == sorted(set(widths))
    assert level_of(values, values, 5000) == BALANCED
    assert level_of({**values, "width": recipe.width + 1}, values, 5000) is None


def test_a_level_keeps_within_the_bounds_and_the_number_of_images() -> None:
    assert settings_of(0, {"width": 8, "batch": 16}, 5000) == {"width": 8, "batch": 16}
    assert settings_of(4, {"width": 400, "batch": 16}, 20) == {"width": 512, "batch": 20}
    assert level_of({"width": 8, "batch": 16}, {"width": 8, "batch": 16}, 5000) == BALANCED
