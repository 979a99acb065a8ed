"""The training itself: against a loop written out by hand, the order of its events, and who may not disturb it."""

from __future__ import annotations

import ctypes
import dataclasses
import platform
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import pairwise
from time import perf_counter, sleep
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from core.checkpoint import Checkpoint
from core.config.settings import Settings
from core.data.batches import Batches
from core.errors import UserError
from core.events import Edited, Event, Finished, Report, Samples, Stepped, Tuned
from core.generator_inputs import GeneratorInputs
from core.latent.request import LatentRequest, Point, Walk
from core.latent.sampler import Sampler
from core.models import Shape, build, normalize_spectrally
from core.trainer import Trainer
from core.training.allocator import keep_freed_memory
from core.training.ema import MovingAverage, decay
from core.training.optimizers import schedule
from tests.core.tiny import (
    CLASSES,
    FIXED,
    bits,
    copied,
    differences,
    events_of,
    finished,
    tiny_dataset,
    tiny_settings,
    tiny_trainer,
)

STATS = {
    "Loss/G/loss",
    "Loss/D/loss",
    "Loss/scores/real",
    "Loss/scores/fake",
    "Score/real",
    "Score/fake",
    "Timing/images_per_sec",
    "Memory/host_gb",
}


@pytest.fixture
def report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)


# -- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_the_allocator_keeps_freed_memory() -> None:
    assert keep_freed_memory()


@pytest.mark.parametrize(("system", "library"), [("win32", None), ("darwin", None), ("linux", object())])
def test_other_allocators_stay_as_they_are(system: str, library: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    assert not keep_freed_memory.__wrapped__()


# -- the algorithm ---------------------------------------------------------------------------------------------------

# Losses as the papers write them: the discriminator's of real and generated logits, and the generator's.
TEXTBOOK: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "non_saturating": (
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda fake: softplus(-fake).mean(),
    ),
    "least_squares": (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        lambda fake: ((fake - 1) ** 2).mean() / 2,
    ),
    "wasserstein": (lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
    "hinge": (
        lambda real, fake: torch.relu(1 - real).mean() + torch.relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
    ),
}


def slopes(D: torch.nn.Module, images: Tensor, logits: Tensor | None = None) -> Tensor:
    logits = D(images) if logits is None else logits
    (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    norms: Tensor = gradients.flatten(1).norm(dim=1)
    return norms


def by_hand(settings: Settings, steps: int) -> tuple[torch.nn.Module, torch.nn.Module]:
    """G and D after some steps of the textbook's loop: one batch of noise for each update of the discriminator."""
    torch.manual_seed(settings.seed)
    G, D = build(settings.network, Shape.of(settings, 3))
    if settings.spectral_norm:
        normalize_spectrally(D)
    opt_G, opt_D = (optimizer_by_hand(settings, network, settings.lr_g) for network in (G, D))
    noise = torch.Generator().manual_seed(settings.seed)
    batches = Batches(tiny_dataset(), settings.batch, False, settings.seed, torch.device("cpu"))
    loss_of_D, loss_of_G = TEXTBOOK[settings.loss]
    for update in range(steps * settings.d_steps):
        fake, real = G(torch.randn(settings.batch, settings.latent_dim, generator=noise)), batches.next()[0]
        real.requires_grad_(True)
        real_logits, fake_logits = D(real), D(fake.detach())
        objective = loss_of_D(real_logits, fake_logits)
        if update % settings.penalty_interval == 0:
            if settings.r1:
                slope = slopes(D, real, real_logits)
                objective = objective + settings.penalty_interval * settings.r1 / 2 * (slope**2).mean()
            if settings.gradient_penalty:
                share = torch.rand(settings.batch)[:, None, None, None]
                between = (share * real + (1 - share) * fake).detach().requires_grad_(True)
                objective = objective + settings.gradient_penalty * ((slopes(D, between) - 1) ** 2).mean()
        opt_D.zero_grad()
        objective.backward()
        opt_D.step()
        if settings.weight_clip:
            for weight in D.parameters():
                weight.data.clamp_(-settings.weight_clip, settings.weight_clip)
        if update % settings.d_steps == settings.d_steps - 1:
            opt_G.zero_grad()
            loss_of_G(D(fake)).backward()
            opt_G.step()
    return G, D


def optimizer_by_hand(settings: Settings, network: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), rate)
    # Fused as in the training: a bias before a batch normalization has rounding errors for a gradient, which Adam
    # makes as large as any other.
    return torch.optim.Adam(network.parameters(), rate, (settings.beta1, settings.beta2), fused=True)


@pytest.mark.parametrize("d_steps", [1, 2])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("studio", {"augment": "none"}),
        ("dcgan", {}),
        ("gan", {}),
        ("lsgan", {}),
        ("wgan", {}),
        ("wgan_gp", {}),
        ("sngan", {}),
        ("dcgan", {"d_norm": "none", "r1": 0.5}),
        ("dcgan", {"d_norm": "layer", "r1": 0.5, "penalty_interval": 2}),
    ],
    ids=str,
)
def test_a_training_is_the_textbooks_loop(name: str, values: dict[str, Any], d_steps: int) -> None:
    trainer = finished(tiny_trainer(name, d_steps=d_steps, steps=3, **values))
    for trained, expected in zip((trainer.G, trainer.D), by_hand(trainer.settings, 3), strict=True):
        for (key, value), wanted in zip(trained.state_dict().items(), expected.state_dict().values(), strict=True):
            assert torch.allclose(value, wanted, atol=2e-5), key


