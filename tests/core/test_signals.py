"""Signals in the reports of a training: they agree with closed forms, and change nothing."""

from __future__ import annotations

import dataclasses
from math import inf
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.data.dataset import Dataset
from core.events import Report, Stepped
from core.monitoring.diversity import RandomFeatures, nearest, pixels, shrunk, spread
from core.monitoring.norms import distance, l2_norm
from core.monitoring.probe import overfitting
from core.monitoring.signals import accuracy, layer, quantiles
from core.monitoring.time_budget import TimeBudget
from core.stats.keys import meaning
from core.trainer import Trainer
from tests.core.tiny import (
    FIXED,
    copied,
    differences,
    events_of,
    finished,
    tiny_dataset,
    tiny_settings,
    tiny_trainer,
)

CPU = torch.device("cpu")


@pytest.fixture
def probe_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report is of one step, and nothing is left out for want of time."""
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("core.monitoring.signals.STEP_SHARE", inf)
    monkeypatch.setattr("core.monitoring.signals.PROBE_SHARE", inf)


def large_dataset(**values: Any) -> Dataset:
    """Returns a dataset, of which ten images are held out."""
    return tiny_dataset(200, **values)


def signals(report: Report) -> dict[str, float]:
    prefix = "Signal/"
    return {key.removeprefix(prefix): value for key, value in report.stats.items() if key.startswith(prefix)}


def reports(trainer: Trainer) -> list[dict[str, float]]:
    return [signals(event) for event in events_of(trainer) if isinstance(event, Report)]


def weights_of(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


# -- in the reports --------------------------------------------------------------------------------------------------

STEPWISE = {"D/accuracy_real", "D/accuracy_fake", "D/gradient", "G/gradient", "D/update", "G/update"}
PROBED = {"diversity", "nearest", "drift", "contrast", "color"}
SCORES = {f"scores/{kind}/{part}" for kind in ("real", "fake") for part in ("p05", "p25", "p50", "p75", "p95")}


@pytest.mark.usefixtures("probe_at_each_step")
def test_what_a_report_tells() -> None:
    trainer = Trainer(tiny_settings("gan", steps=2, lr_d=1e-3), large_dataset(), FIXED)
    first, second = reports(trainer)
    for found in (first, second):
        layers = {key for key in found if "/gradient/" in key}
        assert set(found) - layers - {"gap"} == STEPWISE | SCORES | PROBED
        assert {"D/gradient/head", "D/gradient/features.1", "G/gradient/layers.0"} <= layers


@pytest.mark.usefixtures("probe_at_each_step")
def test_points_have_no_nearest_ones_and_none_are_held_out() -> None:
    (found,) = reports(tiny_trainer("playground", steps=1))
    assert "diversity" in found
    assert not found.keys() & {"gap", "nearest", "contrast", "color"}


def test_a_training_without_signals_has_none() -> None:
    assert reports(tiny_trainer(signals=False, steps=2)) == [{}]


def test_a_training_too_short_for_more_has_one_of_each() -> None:
    (found,) = reports(tiny_trainer(steps=1))
    assert found.keys() >= STEPWISE | SCORES | PROBED


def test_work_takes_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("core.monitoring.time_budget.perf_counter", lambda: now)
    budget, never, always = TimeBudget(0.01), TimeBudget(0.0), TimeBudget(inf)
    times: list[float] = []
    while now < 1000:
        now += 0.1  # a step
        assert always.due()
        assert not never.due()
        if budget.due():
            with budget.spending():
                now += 50.0 if len(times) == 7 else 0.5  # once it is interrupted, which is not its own doing
            times.append(now)
    gaps = np.diff(times)
    assert gaps[:6] == pytest.approx(50.5, abs=0.2)
    assert gaps[7:9] == pytest.approx([100.5, 50.5], abs=0.2)


# -- closed forms ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("probe_at_each_step")
def test_gradients_and_updates_are_those_of_the_step() -> None:
    trainer = tiny_trainer("gan", optimizer="sgd", lr_g=0.01, lr_d=0.02, steps=3)
    before: dict[str, Tensor] = {}
    for event in trainer.events():
        if isinstance(event, Stepped):
            after = {"G": weights_of(trainer.G), "D": weights_of(trainer.D)}
        elif isinstance(event, Report):
            found = signals(event)
            for name, rate in (("G", 0.01), ("D", 0.02)) if before else ():
                # SGD without momentum moves by rate times gradient.
                moved = float((after[name] - before[name]).norm())
                assert found[f"{name}/gradient"] == pytest.approx(moved / rate, rel=1e-3)
                assert found[f"{name}/update"] == pytest.approx(moved / float(before[name].norm()), rel=1e-3)
                layers = [value for key, value in found.items() if key.startswith(f"{name}/gradient/")]
                assert sum(value**2 for value in layers) ** 0.5 == pytest.approx(found[f"{name}/gradient"], rel=1e-4)
            before = after
    assert before


def test_lengths_by_hand() -> None:
    network = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        for weight, values in zip(network.parameters(), ([[3.0, 4.0]], [12.0], [[84.0]]), strict=True):
            weight.copy_(torch.tensor(values))
    assert float(l2_norm(list(network.parameters()))) == 85.0
    assert float(l2_norm([])) == 0.0


def test_layers_are_called_by_short_names() -> None:
    assert layer("network.head.parametrizations.weight.original") == "head"
    assert layer("network.features.3.residual.0.bias") == "features.3"
    assert layer("Q.0.weight") == "Q.0"
    assert layer("network.constant") == "constant"


@pytest.mark.usefixtures("probe_at_each_step")
def test_there_is_no_drift_without_averaging() -> None:
    assert [found["drift"] for found in reports(tiny_trainer("gan", ema_kimg=0, steps=2))] == [0.0, 0.0]
    assert all(found["drift"] > 1e-6 for found in reports(tiny_trainer("gan", steps=2, ema_ramp=15)))


def test_drift_by_hand() -> None:
    one, other = nn.Linear(2, 1, bias=False), nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        one.weight.copy_(torch.tensor([[3.0, 4.0]]))
        other.weight.copy_(torch.tensor([[0.0, 8.0]]))
    assert float(distance(one, other)) == pytest.approx(5 / 8)


def test_accuracies_by_hand() -> None:
    real, fake = torch.tensor([1.0, 2.0, 3.0, -1.0]), torch.tensor([-1.0, 0.5, -3.0, -2.0])
    assert [float(part) for part in accuracy(real, fake, signed=True).values()] == [0.75, 0.75]
    # By 10 higher, 0 means nothing; the middle of the means is -0.0625 + 10.
    assert [float(part) for part in accuracy(real + 10, fake + 10, signed=False).values()] == [0.75, 0.75]


def test_quantiles_by_hand() -> None:
    found = quantiles(torch.arange(101.0).flip(0))
    assert found == {"p05": 5.0, "p25": 25.0, "p50": 50.0, "p75": 75.0, "p95": 95.0}


def test_overfitting_by_hand() -> None:
    noise = torch.tensor([-0.1, 0.1] * 8)
    trained, generated = noise + 3.0, noise - 1.0
    assert overfitting(trained, trained, generated) == pytest.approx(0.0)
    assert overfitting(trained, noise + 1.0, generated) == pytest.approx(0.5)
    assert overfitting(trained, generated, generated) == pytest.approx(1.0)
    assert overfitting(noise, noise + 1.0, noise) is None  # it cannot even tell generated images


def test_diversity_of_real_images_is_their_own_and_of_a_constant_generator_none() -> None:
    images = torch.from_numpy(np.array(tiny_dataset(40).images)).float() / 127.5 - 1
    features = RandomFeatures(3, CPU)
    assert float(spread(features(images)) / spread(features(images))) == 1.0
    assert float(spread(features(images[:1].expand(8, -1, -1, -1)))) == 0.0
    # Two kinds of images are less varied than forty.
    assert float(spread(features(images[:2].repeat(20, 1, 1, 1)))) < 0.6 * float(spread(features(images)))
    labels = torch.arange(40) % 2
    assert float(spread(features(images[:2].repeat(20, 1, 1, 1)), labels)) == 0.0
    assert torch.equal(spread(features(images), torch.arange(40)), spread(features(images)))  # too few are of one class


def test_features_are_always_the_same_and_disturb_nothing() -> None:
    images, before = torch.rand(2, 3, 64, 48), torch.get_rng_state()
    assert torch.equal(RandomFeatures(3, CPU)(images), RandomFeatures(3, CPU)(images))
    assert torch.equal(torch.get_rng_state(), before)
    points = torch.rand(5, 2, 1, 1)
    assert torch.equal(RandomFeatures(2, CPU)(points), points.flatten(1))


@pytest.mark.parametrize(("device", "by_products"), [("cpu", True), ("meta", False)])
def test_only_cpus_take_distances_from_products(
    device: str, by_products: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TF32 would leave nothing of those between images that are nearly the same."""
    asked: list[str] = []

    def cdist(one: Tensor, other: Tensor, compute_mode: str) -> Tensor:
        asked.append(compute_mode)
        return torch.empty(len(one), len(other), device=one.device)

    monkeypatch.setattr(torch, "cdist", cdist)
    nearest(torch.zeros(30, 4, device=device), torch.zeros(30, 4, device=device))
    assert [mode.startswith("use_mm") for mode in asked] == [by_products]


