"""Copies between host and device in a step: there are none, whatever the preset.

There is no GPU here. Tensors on torch's "meta" device stand in for those on one: every operator and its backward run
without values, so whatever reads a value, or copies one from the host, shows.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core.config.settings import Settings
from core.data.batches import Batches
from core.events import Tuned
from core.jobs.trainer import trainer_for
from core.presets import presets
from tests.core.tiny import TRANSLATIONS, dataset_for, tiny_settings, tiny_translation

DEVICE = torch.device("meta")


class Crossings(TorchDispatchMode):
    """Notes every operator that has tensors on both sides, or whose result lies on the other."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        sides = {each.device.type for each in tree_leaves((args, kwargs, result)) if isinstance(each, Tensor)}
        if len(sides) > 1:
            self.found.append(func.__name__)
        return result


def unseeded(function: Any) -> Any:
    """Draws without the generator, of which this device has none."""

    def call(*shape: Any, generator: object = None, **rest: Any) -> Tensor:
        made: Tensor = function(*shape, **rest)
        return made

    return call


class _HostGenerator(torch.Generator):
    """One of the CPU that says it is on the device."""

    device = DEVICE

    def __new__(cls, device: object = None) -> _HostGenerator:
        return super().__new__(cls)


@pytest.fixture
def on_device(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("core.training.steps.use", lambda name: DEVICE)
    for name in ("rand", "randn", "randint"):
        monkeypatch.setattr(torch, name, unseeded(getattr(torch, name)))
    monkeypatch.setattr(torch, "Generator", _HostGenerator)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # it knows no such device
    return monkeypatch


@pytest.mark.parametrize(("name", "resident"), [*((name, True) for name in presets()), ("gan", False)])
def test_nothing_crosses_in_a_step(name: str, resident: bool, on_device: pytest.MonkeyPatch) -> None:
    on_device.setattr("core.data.batches.free_memory", lambda device: 2**30 if resident else 0)
    values = {"instance_noise": 0.1, "mirror": True} if name != "playground" else {"instance_noise": 0.1}
    settings = tiny_settings(name, **values)
    settings = settings.changed(d_steps=min(settings.d_steps, 2))
    assert_nothing_crosses(settings, resident)


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_nothing_crosses_in_a_step_of_a_translation(name: str, on_device: pytest.MonkeyPatch) -> None:
    on_device.setattr("core.data.batches.free_memory", lambda device: 2**30)
    assert_nothing_crosses(tiny_translation(name), True)


def assert_nothing_crosses(settings: Settings, resident: bool) -> None:
    trainer = trainer_for(settings, dataset_for(settings), Tuned("meta", "fp32", "contiguous", {}))
    with Crossings() as staging:
        for _ in range(2):  # the second is not the first of its epoch
            plan = trainer._prepare(settings.d_steps)
    for watched in (True, False):
        with Crossings() as step:
            trainer._train_step(plan._replace(watched=watched))
        assert step.found == []
    # The order of an epoch, or else the images of a batch, for which there is a place after the first time.
    assert set(staging.found) <= ({"_to_copy.default"} if resident else {"copy_.default", "empty_like.default"})


def test_images_for_which_the_device_has_no_room_stay_where_they_are(on_device: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    on_device.setattr("core.data.batches.free_memory", lambda device: 2**30)
    on_device.setattr("core.data.batches.moved", full)
    batches = Batches(dataset_for(tiny_settings("gan")), 2, True, 0, DEVICE)
    with Crossings() as staging:
        batches.stage(1)
    assert "copy_.default" in staging.found
    assert batches.staged(0)[0].device == DEVICE


def test_the_order_of_an_epoch_crosses_once(on_device: pytest.MonkeyPatch) -> None:
    on_device.setattr("core.data.batches.free_memory", lambda device: 2**30)
    settings = tiny_settings("gan")
    batches = Batches(dataset_for(settings), 2, True, 0, DEVICE)
    with Crossings() as first:
        batches.stage(1)
    with Crossings() as others:
        for _ in range(9):
            batches.stage(1)
    assert len(first.found) == 2  # the rows, and which of them are mirrored
    assert others.found == []