def test_generated_images_are_of_the_real_images_classes() -> None:
    trainer = tiny_trainer("cgan", signals=False, steps=3)
    asked: list[GeneratorInputs[Tensor]] = []
    discriminator_inputs: list[tuple[Tensor, Tensor]] = []
    trainer.G.register_forward_pre_hook(lambda _, given: asked.append(given[0]))
    trainer.D.register_forward_pre_hook(lambda _, given: discriminator_inputs.append(given))
    finished(trainer)
    # In each step: real images, generated ones, and those again for the generator.
    for step, drawn in enumerate(asked):
        real, *generated = discriminator_inputs[3 * step : 3 * step + 3]
        rows = np.rint((real[0].detach().numpy() + 1) * 127.5).astype(np.uint8)
        known = {image.tobytes(): index for index, image in enumerate(trainer.dataset.images[:])}
        labels = [known[row.tobytes()] % CLASSES for row in rows]
        assert drawn.classes.tolist() == np.eye(CLASSES)[labels].tolist()
        assert all(torch.equal(classes, drawn.classes) for _, classes in (real, *generated))
    assert len(asked) == 3


def test_codes_are_one_category_and_numbers_from_minus_one_to_one() -> None:
    trainer = tiny_trainer("infogan", signals=False, steps=30)
    asked: list[GeneratorInputs[Tensor]] = []
    trainer.G.register_forward_pre_hook(lambda _, given: asked.append(given[0]))
    finished(trainer)
    codes = torch.cat([drawn.codes for drawn in asked])
    assert codes.shape == (30 * 8, 10 + 2)
    assert codes[:, :10].unique().tolist() == [0, 1]
    assert codes[:, :10].sum(1).unique().tolist() == [1]
    assert (codes[:, :10].sum(0) > 8).all()
    continuous = codes[:, 10:]
    assert -1 <= continuous.min() < -0.9
    assert 0.9 < continuous.max() <= 1
    assert float(continuous.mean()) == pytest.approx(0, abs=0.1)


def test_rates_follow_the_schedule() -> None:
    # SGD without momentum moves by rate times gradient: D's first step, with and without half of the warm-up done.
    def moved(**values: Any) -> Tensor:
        trainer = tiny_trainer("gan", optimizer="sgd", lr_d=0.01, steps=1, **values)
        before = flat(trainer.D)
        return flat(finished(trainer).D) - before

    whole = moved()
    assert torch.allclose(moved(warm_up_kimg=0.016), 0.5 * whole, atol=1e-6)  # 8 of 16 images
    assert torch.allclose(moved(decay_kimg=0.032), 0.75 * whole, atol=1e-6)  # 8 of 32
    assert schedule(tiny_settings(warm_up_kimg=0.016), 8) == 0.5


def test_a_training_that_has_decayed_stands_still() -> None:
    trainer = tiny_trainer("gan", decay_kimg=0.016, steps=5)
    events = trainer.events()
    next(event for event in events if isinstance(event, Stepped) and event.step == 2)
    before = flat(trainer.G), flat(trainer.D)
    for _ in events:
        pass
    assert torch.equal(flat(trainer.G), before[0])
    assert torch.equal(flat(trainer.D), before[1])