def test_nearest_by_hand() -> None:
    bank = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    assert float(nearest(torch.tensor([[3.0, 4.0], [10.0, 1.0], [10.0, 2.0]]), bank)) == 2.0
    assert float(nearest(bank, bank, torch.eye(2, dtype=torch.bool))) == 10.0


def test_images_are_shrunk_in_proportion_by_means() -> None:
    images = torch.arange(64.0).view(1, 1, 4, 16)
    assert shrunk(images, 8).shape == (1, 1, 2, 8)
    assert float(shrunk(images, 8)[0, 0, 0, 0]) == (0 + 1 + 16 + 17) / 4
    assert shrunk(images, 16) is images
    assert pixels(torch.rand(3, 2, 64, 32)).shape == (3, 2 * 16 * 8)


# -- sick on purpose -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("probe_at_each_step")
def test_a_generator_that_ignores_its_latents_has_no_diversity() -> None:
    trainer = tiny_trainer("gan", steps=1)
    with torch.no_grad():
        next(trainer.G.parameters()).zero_()
    (found,) = reports(trainer)
    assert found["diversity"] < 0.05


@pytest.mark.usefixtures("probe_at_each_step")
def test_what_varies_with_the_class_alone_is_no_diversity() -> None:
    trainer = tiny_trainer("cgan", steps=1)
    with torch.no_grad():
        next(trainer.G.parameters())[:, : trainer.settings.latent_dim].zero_()  # what z meets; the class meets the rest
    (found,) = reports(trainer)
    assert found["diversity"] < 0.05


