"""Presets of translations: each fits its tasks and trains, and what cannot work together has a reason and a remedy."""

from __future__ import annotations

from itertools import product
from math import isfinite
from typing import Any

import pytest
import torch

from core.checkpoint import Checkpoint
from core.config.applies import applies
from core.config.constraints import impossible
from core.config.settings import Settings, validate
from core.errors import UserError
from core.events import Report
from core.presets import FASTEST, FitContext, all_presets, preset, presets
from core.presets.settings_diff import of_preset
from core.registry import components
from core.translation.patch_discriminator import PatchDiscriminator
from core.translation_trainer import TranslationTrainer
from tests.core.tiny import FIXED, TINY, copied, dataset_for, differences, run_to

TASKS = [name for name in components("translation.tasks") if name != "generate"]
TRANSLATIONS = [name for name, found in all_presets().items() if found.task != "generate"]
PAPERS = {
    "pix2pix": "1611.07004",
    "cyclegan": "1703.10593",
    "cut": "2007.15651",
    "fastcut": "2007.15651",
    "srgan": "1609.04802",
    "esrgan": "1809.00219",
}


def refused(**values: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        validate(values)
    return caught.value


# -- presets ---------------------------------------------------------------------------------------------------------


def test_each_task_has_presets_and_its_default_first() -> None:
    assert "translate" not in presets()
    assert [*presets(), *TRANSLATIONS] == list(all_presets())
    assert {*TRANSLATIONS} == {"translate", *PAPERS}
    for task in TASKS:
        assert next(iter(presets(task))) == "translate"
        for name, found in presets(task).items():
            assert found.apply(task=task).task == task
            assert name in TRANSLATIONS
    assert set(presets("unpaired")) == {"translate", "cyclegan", "cut", "fastcut"}
    assert set(presets("enlarge")) == {"translate", "srgan", "esrgan"}
    assert set(presets("pairs")) == {"translate", "pix2pix", "esrgan"}


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_preset_is_explained_and_fits_itself(name: str) -> None:
    found = preset(name)
    settings = found.apply()
    assert settings.task == found.task
    assert {key: getattr(settings, key) for key in found.settings} == found.settings
    assert PAPERS.get(name, "") in found.paper
    assert (found.paper == "") == (found.year is None) == (name == "translate")
    assert name == "translate" or f"({found.year})" in found.title
    assert 1 <= found.speed <= FASTEST
    assert all(applies(key, settings) for key in found.settings)
    for images, accelerator, resolution in product((20, 500, 10**6), (False, True), (16, 64, 256)):
        fitted = found.fitted(FitContext(images, accelerator), resolution=str(resolution), seed=5)
        assert (fitted.preset, fitted.resolution, fitted.seed) == (name, resolution, 5)
        assert fitted.batch <= 0.9 * images
    with pytest.raises(UserError, match="'resolution'"):
        found.fitted(FitContext(100, False), resolution="wide")


def test_without_pairs_the_default_preset_takes_another_method() -> None:
    found = preset("translate")
    assert found.apply().method == "paired"
    assert found.apply(task="unpaired").method == "cycle"
    assert found.fitted(FitContext(5000, False), task="unpaired").method == "cycle"
    assert found.apply(task="unpaired", method="contrastive").method == "contrastive"
    with pytest.raises(UserError, match="needs the target"):
        preset("pix2pix").apply(task="unpaired")


def test_settings_are_compared_with_their_preset_for_the_task() -> None:
    settings = preset("translate").apply(task="unpaired", width=48)
    assert of_preset(settings) == settings.changed(width=32)
    elsewhere = preset("cut").apply().changed(preset="pix2pix")
    assert of_preset(elsewhere) == Settings(preset="pix2pix")


# -- constraints -----------------------------------------------------------------------------------------------------

COLORS = {"task": "colorize"}
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "pairs for cycles": ({**COLORS, "method": "cycle"}, "Cycle is for images without pairs", "method to Paired."),
    "no pairs": ({"task": "unpaired"}, "Paired needs the target of each input", "to Cycle or Contrastive."),
    "a U-Net that enlarges": (
        {"task": "enlarge", "translator": "unet"},
        "U-Net (pix2pix) cannot make images that are 4 times as large",
        "SRResNet (SRGAN)",
    ),
    "an enlarging network for the same size": (
        {**COLORS, "translator": "srresnet"},
        "makes images that are larger",
        "Light U-Net",
    ),
    "sides between powers of two": (
        {**COLORS, "translator": "unet", "grid": "6x4"},
        "multiples of 64 px",
        "another translator",
    ),
    "sides that are no multiples": ({**COLORS, "resolution": 16, "grid": "5x4"}, "multiples of 8 px", "another resol"),
    "small inputs": ({"task": "enlarge", "resolution": 16, "grid": "6x4"}, "multiples of 4 px", "another resolution"),
    "patches larger than images": (
        {**COLORS, "resolution": 16, "patch": 142},
        "A patch size of 142 px needs images of at least 48 px",
        "smaller patch size",
    ),
    "penalties of mixed images": (
        {**COLORS, "patch_norm": "batch", "r1": 1},
        "batch normalization mixes",
        "Instance, Spectral or None",
    ),
    "nothing to learn": (
        {**COLORS, "adversarial_weight": 0, "l1_weight": 0},
        "nothing tells the generator",
        "adversarial weight",
    ),
    "nothing to learn without pairs": (
        {"task": "unpaired", "method": "cycle", "adversarial_weight": 0},
        "nothing tells the generator",
        "adversarial weight",
    ),
    "class labels": ({**COLORS, "condition": "projection"}, "Class labels has no effect", "Class labels to None."),
    "clusters": ({**COLORS, "clusters": 30}, "Clusters has no effect on the task Colorize", "Set Clusters to 0."),
    "codes": ({**COLORS, "codes_categorical": 10}, "InfoGAN classes has no effect", "to 0."),
    "transparency": ({**COLORS, "alpha": True}, "Keep transparency has no effect", "Turn off Keep transparency."),
    "spectral normalization": ({**COLORS, "spectral_norm": True}, "Spectral norm has no effect", "Turn off"),
    "no bias": ({**COLORS, "d_bias": False}, "D input bias has no effect", "Turn on"),
    "clipping without a critic": ({**COLORS, "weight_clip": 0.01}, "not for the loss", "Wasserstein"),
    "ADA without a sign": ({**COLORS, "loss": "relativistic_average", "augment": "ada"}, "unlike those", "DiffAugment"),
}
POSSIBLE: list[dict[str, Any]] = [
    {**COLORS, "r1": 1, "r2": 1, "gradient_penalty": 1},
    {**COLORS, "network": "points", "augment": "diffaug"},
    {**COLORS, "network": "resnet", "latent_dim": 2, "patch_norm": "batch"},
    {**COLORS, "translator": "unet", "resolution": 128},
    {**COLORS, "resolution": 16, "patch": 16},
    {**COLORS, "adversarial_weight": 0},
    {"task": "enlarge", "resolution": 16},
    {"task": "enlarge", "resolution": 16, "factor": 2, "translator": "srresnet"},
    {"task": "unpaired", "method": "cycle", "loss": "wasserstein", "weight_clip": 0.01},
]


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_work_together_is_refused_with_a_reason_and_a_remedy(case: str) -> None:
    values, reason, remedy = IMPOSSIBLE[case]
    found = refused(**values)
    assert reason in found.what
    assert remedy in found.remedy
    assert found.what.endswith(".")
    assert found.remedy.endswith(".")