@pytest.mark.usefixtures("report_each_step")
def test_instance_noise_fades() -> None:
    def scores(**values: Any) -> list[float]:
        # The same images, and a discriminator that does not move: its scores differ by the noise alone.
        trainer = tiny_trainer("dcgan", d_norm="none", lr_d=1e-12, lr_g=1e-12, batch=20, steps=4, seed=5, **values)
        with torch.no_grad():
            for weight in trainer.D.parameters():
                weight.mul_(10)
        return [event.stats["Loss/scores/real"] for event in events_of(trainer) if isinstance(event, Report)]

    still, noisy, fading = scores(), scores(instance_noise=0.5), scores(instance_noise=0.5, instance_noise_kimg=0.04)
    assert still == pytest.approx([still[0]] * 4, abs=1e-4)
    assert all(abs(score - still[0]) > 1e-3 for score in noisy)
    assert abs(fading[0] - still[0]) > 1e-3
    assert fading[2:] == pytest.approx(still[2:], abs=1e-4)  # 40 images are 2 steps


def test_images_are_counted_as_the_discriminator_sees_them() -> None:
    stepped = [event for event in events_of(tiny_trainer(d_steps=3, steps=2)) if isinstance(event, Stepped)]
    assert [(event.step, event.images) for event in stepped] == [(1, 24), (2, 48)]


def test_the_average_by_hand() -> None:
    one, other = (torch.nn.BatchNorm1d(2) for _ in range(2))
    with torch.no_grad():
        one.weight.copy_(torch.tensor([1.0, 2.0]))
        other.weight.copy_(torch.tensor([5.0, -2.0]))
        assert one.running_mean is not None
        assert other.running_mean is not None
        other.running_mean.fill_(4.0)
    assert other.num_batches_tracked is not None
    other.num_batches_tracked.fill_(9)
    average = MovingAverage(one, other)
    average.move(0.75)
    assert one.weight.tolist() == [2.0, 1.0]
    assert one.running_mean.tolist() == [1.0, 1.0]
    assert one.num_batches_tracked == 9
    one.load_state_dict(torch.nn.BatchNorm1d(2).state_dict())
    average.move(0.75)
    assert one.weight.tolist() == [2.0, 0.25]


def test_the_averages_half_life() -> None:
    assert decay(batch=32, half_life=320, ramp=0.15, images=10**6) ** 10 == pytest.approx(0.5)
    assert decay(batch=32, half_life=0, ramp=0.15, images=10**6) == 0
    # At the start the half-life is 15 % of the images seen: 192 of 1280, six batches.
    assert decay(batch=32, half_life=10_000, ramp=0.15, images=1280) ** 6 == pytest.approx(0.5)


@pytest.mark.parametrize("d_steps", [1, 3])
@pytest.mark.parametrize("ema_kimg", [0.1, 10.0])
def test_the_averaged_generator_forgets_by_images_seen(ema_kimg: float, d_steps: int) -> None:
    trainer = tiny_trainer("gan", ema_kimg=ema_kimg, ema_ramp=15, d_steps=d_steps, steps=30)
    before, seen = flat(trainer.G_ema), 0
    for event in trainer.events():
        if isinstance(event, Stepped):
            reach = min(1000 * ema_kimg, 0.15 * event.images)
            kept = 0.5 ** ((event.images - seen) / reach)
            after = flat(trainer.G_ema)
            assert torch.allclose(after, kept * before + (1 - kept) * flat(trainer.G), atol=1e-5), event
            before, seen = after, event.images


def flat(network: torch.nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_no_averaging_shows_the_newest_generator() -> None:
    trainer = finished(tiny_trainer(ema_kimg=0, steps=3))
    newest = deepcopy(trainer.G).state_dict()
    assert all(torch.equal(value, newest[name]) for name, value in trainer.published().items())


# -- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("report_each_step")
def test_the_order_of_events() -> None:
    events = events_of(tiny_trainer(steps=4))
    assert isinstance(events[0], Samples)
    assert events[0].step == 0
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3, 4]
    assert [event.step for event in events if isinstance(event, Report)] == [1, 2, 3, 4]
    assert isinstance(events[-2], Samples)
    assert events[-2].step == 4
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    steps = [event.step for event in events if isinstance(event, Stepped | Report | Samples | Finished)]
    assert steps == sorted(steps)


def test_a_short_training_reports_once_at_its_end() -> None:
    reports = [event for event in events_of(tiny_trainer(steps=2)) if isinstance(event, Report)]
    assert [report.step for report in reports] == [2]