@pytest.mark.usefixtures("probe_at_each_step")
def test_one_collapsed_class_among_varied_ones() -> None:
    """The mean hides it, the least diverse class does not."""
    trainer = Trainer(tiny_settings("cgan", steps=1), large_dataset(classes=3), FIXED)
    with torch.no_grad():
        weight = next(trainer.G.parameters())
        latent = trainer.settings.latent_dim
        weight[:, :latent].mul_(50)  # z matters, unless class 0 saturates what it meets
        weight[:, latent] = 1e6
    (found,) = reports(trainer)
    assert found["class_diversity"] < 0.5 * found["diversity"]


@pytest.mark.usefixtures("probe_at_each_step")
def test_that_holds_with_more_classes_than_images_are_looked_at() -> None:
    trainer = Trainer(tiny_settings("cgan", steps=1), tiny_dataset(1000, classes=200), FIXED)
    with torch.no_grad():
        of_latents, of_classes = next(trainer.G.parameters()).tensor_split([trainer.settings.latent_dim], dim=1)
        of_latents.zero_()
        of_classes.mul_(100)
    (found,) = reports(trainer)
    assert found["diversity"] < 0.05


@pytest.mark.usefixtures("probe_at_each_step")
def test_copies_of_training_images_are_near_them() -> None:
    trainer = Trainer(tiny_settings("gan", steps=1, lr_g=1e-12), large_dataset(), FIXED)
    images = torch.from_numpy(np.array(trainer.dataset.images)).float() / 127.5 - 1
    rows = [row for row in range(len(images)) if row not in trainer.held]

    (before,) = reports(Trainer(trainer.settings, large_dataset(), FIXED))
    trainer.G.register_forward_hook(lambda _layer, _drawn, made: images[rows[: len(made)]] + 0.0 * made)
    (found,) = reports(trainer)
    assert found["nearest"] < 0.01
    assert before["nearest"] > 0.2


