"""Export: the names, no file overwritten unasked, and nothing half written when it is stopped."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import Problem
from core.events import Images, Progress, Saved
from core.export import CHUNK, export_images, export_seeds
from core.latent import LatentRequest
from core.sampler import Sampler
from tests.core.tiny import finished, tiny_trainer


@pytest.fixture(scope="module")
def sampler(finished_checkpoint: Path) -> Sampler:
    return Sampler.open(finished_checkpoint, "cpu")


def request(*seeds: int) -> LatentRequest:
    return LatentRequest(seeds, (), psi=0.7, directions=(1.0,))


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        image.load()
        return np.asarray(image)


def test_names_and_images(sampler: Sampler, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    events = list(export_seeds(sampler, request(7, 0, 123456), out))
    assert sorted(path.name for path in out.iterdir()) == ["seed0000.png", "seed0007.png", "seed123456.png"]
    expected = sampler.render(LatentRequest((7, 0, 123456), (0.0, 1.0, 2.0), psi=0.7, directions=(1.0,)))
    for name, image in zip(("seed0007.png", "seed0000.png", "seed123456.png"), expected, strict=True):
        assert np.array_equal(pixels(out / name), image)
    assert events[-1] == Saved(out, 6)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [(event.done, event.total) for event in progress] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_an_image_does_not_depend_on_its_neighbours(sampler: Sampler, tmp_path: Path) -> None:
    many = tuple(range(CHUNK + 5))
    list(export_seeds(sampler, request(*many), tmp_path / "many"))
    assert len(list((tmp_path / "many").iterdir())) == len(many)
    for seed in (0, CHUNK - 1, CHUNK, CHUNK + 4):
        list(export_seeds(sampler, request(seed), tmp_path / "alone"))
        name = f"seed{seed:04d}.png"
        one, other = (pixels(tmp_path / folder / name).astype(int) for folder in ("many", "alone"))
        assert np.abs(one - other).max() <= 1
        assert np.ptp(one) > 20


def test_classes_and_codes_are_those_that_were_asked_for(tmp_path: Path) -> None:
    trainer = finished(tiny_trainer("cgan", codes_continuous=2, steps=3))
    for parameter in trainer.G_ema.parameters():
        if parameter.ndim > 1:
            parameter.mul_(3)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    asked = LatentRequest((4, 5), (0.0, 1.0), classes=(0.0, 0.0, 1.0), codes=(1.0, -1.0))
    expected = sampler.render(asked)
    assert not np.array_equal(expected, sampler.render(replace(asked, classes=(), codes=())))
    list(export_seeds(sampler, asked, tmp_path))
    for name, image in zip(("seed0004.png", "seed0005.png"), expected, strict=True):
        assert np.array_equal(pixels(tmp_path / name), image)


def test_images_that_are_on_screen(tmp_path: Path) -> None:
    for channels in (1, 3):
        images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, channels), np.uint8)
        out = tmp_path / str(channels)
        assert list(export_images(images, ["left.png", "right.png"], out))[-1] == Saved(out, 0)
        assert np.array_equal(pixels(out / "right.png").reshape(16, 16, channels), images[1])


def test_nothing_is_overwritten_unasked(sampler: Sampler, tmp_path: Path) -> None:
    (tmp_path / "seed0002.png").write_text("mine")
    with pytest.raises(Problem, match=r"seed0002\.png") as caught:
        list(export_seeds(sampler, request(0, 1, 2), tmp_path))
    assert "empty folder" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["seed0002.png"]
    assert (tmp_path / "seed0002.png").read_text() == "mine"
    list(export_seeds(sampler, request(0, 1, 2), tmp_path, overwrite=True))
    assert pixels(tmp_path / "seed0002.png").shape == (16, 16, 3)


@pytest.mark.parametrize("pulled", [1, 2, 5, 9])
def test_stopping_leaves_whole_files_only(sampler: Sampler, tmp_path: Path, pulled: int) -> None:
    with closing(export_seeds(sampler, request(*range(8)), tmp_path / "out")) as events:
        for _ in range(pulled):
            next(events)
    left = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in left] == [f"seed{seed:04d}.png" for seed in range(pulled - 1)]
    assert all(pixels(path).shape == (16, 16, 3) for path in left)


def test_a_folder_that_cannot_be_written(sampler: Sampler, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(Problem) as caught:
            list(export_seeds(sampler, request(0), folder))
        assert "another folder" in caught.value.remedy


def test_a_full_disk(sampler: Sampler, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(Problem, match=r"seed0000\.png"):
            list(export_seeds(sampler, request(0, 1), tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