@pytest.mark.parametrize("values", POSSIBLE, ids=str)
def test_what_can_work_together(values: dict[str, Any]) -> None:
    assert not list(impossible(validate(values)))


@pytest.mark.parametrize("resolution", [16, 32, 64])
@pytest.mark.parametrize("patch", [16, 34, 70, 142])
def test_patches_that_are_possible_are_judged(patch: int, resolution: int) -> None:
    asked = Settings.model_construct(**{**Settings().model_dump(), **COLORS, "patch": patch, "resolution": resolution})
    D = PatchDiscriminator(3, 8, patch, "instance")
    images = torch.rand(2, 3, resolution, resolution)
    if any(impossible(asked)):
        with pytest.raises((RuntimeError, ValueError)):
            D(images)
    else:
        assert min(D(images).shape) >= 1


# -- which settings apply --------------------------------------------------------------------------------------------


def test_settings_of_one_kind_of_training_do_not_apply_to_the_other() -> None:
    generates, enlarges = Settings(), validate({"task": "enlarge"})
    for name in ("network", "latent_dim", "condition", "clusters", "alpha", "d_norm"):
        assert applies(name, generates)
        assert not applies(name, enlarges)
    for name in ("translator", "method", "patch", "l1_weight", "adversarial_weight", "image_pool", "blur"):
        assert not applies(name, generates)
        assert applies(name, enlarges)
    for name in ("task", "loss", "r1", "augment", "lr_g", "resolution", "preset"):
        assert applies(name, generates)
        assert applies(name, enlarges)