def test_a_discriminator_that_learns_its_images_by_heart_shows_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", inf)  # but for the one at the end
    trainer = Trainer(tiny_settings("gan", steps=80, lr_d=2e-3, lr_g=1e-5, width=32), large_dataset(), FIXED)
    (found,) = reports(trainer)
    assert found["gap"] > 0.3


# -- nothing changes -------------------------------------------------------------------------------------------------

WATCHED = ("dcgan", "cgan", "infogan", "wgan_gp", "sngan", "stylegan2_ada", "r3gan", "playground")
"""Batch normalization, classes, codes, penalties, spectral norms, noise and augmentation."""


@pytest.mark.usefixtures("probe_at_each_step")
@pytest.mark.parametrize("name", WATCHED)
def test_signals_change_no_bit(name: str) -> None:
    # One after the other: each begins by seeding the random generators that it owns.
    one, other = (
        copied(finished(tiny_trainer(name, signals=signals, steps=3)).checkpoint()) for signals in (True, False)
    )
    assert not differences(one, other)


@pytest.mark.usefixtures("probe_at_each_step")
def test_nor_do_held_out_images_that_are_looked_at() -> None:
    def end(signals: bool) -> Trainer:
        settings = tiny_settings("dcgan", steps=3, condition="projection", spectral_norm=True)
        return finished(Trainer(settings, large_dataset(classes=3), FIXED, signals=signals))

    watched = end(True)
    kept = copied(watched.checkpoint())
    assert watched.G.training
    assert watched.D.training
    assert not differences(kept, end(False).checkpoint())


@pytest.mark.usefixtures("probe_at_each_step")
def test_reports_stay_plain() -> None:
    for event in events_of(tiny_trainer("gan", steps=2)):
        if isinstance(event, Report):
            assert all(type(value) is float for value in event.stats.values())
            assert dataclasses.is_dataclass(event)


@pytest.mark.usefixtures("probe_at_each_step")
@pytest.mark.parametrize(("preset", "values"), [("studio", {"augment": "ada"}), ("infogan", {}), ("wgan_gp", {})])
def test_every_number_that_is_offered_is_explained(preset: str, values: dict[str, Any]) -> None:
    trainer = Trainer(tiny_settings(preset, steps=4, **values), large_dataset(), FIXED)
    found = {key for event in events_of(trainer) if isinstance(event, Report) for key in event.stats}
    explained = {key for key in found if meaning(key).endswith(".")}
    assert {key.partition("/")[0] for key in found - explained} == {"Memory", "Timing"}
    assert {"Loss/D/loss", "Signal/diversity", "Signal/G/gradient"} <= explained