@pytest.mark.usefixtures("report_each_step")
def test_what_a_report_holds() -> None:
    for report in [event for event in events_of(tiny_trainer(steps=3)) if isinstance(event, Report)]:
        assert {key for key in report.stats if not key.startswith("Signal/")} == STATS
        assert report.images == 8 * report.step
        assert report.seconds > 0
        assert report.stats["Timing/images_per_sec"] > 0
        assert 0 < report.stats["Score/real"] < 1
        assert 0 < report.stats["Score/fake"] < 1
        assert 0.01 < report.stats["Memory/host_gb"] < 64


def test_a_report_is_the_mean_since_the_last() -> None:
    def losses(steps: int) -> Mapping[str, float]:
        report = next(event for event in events_of(tiny_trainer(steps=steps)) if isinstance(event, Report))
        return report.stats

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
        each = [event.stats for event in events_of(tiny_trainer(steps=4)) if isinstance(event, Report)]
    for key in ("Loss/D/loss", "Loss/G/loss", "Score/real", "Loss/scores/fake"):
        assert losses(4)[key] == pytest.approx(np.mean([stats[key] for stats in each]), rel=1e-4)


@pytest.mark.usefixtures("report_each_step")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_events_are_plain_and_come_outside_of_every_torch_context(precision: str) -> None:
    settings = tiny_settings(steps=3, d_steps=2, precision=precision)
    for event in Trainer(settings, tiny_dataset(), Tuned("cpu", precision, "contiguous", {})).events():
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert_plain(event)


def assert_plain(event: Event) -> None:
    for field in dataclasses.fields(event):  # type: ignore[arg-type]
        value: Any = getattr(event, field.name)
        parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else [value]
        parts = [*value] if isinstance(value, tuple) else parts
        assert all(type(part) in {int, float, str, np.ndarray} for part in parts), (event, field.name)


@pytest.mark.parametrize("network", ["dcgan", "mlp", "resnet", "style"])
def test_images_need_not_be_square_nor_opaque(network: str) -> None:
    trainer = tiny_trainer(network=network, grid="6x4", alpha=True, condition="concat", augment="ada", steps=2)
    *_, last, _ = events_of(trainer)
    assert isinstance(last, Samples)
    assert last.images.shape[1:] == (16, 24, 4)
    assert last.columns == trainer.dataset.classes


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_are_uint8_images_of_the_first_seeds(channels: int) -> None:
    trainer = Trainer(tiny_settings(samples=5, steps=2), tiny_dataset(channels=channels), FIXED)
    samples = [event for event in trainer.events() if isinstance(event, Samples)]
    for event in samples:
        assert event.images.shape == (5, 16, 16, channels)
        assert event.images.dtype == np.uint8
    assert not np.array_equal(samples[0].images, samples[-1].images)
    assert np.array_equal(samples[-1].images, trainer.render())


def test_a_training_ends_after_its_steps() -> None:
    trainer = tiny_trainer(steps=3)
    last = events_of(trainer)[-1]
    assert isinstance(last, Finished)
    assert (last.step, trainer.step) == (3, 3)
    assert "step limit of 3" in last.reason


def test_a_training_ends_after_its_minutes() -> None:
    trainer = tiny_trainer(minutes=0.002)
    last = events_of(trainer)[-1]
    assert isinstance(last, Finished)
    assert last.step >= 1
    assert "0.002 min" in last.reason
    assert trainer.seconds >= 0.12


def test_time_between_the_events_is_not_training_time() -> None:
    trainer, started = tiny_trainer(steps=2), perf_counter()
    for event in trainer.events():
        if isinstance(event, Stepped):
            sleep(0.2)
    assert 0 < trainer.seconds < perf_counter() - started - 0.4


def test_a_training_without_a_limit_goes_on() -> None:
    events = tiny_trainer("gan").events()
    steps = 0
    while steps < 50:
        event = next(events)
        assert not isinstance(event, Finished)
        steps += isinstance(event, Stepped)
    events.close()


# -- nothing but the seed decides ------------------------------------------------------------------------------------