@pytest.mark.parametrize("task", TASKS)
def test_strengths_apply_to_the_tasks_that_use_them(task: str) -> None:
    settings = preset("translate").apply(task=task)
    strengths = {name for part in components("translation.tasks").values() for name in part.facts["STRENGTHS"]}
    assert {"factor", "blur", "input_noise", "jpeg", "holes", "colors"} == strengths
    used = components("translation.tasks")[task].facts["STRENGTHS"]
    assert {name for name in strengths if applies(name, settings)} == set(used)


def test_weights_apply_to_their_methods() -> None:
    weights = {"l1_weight", "content_weight", "cycle_weight", "identity_weight", "contrast_weight"}

    def used(**values: Any) -> set[str]:
        settings = preset("translate").apply(**values)
        return {name for name in weights if applies(name, settings)}

    assert used() == {"l1_weight", "content_weight"}
    assert used(task="unpaired") == {"cycle_weight", "identity_weight"}
    assert used(task="unpaired", method="contrastive") == {"contrast_weight", "identity_weight"}


# -- trainings -------------------------------------------------------------------------------------------------------


SMALL = {**TINY, "resolution": 32, "factor": 2, "batch": 4, "samples": 6}


def trainer(name: str, checkpoint: Checkpoint | None = None, **values: Any) -> TranslationTrainer:
    settings = preset(name).apply(**{**SMALL, **values})
    return TranslationTrainer(settings, dataset_for(settings), FIXED, checkpoint)


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_every_preset_trains_and_resumes_exactly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("core.training.loop.SAMPLE_SHARE", 1e-3)
    monkeypatch.setattr("core.translation.networks.rrdb.BLOCKS", 2)  # of 23 that are alike
    one = trainer(name)
    before = {name: value.clone() for name, value in one.state().items()}
    events = run_to(one, 2)
    checkpoint = copied(one.checkpoint())
    for part in ("G.", "D."):
        weights = [key for key in before if key.startswith(part) and before[key].is_floating_point()]
        moved = [not torch.equal(checkpoint.tensors[key], before[key]) for key in weights]
        assert sum(moved) > len(moved) / 2, part
    events += run_to(one, 3)
    reports = [event for event in events if isinstance(event, Report)]
    for report in reports:
        assert {"Loss/G/loss", "Loss/D/loss", "Loss/scores/real", "Loss/scores/fake"} <= report.stats.keys()
        assert all(isfinite(value) for value in report.stats.values())
    terms = {key.removeprefix("Loss/G/") for key in reports[0].stats if key.startswith("Loss/G/")} - {"loss"}
    expected = {"paired": {"l1"}, "cycle": {"cycle", "identity"}, "contrastive": {"contrast", "identity"}}
    settings = one.settings
    assert terms - {"content"} == expected[settings.method] - (set() if settings.identity_weight else {"identity"})
    assert ("content" in terms) == bool(settings.content_weight)
    other = trainer(name, checkpoint)
    run_to(other, 3)
    assert not {key for key in differences(one.checkpoint(), other.checkpoint()) if key != "preview"}


@pytest.mark.parametrize("values", [{"augment": "diffaug"}, {"augment": "ada"}, {"instance_noise": 0.5}], ids=str)
def test_what_changes_the_images_that_the_discriminator_sees_changes_the_training(values: dict[str, Any]) -> None:
    plain, changed = trainer("translate"), trainer("translate", **values)
    changed.augment.p.fill_(0.8)
    for each in (plain, changed):
        run_to(each, 2)
    assert any(key.startswith("D.") for key in differences(plain.checkpoint(), changed.checkpoint()))


def test_clipping_bounds_the_weights_of_every_discriminator() -> None:
    values: dict[str, Any] = {"loss": "wasserstein", "weight_clip": 0.01, "patch_norm": "instance"}
    clipped = trainer("cyclegan", **values)
    run_to(clipped, 1)
    found = {key.partition(".")[0]: value.abs().max() for key, value in clipped.state().items() if key[:2] == "D_"}
    assert found["D_back"] <= 0.01
    assert clipped.state()["D.layers.0.weight"].abs().max() == pytest.approx(0.01)


def test_a_penalty_is_reported_in_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    events = run_to(trainer("cyclegan", r1=1, penalty_interval=2), 3)
    reports = [event.stats for event in events if isinstance(event, Report)]
    assert len(reports) == 2
    assert all(stats["Loss/D/penalty"] > 0 for stats in reports)


def test_the_content_weight_can_be_raised_in_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    one = trainer("translate")
    run_to(one, 1)
    one.edit(one.settings.changed(content_weight=2.0))
    (report, *_others) = [event for event in run_to(one, 3) if isinstance(event, Report)]
    assert report.stats["Loss/G/content"] > 0
    monkeypatch.setattr("core.config.pretrained.installed", lambda: False)
    with pytest.raises(UserError, match="the content loss need the package"):
        trainer("srgan")
