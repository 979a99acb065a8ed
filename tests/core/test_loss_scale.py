"""Trainings in fp16: gradients too small for it arrive, those too large for it do no harm."""

from __future__ import annotations

from math import inf, isfinite, nan
from pathlib import Path

import pytest
import torch

from core.checkpoint import load, save
from core.events import Report, Tuned
from core.trainer import Trainer
from core.training.loss_scale import FIRST, PATIENCE, LossScale
from tests.core.tiny import copied, dataset_for, differences, tiny_settings

CPU = torch.device("cpu")


def weight(*gradient: float) -> torch.Tensor:
    found = torch.zeros(len(gradient))
    found.grad = torch.tensor(gradient)
    return found


def test_what_fp16_would_round_to_nothing_arrives() -> None:
    scale, one = LossScale(CPU, True), torch.ones((), dtype=torch.float16, requires_grad=True)
    assert (one.float() * 1e-9).half() == 0
    scale.scaled(one.float() * 1e-6).backward()
    held = torch.zeros(1)
    held.grad = one.grad.float()[None] if one.grad is not None else None
    scale.unscale([held])
    assert held.grad is not None
    assert held.grad.item() == pytest.approx(1e-6, rel=0.01)


def test_an_overflow_is_no_gradient_and_halves_the_scale() -> None:
    scale, held = LossScale(CPU, True), weight(FIRST, inf, -inf, nan)
    scale.unscale([held])
    assert held.grad is not None
    assert held.grad.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert scale.state()["scale"].item() == FIRST / 2


def test_it_rises_when_all_goes_well() -> None:
    scale = LossScale(CPU, True)
    for _ in range(PATIENCE):
        scale.unscale([weight(1.0)])
    assert scale.state()["scale"].item() == 2 * FIRST


def test_other_number_formats_are_not_scaled() -> None:
    scale, held = LossScale(CPU, False), weight(inf, 3.0)
    scale.unscale([held])
    assert held.grad is not None
    assert held.grad.tolist() == [inf, 3.0]
    objective = torch.tensor(2.0)
    assert scale.scaled(objective) is objective
    assert scale.state() == {}


def halves(name: str, steps: int, **values: object) -> Trainer:
    settings = tiny_settings(name, **{"precision": "fp16", "steps": steps, **values})
    return Trainer(settings, dataset_for(settings), Tuned("cpu", "fp16", "contiguous", {}))


@pytest.mark.parametrize("name", ["dcgan", "gan", "studio", "wgan_gp", "r3gan"])
def test_a_training_in_fp16_goes_on_to_the_bit_where_it_was_saved(name: str, tmp_path: Path) -> None:
    whole = halves(name, 4)
    events = list(whole.events())
    losses = [event.stats for event in events if isinstance(event, Report)]
    assert losses
    assert all(isfinite(value) for stats in losses for value in stats.values())
    first = halves(name, 2)
    list(first.events())
    save(first.checkpoint(), tmp_path / "a.safetensors")
    half = load(tmp_path / "a.safetensors")
    assert half.tensors["scale_D.steps"].item() == 2 * first.settings.d_steps
    settings = whole.settings
    rest = Trainer(settings, dataset_for(settings), Tuned("cpu", "fp16", "contiguous", {}), half)
    list(rest.events())
    assert not differences(copied(whole.checkpoint()), copied(rest.checkpoint()))


def test_what_a_penalty_differentiates_is_in_single_precision() -> None:
    """Also where the penalty comes while it trains, as a remedy does."""
    trainer, seen = halves("gan", 4), list[torch.dtype]()
    head = dict(trainer.D.named_modules())["network.head"]
    head.register_forward_hook(lambda layer, given, result: seen.append(result.dtype))
    events = trainer.events()
    while trainer.step < 2:
        next(events)
    assert set(seen) == {torch.float16}
    trainer.edit(trainer.settings.changed(r1=1.0, penalty_interval=1))
    seen.clear()
    list(events)
    assert seen[:2] == [torch.float32] * 2  # of real and of generated images; the generator's update stays in fp16
    assert {torch.float16, torch.float32} == set(seen)