DIFFERENT = ("dcgan", "gan", "cgan", "infogan", "wgan_gp", "stylegan2_ada", "playground")
"""Presets with all networks, conditions, dropout, noise in the generator, and augmentation."""


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_seed_decides_everything(name: str) -> None:
    torch.manual_seed(1)
    one = finished(tiny_trainer(name, steps=4, seed=3)).checkpoint()
    torch.manual_seed(2)
    torch.rand(7)
    assert not differences(one, finished(tiny_trainer(name, steps=4, seed=3)).checkpoint())
    other = finished(tiny_trainer(name, steps=4, seed=4)).checkpoint()
    assert {part.split(".")[0] for part in differences(one, other)} >= {"G", "D", "G_ema", "random"}


def render(trainer: Trainer) -> None:
    trainer.render()


def publish(trainer: Trainer) -> None:
    for value in trainer.published().values():
        value.zero_()


def save(trainer: Trainer) -> None:
    trainer.checkpoint()


def sample(trainer: Trainer) -> None:
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    request = LatentRequest(Walk((Point(0, psi=0.7), Point(1, psi=0.7))), (0.0, 0.5))
    sampler.render(request)
    sampler.copy().render(request)
    sampler.load(trainer.meta(), trainer.published())
    sampler.render(request)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Checkpoint]:
    return {name: copied(finished(tiny_trainer(name, steps=5)).checkpoint()) for name in DIFFERENT}


@pytest.mark.parametrize("watch", [render, publish, save, sample])
@pytest.mark.parametrize("name", DIFFERENT)
def test_watching_changes_nothing(
    name: str, watch: Callable[[Trainer], None], undisturbed: Mapping[str, Checkpoint]
) -> None:
    trainer = tiny_trainer(name, steps=5)
    for _ in trainer.events():
        watch(trainer)
    assert not differences(trainer.checkpoint(), undisturbed[name])


def test_published_weights_are_a_copy_of_the_average() -> None:
    trainer = tiny_trainer(steps=4)
    published: list[tuple[dict[str, Tensor], dict[str, bytes]]] = []
    for event in trainer.events():
        if isinstance(event, Stepped):
            weights = trainer.published()
            published.append((weights, {name: bits(value) for name, value in weights.items()}))
            average = trainer.checkpoint().part("G_ema")
            assert published[-1][1] == {name: bits(value) for name, value in average.items()}
    for weights, then in published:
        assert {name: bits(value) for name, value in weights.items()} == then
    assert published[0][1] != published[-1][1]


# -- settings that change while it runs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gan", {"lr_g": 1e-3, "lr_d": 1e-5}),
        ("gan", {"r1": 1.0, "r2": 0.5, "gradient_penalty": 0.1, "penalty_interval": 2}),
        ("wgan", {"weight_clip": 0.02}),
        ("gan", {"smooth_real": 0.1, "smooth_fake": 0.05, "instance_noise": 0.1, "instance_noise_kimg": 1.0}),
        ("infogan", {"info_weight": 3.0}),
        ("gan", {"mirror": True}),
        ("gan", {"augment": "diffaug", "augment_colour": False}),
        ("gan", {"augment": "ada", "ada_target": 0.1, "ada_kimg": 0.1}),
        ("gan", {"d_steps": 2, "ema_kimg": 0.1}),
        ("gan", {"warm_up_kimg": 0.02, "decay_kimg": 0.1}),
    ],
    ids=str,
)
def test_an_edit_before_the_first_step_is_the_setting_itself(name: str, values: dict[str, Any]) -> None:
    whole = copied(finished(tiny_trainer(name, steps=4, **values)).checkpoint())
    trainer = tiny_trainer(name, steps=4)
    events = trainer.events()
    next(events)
    edited = trainer.edit(trainer.settings.changed(**values))
    assert edited == Edited(0, values)
    for _ in events:
        pass
    assert not differences(whole, trainer.checkpoint())
    assert trainer.meta().settings == whole.meta.settings


def test_an_edit_counts_from_the_next_step_on() -> None:
    trainer = tiny_trainer("gan", steps=6)
    events = trainer.events()
    after: list[Tensor] = []
    for event in events:
        if isinstance(event, Stepped):
            after.append(flat(trainer.D))
            if event.step == 3:
                assert trainer.edit(trainer.settings.changed(lr_d=1e-12)) == Edited(3, {"lr_d": 1e-12})
    moved = [float((later - earlier).abs().max()) for earlier, later in pairwise(after)]
    assert all(distance > 1e-5 for distance in moved[:2])
    assert all(distance < 1e-9 for distance in moved[2:])
    assert trainer.checkpoint().meta.settings.lr_d == 1e-12


