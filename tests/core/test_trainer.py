"""The training itself: against a loop written out by hand, the order of its events, and who may not disturb it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from copy import deepcopy
from time import perf_counter, sleep
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from core.checkpoint import Checkpoint
from core.data.batches import Batches
from core.ema import average, decay
from core.errors import Problem
from core.events import Event, Finished, Report, Samples, Stepped, Tuned
from core.latent import LatentRequest
from core.models import Shape, build
from core.presets import presets
from core.sampler import Sampler
from core.trainer import Trainer
from tests.core.tiny import (
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
    monkeypatch.setattr("core.trainer.REPORT_SECONDS", 0.0)


# -- the algorithm ---------------------------------------------------------------------------------------------------


def by_hand(name: str, d_steps: int, steps: int) -> tuple[torch.nn.Module, torch.nn.Module]:
    """G and D after some steps of the textbook's loop: the non-saturating loss, Adam, one batch of noise a step."""
    settings = tiny_settings(name)
    torch.manual_seed(settings.seed)
    G, D = build(settings.network, Shape.of(settings, 3))
    betas = (settings.beta1, settings.beta2)
    # Fused as in the training: a bias before a batch normalisation has rounding errors for a gradient, which Adam
    # makes as large as any other.
    opt_G = torch.optim.Adam(G.parameters(), settings.lr_g, betas, fused=True)
    opt_D = torch.optim.Adam(D.parameters(), settings.lr_d, betas, fused=True)
    noise = torch.Generator().manual_seed(settings.seed)
    batches = Batches(tiny_dataset(), settings.batch, False, settings.seed, torch.device("cpu"))
    for _ in range(steps):
        for _ in range(d_steps):
            fake = G(torch.randn(settings.batch, settings.latent_dim, generator=noise))
            real_logits, fake_logits = D(batches.next()), D(fake.detach())
            opt_D.zero_grad()
            (softplus(-real_logits).mean() + softplus(fake_logits).mean()).backward()
            opt_D.step()
        opt_G.zero_grad()
        softplus(-D(fake)).mean().backward()
        opt_G.step()
    return G, D


@pytest.mark.parametrize("d_steps", [1, 2])
@pytest.mark.parametrize("name", presets())
def test_a_training_is_the_textbooks_loop(name: str, d_steps: int) -> None:
    trainer = finished(tiny_trainer(name, d_steps=d_steps, steps=3))
    for trained, expected in zip((trainer.G, trainer.D), by_hand(name, d_steps, 3), strict=True):
        for (key, value), wanted in zip(trained.state_dict().items(), expected.state_dict().values(), strict=True):
            assert torch.allclose(value, wanted, atol=2e-5), key


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
    average(one, other, 0.75)
    assert one.weight.tolist() == [2.0, 1.0]
    assert one.running_mean.tolist() == [1.0, 1.0]
    assert one.num_batches_tracked == 9


def test_the_averages_half_life() -> None:
    assert decay(batch=32, half_life=320, images=10**6) ** 10 == pytest.approx(0.5)
    assert decay(batch=32, half_life=0, images=10**6) == 0
    # At the start the half-life is a twentieth of the images seen: 64 of 1280, two batches.
    assert decay(batch=32, half_life=10_000, images=1280) ** 2 == pytest.approx(0.5)


@pytest.mark.parametrize("d_steps", [1, 3])
@pytest.mark.parametrize("ema_kimg", [0.1, 10.0])
def test_the_averaged_generator_forgets_by_images_seen(ema_kimg: float, d_steps: int) -> None:
    trainer = tiny_trainer("mlp", ema_kimg=ema_kimg, d_steps=d_steps, steps=30)
    before, seen = flat(trainer.G_ema), 0
    for event in trainer.events():
        if isinstance(event, Stepped):
            reach = min(1000 * ema_kimg, 0.05 * event.images)
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
        assert set(report.stats) == STATS
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
        patch.setattr("core.trainer.REPORT_SECONDS", 0.0)
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
        assert all(type(part) in {int, float, str, np.ndarray} for part in parts), (event, field.name)


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
    assert "3 steps" in last.reason


