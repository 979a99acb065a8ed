"""Generators that a run's pins need: written once, read back, and deleted when no pin needs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import UserError
from core.latent.explore_state import Maker
from core.latent.held_generator import HeldGenerator
from core.latent.request import LatentRequest, Point
from core.latent.sampler import Sampler
from core.runs.pinned_generators import generator_file, keep_generator, remove_unneeded
from tests.core.tiny import finished, tiny_trainer

PREVIEW = torch.zeros(2, 2, 3, dtype=torch.uint8)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    trainer = finished(tiny_trainer("gan", steps=2))
    return Sampler(trainer.meta(), trainer.published(), "cpu")


def kept(run: Path, sampler: Sampler) -> tuple[Maker, Path]:
    maker = Maker(sampler.meta.step, sampler.fingerprint())
    return maker, keep_generator(run, maker, sampler.meta, sampler.weights(), PREVIEW)


def test_a_generator_is_read_back_to_the_bit(tmp_path: Path, sampler: Sampler) -> None:
    maker, file = kept(tmp_path, sampler)
    assert file == generator_file(tmp_path, maker)
    again = Sampler.open(file, "cpu")
    assert again.fingerprint() == maker.weights
    request = LatentRequest.of(Point(3))
    assert np.array_equal(again.render(request), sampler.render(request))
    written = file.stat().st_mtime_ns
    assert kept(tmp_path, sampler)[1].stat().st_mtime_ns == written


def test_only_what_no_pin_needs_is_deleted(tmp_path: Path, sampler: Sampler) -> None:
    maker, file = kept(tmp_path, sampler)
    theirs = file.with_name("mine.safetensors")
    theirs.touch()
    remove_unneeded(tmp_path, {maker})
    assert file.is_file()
    remove_unneeded(tmp_path, set())
    assert not file.exists()
    assert theirs.is_file()
    remove_unneeded(tmp_path / "nowhere", set())


def test_no_link_is_followed(tmp_path: Path, sampler: Sampler) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "pinned").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(UserError, match="is a link"):
        kept(tmp_path / "run", sampler)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_is_held_stays_when_the_sampler_moves_on(sampler: Sampler) -> None:
    own = sampler.copy()
    held, request = HeldGenerator.of(own), LatentRequest.of(Point(3))
    before = own.render(request)
    newer = finished(tiny_trainer("gan", steps=3, lr_g=0.05))
    own.load(newer.meta(), newer.published())
    assert not np.array_equal(own.render(request), before)
    assert np.array_equal(held.sampler().render(request), before)
    whole = held.within(newer.checkpoint())
    assert np.array_equal(Sampler.of(whole, "cpu").render(request), before)
    assert whole.part("D").keys() == newer.checkpoint().part("D").keys()