def test_an_edit_may_move_the_end() -> None:
    trainer = tiny_trainer("gan", steps=100)
    steps = 0
    for event in trainer.events():
        steps += isinstance(event, Stepped)
        if isinstance(event, Stepped) and event.step == 2:
            trainer.edit(trainer.settings.changed(steps=4))
    assert steps == 4


@pytest.mark.usefixtures("report_each_step")
def test_an_edit_may_add_to_the_reports() -> None:
    trainer = tiny_trainer("gan", steps=4)
    stats: list[set[str]] = []
    for event in trainer.events():
        if isinstance(event, Report):
            stats.append({key for key in event.stats if not key.startswith("Signal/")} - STATS)
            if event.step == 2:
                trainer.edit(trainer.settings.changed(r1=1.0, augment="ada"))
    assert stats == [set(), set(), *[{"Loss/D/penalty", "Augment/p"}] * 2]


def test_an_edit_lists_what_changed_and_nothing_else() -> None:
    trainer = tiny_trainer("gan")
    assert trainer.edit(trainer.settings) == Edited(0, {})
    changed = trainer.settings.changed(preset="studio", lr_g=1e-3, minutes=1.5, mirror=True)
    assert trainer.edit(changed) == Edited(0, {"preset": "studio", "lr_g": 1e-3, "minutes": 1.5, "mirror": True})
    assert trainer.settings == changed


@pytest.mark.parametrize(
    "values",
    [
        {"batch": 4},
        {"width": 16},
        {"loss": "hinge"},
        {"network": "dcgan"},
        {"optimizer": "sgd"},
        {"beta1": 0.9},
        {"seed": 1},
        {"samples": 9},
        {"condition": "concat"},
        {"codes_continuous": 1},
        {"spectral_norm": True},
        {"precision": "bf16"},
        {"lr_g": 1e-3, "latent_dim": 9},
    ],
    ids=str,
)
def test_what_only_a_new_training_can_change_is_refused(values: dict[str, Any]) -> None:
    trainer = tiny_trainer("gan", steps=2)
    before = trainer.settings
    with pytest.raises(UserError, match="cannot change while a training runs") as caught:
        trainer.edit(before.changed(**values))
    assert f"'{list(values)[-1]}'" in caught.value.what
    assert "new training" in caught.value.remedy
    assert trainer.settings == before
    assert isinstance(events_of(trainer)[-1], Finished)


# -- problems --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("report_each_step")
def test_losses_that_are_no_numbers_end_the_training() -> None:
    trainer = tiny_trainer(steps=50)
    events = trainer.events()
    next(event for event in events if isinstance(event, Stepped) and event.step == 2)
    with torch.no_grad():
        next(trainer.G.parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match="diverged at step") as caught:
        list(events)
    assert trainer.step == 3
    assert "learning rates" in caught.value.remedy


def test_a_batch_larger_than_the_dataset_is_refused() -> None:
    with pytest.raises(UserError, match="larger than the number of images, 20"):
        tiny_trainer(batch=21)


def test_a_device_that_is_not_here_is_refused() -> None:
    with pytest.raises(UserError, match="'cuda:77'"):
        tiny_trainer(device="cuda:77")


@pytest.mark.parametrize(
    "values", [{"width": 16}, {"latent_dim": 9}, {"network": "mlp", "d_norm": "none"}, {"resolution": 32}], ids=str
)
def test_a_checkpoint_of_another_shape_is_refused(values: dict[str, Any]) -> None:
    checkpoint = tiny_trainer().checkpoint()
    with pytest.raises(UserError, match="does not fit") as caught:
        tiny_trainer("studio", checkpoint, **values)
    assert caught.value.remedy


def test_a_checkpoint_of_other_colors_is_refused() -> None:
    checkpoint = tiny_trainer().checkpoint()
    with pytest.raises(UserError, match="color images, and these are grayscale images"):
        Trainer(tiny_settings(), tiny_dataset(channels=1), FIXED, checkpoint)


def test_a_checkpoint_may_go_on_with_other_images() -> None:
    checkpoint = copied(finished(tiny_trainer(steps=3)).checkpoint())
    trainer = Trainer(tiny_settings(steps=5), tiny_dataset(seed=9), FIXED, checkpoint)
    assert trainer.step == 3
    last = events_of(trainer)[-1]
    assert isinstance(last, Finished)
    assert last.step == 5
