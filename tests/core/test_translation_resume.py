"""A translation that goes on: from its checkpoint, after a rewind and after an edit, as if nothing had happened."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoint import Checkpoint, load, save
from core.errors import UserError
from core.events import Report, Tuned
from core.jobs.trainer import trainer_for
from core.training.ema import decay
from tests.core.test_parts import FULL, limited, notices
from tests.core.tiny import (
    FIXED,
    TRANSLATIONS,
    bits,
    copied,
    dataset_for,
    differences,
    finished,
    run_to,
    tiny_translation,
    translation_trainer,
)

STEPS = 4


@pytest.fixture(autouse=True)
def few_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks in deep networks, all of which are alike."""
    for name in ("rrdb", "srresnet"):
        monkeypatch.setattr(f"core.translation.networks.{name}.BLOCKS", 2)


def stored(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    save(checkpoint, folder / "checkpoint.safetensors")
    return load(folder / "checkpoint.safetensors")


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_resumed_translation_ends_like_an_undisturbed_one(name: str, tmp_path: Path) -> None:
    trainer = translation_trainer(name, steps=STEPS)
    run_to(trainer, STEPS // 2)
    half = stored(trainer.checkpoint(), tmp_path)
    whole = copied(finished(trainer).checkpoint())
    resumed = finished(translation_trainer(name, half, steps=STEPS)).checkpoint()
    assert not differences(whole, resumed)
    assert resumed.meta.images == whole.meta.images


@pytest.mark.parametrize("name", ["repair", "cyclegan"])
def test_the_pool_is_resumed_in_every_number_format_and_layout(name: str, tmp_path: Path) -> None:
    settings = tiny_translation(name, steps=STEPS)
    dataset, tuned = dataset_for(settings), Tuned("cpu", "bf16", "channels_last", {})
    trainer = trainer_for(settings, dataset, tuned)
    run_to(trainer, STEPS // 2)
    half = stored(trainer.checkpoint(), tmp_path)
    assert half.tensors["pool_D.images"].dtype == torch.float32
    whole = copied(finished(trainer).checkpoint())
    assert not differences(whole, finished(trainer_for(settings, dataset, tuned, half)).checkpoint())


@pytest.mark.parametrize("name", ["enlarge", "cyclegan"])
def test_fp16_trains_and_resumes_its_loss_scales(name: str, tmp_path: Path) -> None:
    settings = tiny_translation(name, steps=STEPS)
    dataset, tuned = dataset_for(settings), Tuned("cpu", "fp16", "contiguous", {})
    trainer = trainer_for(settings, dataset, tuned)
    run_to(trainer, STEPS // 2)
    half = stored(trainer.checkpoint(), tmp_path)
    assert {"scale_G.scale", "scale_D.scale"} <= half.tensors.keys()
    whole = copied(finished(trainer).checkpoint())
    assert not differences(whole, finished(trainer_for(settings, dataset, tuned, half)).checkpoint())


@pytest.mark.parametrize("name", ["repair", "cyclegan", "cut"])
def test_a_rewound_translation_ends_like_an_undisturbed_one(name: str) -> None:
    trainer = translation_trainer(name, steps=STEPS)
    run_to(trainer, 1)
    early = copied(trainer.checkpoint())
    run_to(trainer, 3)
    trainer.rewind(early)
    run_to(trainer, 3)
    assert not differences(copied(trainer.checkpoint()), after(name, 3))


def after(name: str, steps: int, **values: Any) -> Checkpoint:
    trainer = translation_trainer(name, steps=STEPS, **values)
    run_to(trainer, steps)
    return copied(trainer.checkpoint())


@pytest.mark.parametrize(
    ("name", "changes"), [("repair", {"l1_weight": 50.0}), ("cyclegan", {"cycle_weight": 1.0, "identity_weight": 0.0})]
)
def test_an_edit_counts_from_the_next_step_on_and_is_resumed(
    name: str, changes: dict[str, float], tmp_path: Path
) -> None:
    trainer = translation_trainer(name, steps=STEPS)
    run_to(trainer, 2)
    plain = copied(trainer.checkpoint())
    edited = trainer.edit(trainer.settings.changed(**changes))
    assert dict(edited.changes) == changes
    half = stored(trainer.checkpoint(), tmp_path)
    assert not differences(plain, half)
    whole = copied(finished(trainer).checkpoint())
    assert differences(whole, after(name, STEPS))
    resumed = trainer_for(half.meta.settings, trainer.dataset, FIXED, half)
    assert not differences(whole, finished(resumed).checkpoint())


def test_what_is_fixed_stays() -> None:
    trainer = translation_trainer("pix2pix", steps=STEPS)
    for name, value in (("task", "denoise"), ("patch", 34), ("translator", "light")):
        with pytest.raises(UserError, match=name):
            trainer.edit(tiny_translation("pix2pix", steps=STEPS, resolution=16, **{name: value}))


@pytest.mark.parametrize("name", ["denoise", "cyclegan"])
def test_the_average_follows_the_generator(name: str) -> None:
    trainer = translation_trainer(name, steps=1, ema_kimg=0.05, ema_ramp=100.0)
    before = {key: value.clone() for key, value in trainer.G_ema.named_parameters()}
    run_to(trainer, 1)
    settings = trainer.settings
    share = decay(settings.batch * settings.d_steps, 1000 * settings.ema_kimg, 1.0, trainer.images)
    for key, weight in trainer.G.named_parameters():
        expected = share * before[key] + (1 - share) * weight
        assert torch.allclose(dict(trainer.G_ema.named_parameters())[key], expected, atol=1e-6)


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("name", ["enlarge", "flat_colors"])
def test_parts_add_up_to_the_batch(name: str, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {"augment": "none", "optimizer": "sgd", "steps": 2, "patch_norm": "none"}
    whole, trainer = translation_trainer(name, **values), translation_trainer(name, **values)
    monkeypatch.setattr(trainer, "_parts", parts)
    run_to(whole, 2)
    run_to(trainer, 2)
    for key, tensor in whole.state().items():
        if key.startswith(("G", "D", "opt_")):
            assert torch.allclose(tensor, trainer.state()[key], rtol=2e-3, atol=2e-5), key


@pytest.mark.parametrize("name", ["repair", "pix2pix", "cyclegan", "cut"])
def test_every_method_can_be_split(name: str) -> None:
    trainer = translation_trainer(name, steps=2, batch=8)
    limited(trainer, 4, FULL["CUDA"])
    said = notices(run_to(trainer, 2))
    assert len(said) == 1
    assert "2 parts of 4" in said[0]
    assert trainer.images == 16


@pytest.mark.parametrize("name", ["denoise", "cyclegan"])
def test_one_network_steps_alone(name: str) -> None:
    trainer = translation_trainer(name)
    before = {key: value.clone() for key, value in trainer.state().items()}

    def changed(part: str) -> bool:
        return any(
            bits(value) != bits(before[key]) for key, value in trainer.state().items() if key.startswith(f"{part}.")
        )

    trainer.step_discriminator()
    assert changed("D")
    assert trainer.step == 0
    assert trainer.images == trainer.settings.batch
    weights = {key: value.clone() for key, value in trainer.D.named_parameters()}
    trainer.step_generator()
    assert trainer.step == 1
    assert changed("G")
    assert all(torch.equal(weights[key], value) for key, value in trainer.D.named_parameters())


@pytest.mark.parametrize("size", [0, 3, 9])
def test_a_resumed_pool_may_have_another_size(size: int, tmp_path: Path) -> None:
    trainer = translation_trainer("repair", steps=STEPS)
    run_to(trainer, STEPS // 2)
    half = stored(trainer.checkpoint(), tmp_path)
    resumed = finished(trainer_for(half.meta.settings.changed(image_pool=size), trainer.dataset, FIXED, half))
    pool = stored(resumed.checkpoint(), tmp_path).part("pool_D")
    assert [len(images) for images in pool.values()] == ([size] if size else [])


@pytest.mark.parametrize("name", ["enlarge", "denoise", "repair"])
def test_without_adversarial_weight_the_discriminator_rests_until_it_gets_some(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("core.monitoring.signals.STEP_SHARE", inf)
    monkeypatch.setattr("core.monitoring.signals.PROBE_SHARE", inf)
    trainer = translation_trainer(name, steps=9, adversarial_weight=0.0)
    before = {key: value.clone() for key, value in trainer.D.state_dict().items()}
    reports = [run_to(trainer, 2)]
    assert all(torch.equal(value, before[key]) for key, value in trainer.D.state_dict().items())
    rested = stored(trainer.checkpoint(), tmp_path)
    again = trainer_for(rested.meta.settings, trainer.dataset, FIXED, rested)
    assert not differences(copied(finished(trainer).checkpoint()), finished(again).checkpoint())
    trainer = translation_trainer(name, rested, steps=9, adversarial_weight=0.0)
    for step, weight in ((5, 0.5), (8, 0.0)):
        trainer.edit(trainer.settings.changed(adversarial_weight=weight))
        reports.append(run_to(trainer, step))
    assert any(not torch.equal(value, before[key]) for key, value in trainer.D.state_dict().items())
    for events, trains in zip(reports, (False, True, False), strict=True):
        keys = [event.stats.keys() for event in events if isinstance(event, Report)][-1]
        assert {"Loss/G/l1", "Signal/psnr", "Signal/change", "Signal/G/gradient"} <= keys
        of_D = {key for key in keys if "/D/" in key or "scores" in key}
        assert (
            {"Loss/D/loss", "Loss/scores/real", "Signal/D/accuracy_real", "Signal/scores/real/p50"} <= of_D
        ) == trains
        assert bool(of_D) == trains
        assert ("Loss/G/loss" in keys) == trains