def test_a_training_ends_after_its_minutes() -> None:
    trainer = tiny_trainer(minutes=0.002)
    last = events_of(trainer)[-1]
    assert isinstance(last, Finished)
    assert last.step > 1
    assert "0.002 minutes" in last.reason
    assert 0.12 <= trainer.seconds < 5


def test_time_between_the_events_is_not_training_time() -> None:
    trainer, started = tiny_trainer(steps=2), perf_counter()
    for event in trainer.events():
        if isinstance(event, Stepped):
            sleep(0.2)
    assert 0 < trainer.seconds < perf_counter() - started - 0.4


def test_a_training_without_a_limit_goes_on() -> None:
    events = tiny_trainer("mlp").events()
    steps = 0
    while steps < 50:
        event = next(events)
        assert not isinstance(event, Finished)
        steps += isinstance(event, Stepped)
    events.close()


# -- nothing but the seed decides ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets())
def test_the_seed_decides_everything(name: str) -> None:
    torch.manual_seed(1)
    one = finished(tiny_trainer(name, steps=4, seed=3)).checkpoint()
    torch.manual_seed(2)
    torch.rand(7)
    assert not differences(one, finished(tiny_trainer(name, steps=4, seed=3)).checkpoint())
    other = finished(tiny_trainer(name, steps=4, seed=4)).checkpoint()
    assert {part.split(".")[0] for part in differences(one, other)} >= {"G", "D", "G_ema", "random", "preview"}


def render(trainer: Trainer) -> None:
    trainer.render()


def publish(trainer: Trainer) -> None:
    for value in trainer.published().values():
        value.zero_()


def save(trainer: Trainer) -> None:
    trainer.checkpoint()


def sample(trainer: Trainer) -> None:
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    request = LatentRequest((0, 1), (0.0, 0.5), psi=0.7, directions=(1.0,))
    sampler.render(request)
    sampler.copy().render(request)
    sampler.load(trainer.meta(), trainer.published())
    sampler.render(request)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Checkpoint]:
    return {name: copied(finished(tiny_trainer(name, steps=5)).checkpoint()) for name in presets()}


@pytest.mark.parametrize("watch", [render, publish, save, sample])
@pytest.mark.parametrize("name", presets())
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


# -- problems --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("report_each_step")
def test_losses_that_are_no_numbers_end_the_training() -> None:
    trainer = tiny_trainer(steps=50)
    events = trainer.events()
    next(event for event in events if isinstance(event, Stepped) and event.step == 2)
    with torch.no_grad():
        next(trainer.G.parameters()).fill_(float("nan"))
    with pytest.raises(Problem, match="stopped being numbers") as caught:
        list(events)
    assert trainer.step == 3
    assert "learning rates" in caught.value.remedy


def test_a_batch_larger_than_the_dataset_is_refused() -> None:
    with pytest.raises(Problem, match="larger than the dataset of 20"):
        tiny_trainer(batch=21)


def test_a_device_that_is_not_here_is_refused() -> None:
    with pytest.raises(Problem, match="'cuda:77'"):
        tiny_trainer(device="cuda:77")


@pytest.mark.parametrize("values", [{"width": 16}, {"latent_dim": 9}, {"network": "mlp"}, {"resolution": 32}], ids=str)
def test_a_checkpoint_of_another_shape_is_refused(values: dict[str, Any]) -> None:
    checkpoint = tiny_trainer().checkpoint()
    with pytest.raises(Problem, match="does not fit") as caught:
        tiny_trainer("studio", checkpoint, **values)
    assert caught.value.remedy


def test_a_checkpoint_of_other_colours_is_refused() -> None:
    checkpoint = tiny_trainer().checkpoint()
    with pytest.raises(Problem, match="colour images, and these are grey"):
        Trainer(tiny_settings(), tiny_dataset(channels=1), FIXED, checkpoint)


def test_a_checkpoint_may_go_on_with_other_images() -> None:
    checkpoint = copied(finished(tiny_trainer(steps=3)).checkpoint())
    trainer = Trainer(tiny_settings(steps=5), tiny_dataset(seed=9), FIXED, checkpoint)
    assert trainer.step == 3
    last = events_of(trainer)[-1]
    assert isinstance(last, Finished)
    assert last.step == 5
