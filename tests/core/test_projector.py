"""A picture in latent space: the generator's own images are found again, and whatever else a person drops is fitted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.checkpoint import Checkpoint, load, save
from core.cli.main import main
from core.errors import UserError
from core.events import Images
from core.export import recipe
from core.generator_inputs import Conditions
from core.latent.request import LatentRequest, Point
from core.latent.sampler import Sampler
from core.models.conditioning import build_pair
from core.projection.perceptual_distance import PerceptualDistance
from core.projection.projector import BETAS, Adam, ProjectionStep, project, schedule
from core.projection.search_space import FixedConditions
from core.projection.target_image import difference, open_picture, psnr
from core.trainer import Trainer
from tests.core.tiny import CLASSES, IMAGE_PRESETS, finished, tiny_settings, tiny_trainer
from tests.core.work import all_of


def trained(name: str, **values: Any) -> Checkpoint:
    """Returns a checkpoint of a few steps whose images differ."""
    trainer: Trainer = finished(tiny_trainer(name, steps=3, **values))
    if np.ptp(trainer.render()) < 100:  # three steps give plain gray
        for parameter in trainer.G_ema.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    checkpoint = trainer.checkpoint()
    return Checkpoint(checkpoint.meta, {key: tensor.detach().clone() for key, tensor in checkpoint.tensors.items()})


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return trained("gan")


def of_seed(checkpoint: Checkpoint, seed: int, **values: Any) -> Images:
    image: Images = Sampler.of(checkpoint, "cpu").render(LatentRequest.of(Point(seed, **values)))[0]
    return image


def last(checkpoint: Checkpoint, picture: Images, **values: Any) -> ProjectionStep:
    events, found = all_of(project(checkpoint, picture, device="cpu", **values))
    assert found is events[-1]
    return found


# -- the picture -----------------------------------------------------------------------------------------------------


def half(mode: str, size: tuple[int, int] = (60, 40), exif: int = 1) -> Callable[[Path], Path]:
    """A picture whose left half is black and whose right half is white."""

    def write(path: Path) -> Path:
        image = Image.new("L", size, 0)
        image.paste(255, (size[0] // 2, 0, *size))
        image = image.convert(mode)
        notes = image.getexif()
        notes[0x0112] = exif
        image.save(path, exif=notes)
        return path

    return write


@pytest.mark.parametrize(("mode", "channels"), [("L", 3), ("L", 4), ("RGB", 1), ("RGB", 4), ("RGB", 3), ("L", 1)])
def test_a_picture_is_fitted_as_the_training_images_were(
    checkpoint: Checkpoint, tmp_path: Path, mode: str, channels: int
) -> None:
    meta = checkpoint.meta.model_copy(update={"channels": channels})
    image = open_picture(half(mode)(tmp_path / "a.png"), meta)
    assert image.shape == (16, 16, channels)
    colors = image[:, :, :3]
    assert colors[:, :6].max() < 20
    assert colors[:, 10:].min() > 235
    assert channels < 4 or (image[:, :, 3] == 255).all()


def test_a_photo_stands_upright(checkpoint: Checkpoint, tmp_path: Path) -> None:
    image = open_picture(half("RGB", exif=6)(tmp_path / "a.jpg"), checkpoint.meta)  # shown turned right by 90 degrees
    assert image[:6].max() < 40
    assert image[10:].min() > 215


def test_gray_is_brightness(checkpoint: Checkpoint, tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (200, 100, 0)).save(tmp_path / "a.png")
    meta = checkpoint.meta.model_copy(update={"channels": 1})
    assert np.abs(open_picture(tmp_path / "a.png", meta).astype(int) - 118).max() <= 1


def test_what_is_no_picture(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("This is not an image.")
    (tmp_path / "empty.png").touch()
    for name, said in (
        ("a.png", "not an image"),
        ("empty.png", "empty"),
        ("missing.png", "does not exist"),
        ("", "folder"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            open_picture(tmp_path / name, checkpoint.meta)
        assert caught.value.remedy


def test_a_file_as_long_as_a_disk_is_no_picture(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with (tmp_path / "a.webp").open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\x7fWEBPVP8 ")
        file.truncate(2**35)
    with pytest.raises(UserError, match="larger than 512 MB"):
        open_picture(tmp_path / "a.webp", checkpoint.meta)


def test_points_are_no_images(tmp_path: Path) -> None:
    trainer = tiny_trainer("playground")
    for use in (
        lambda: open_picture(half("L")(tmp_path / "a.png"), trainer.meta()),
        lambda: last(trainer.checkpoint(), np.zeros((1, 1, 2), np.uint8)),
    ):
        with pytest.raises(UserError, match="points"):
            use()


def test_noise_ratios() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(difference(black, black + 255)) == 0
    assert psnr(difference(black + 3, black)) == pytest.approx(10 * np.log10(255**2 / 9))
    assert psnr(difference(black, black)) == float("inf")


# -- the way there ---------------------------------------------------------------------------------------------------


def test_adam_is_adam() -> None:
    numbers = torch.randn(3, 1, 5, generator=torch.Generator().manual_seed(0))
    ours, theirs = Adam(numbers), torch.nn.Parameter(numbers.clone())
    optimizer = torch.optim.Adam([theirs], 0.1, BETAS)
    for _ in range(6):
        theirs.grad = theirs.detach().pow(3)
        ours.step(ours.numbers.pow(3), 0.1)
        optimizer.step()
    assert torch.allclose(ours.numbers, theirs, atol=1e-6)


def test_candidates_go_on_as_if_nobody_had_left() -> None:
    numbers = torch.randn(4, 1, 5, generator=torch.Generator().manual_seed(0))
    whole, part = Adam(numbers), Adam(numbers)
    for step in range(6):
        if step == 3:
            part.select(torch.tensor([2, 0]))
        if step == 4:
            part.spread(3)
        whole.step(whole.numbers.pow(3), 0.1)
        part.step(part.numbers.pow(3), 0.1)
    assert part.numbers.shape == (2, 3, 5)
    assert torch.equal(part.numbers, whole.numbers[[2, 0]].expand(-1, 3, -1))


def test_the_rate_rises_and_falls() -> None:
    rates = [schedule(step / 100) for step in range(101)]
    assert 0 < rates[0] < 0.3
    assert max(rates) > 0.98
    assert rates.index(max(rates)) <= 5
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert all(one > other for one, other in pairwise(rates[5:]))


@pytest.mark.parametrize("name", IMAGE_PRESETS)
def test_perceptual_distance_compares_each_image_alone(name: str) -> None:
    settings = tiny_settings(name)
    conditions = Conditions.of(settings, CLASSES)
    torch.manual_seed(0)
    _, D = build_pair(settings, 3, conditions)
    D.eval().requires_grad_(False)
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    shares = torch.full((1, conditions.classes), 1 / max(conditions.classes, 1))
    likeness = PerceptualDistance(D, images[:1], shares)
    whole = likeness(images)
    assert float(whole[0]) == pytest.approx(0, abs=1e-6)
    assert float(whole[1:].min()) > 0.1
    for index in range(4):
        assert float(likeness(images[index : index + 1])) == pytest.approx(float(whole[index]), abs=1e-5)


# -- the generator's own images --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gan", "dcgan", "sngan", "r3gan", "stylegan2_ada", "cgan", "infogan"])
def test_it_comes_nearer_and_the_point_makes_the_image(name: str) -> None:
    checkpoint = trained(name)
    picture = of_seed(checkpoint, 1234567)
    events = list(project(checkpoint, picture, steps=24, device="cpu"))
    steps = [event.step for event in events]
    assert steps == sorted(steps)
    assert set(steps) == set(range(25))
    assert events[-1].distance <= 0.9 * events[0].distance
    sampler = Sampler.of(checkpoint, "cpu")
    for event in (events[0], events[15], events[-1]):
        assert event.distance == difference(event.image, picture)
        (image,) = sampler.render(LatentRequest.of(event.point))
        assert np.abs(image.astype(int) - event.image).max() <= 1
    assert len(events[-1].point.w) == (sampler.style_layers or 0)


def test_its_own_images_are_found_again(checkpoint: Checkpoint) -> None:
    found = [last(checkpoint, of_seed(checkpoint, seed), steps=200) for seed in range(100, 104)]
    assert min(event.psnr for event in found) >= 30
    norms = [float(np.square(event.point.z).mean()) for event in found]
    assert 0.3 < min(norms) <= max(norms) < 2.5


def test_the_same_seed_finds_the_same_point_and_nothing_else_is_drawn(checkpoint: Checkpoint) -> None:
    picture = of_seed(checkpoint, 100)
    state = torch.get_rng_state()
    first, again, other = (last(checkpoint, picture, steps=5, seed=seed).point for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert first == again
    assert first != other


def test_stopping_on_the_way_leaves_a_point(checkpoint: Checkpoint) -> None:
    before = {name: tensor.clone() for name, tensor in checkpoint.tensors.items()}
    with closing(project(checkpoint, of_seed(checkpoint, 100), device="cpu")) as events:
        event = next(event for event in events if event.step == 2)
    assert event.total == 500
    assert len(event.point.z) == 8
    assert all(torch.equal(before[name], tensor) for name, tensor in checkpoint.tensors.items())


# -- classes and codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["concat", "embedding", "projection", "auxiliary"])
def test_the_picture_decides_on_the_class_unless_it_is_given(condition: str) -> None:
    checkpoint = trained("gan", condition=condition)
    shares = (0.0, 0.0, 1.0)
    picture = of_seed(checkpoint, 100, classes=shares)
    free = last(checkpoint, picture, steps=60)
    assert sorted(free.point.classes) == [0.0, 0.0, 1.0]
    mixed = (0.25, 0.25, 0.5)
    assert last(checkpoint, picture, steps=5, given=FixedConditions(mixed)).point.classes == mixed
    assert last(checkpoint, picture, steps=60, given=FixedConditions(shares)).psnr > 20


def test_codes_are_looked_for_or_given() -> None:
    checkpoint = trained("gan", codes_categorical=3, codes_continuous=2)
    codes = (0.0, 1.0, 0.0, 0.75, -0.5)
    picture = of_seed(checkpoint, 100, codes=codes)
    found = last(checkpoint, picture, steps=60).point.codes
    assert sorted(found[:3]) == [0.0, 0.0, 1.0]
    assert max(map(abs, found[3:])) <= 1
    assert last(checkpoint, picture, steps=5, given=FixedConditions(codes=codes)).point.codes == codes


# -- what cannot be --------------------------------------------------------------------------------------------------


def test_what_cannot_be_inverted(checkpoint: Checkpoint) -> None:
    picture = of_seed(checkpoint, 0)
    for shape in ((16, 16, 1), (16, 32, 3), (16, 16)):
        with pytest.raises(UserError, match="16x16x3"):
            last(checkpoint, np.zeros(shape, np.uint8))
    for steps in (0, -1, 10**7):
        with pytest.raises(UserError, match="steps"):
            last(checkpoint, picture, steps=steps)
    for given in (FixedConditions(classes=(1.0,)), FixedConditions(codes=(1.0,))):
        with pytest.raises(UserError, match="another generator"):
            last(checkpoint, picture, given=given)
    broken = dict(checkpoint.tensors)
    broken |= {f"G_ema.{name}": tensor * float("nan") for name, tensor in checkpoint.part("G_ema").items()}
    with pytest.raises(UserError, match="produces NaN"):
        last(Checkpoint(checkpoint.meta, broken), picture)


# -- the command -----------------------------------------------------------------------------------------------------


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        return np.asarray(image)


def test_project(checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(checkpoint, tmp_path / "a.safetensors")
    picture, out = half("RGB")(tmp_path / "a.png"), tmp_path / "new" / "out"
    command = ["project", str(tmp_path / "a.safetensors"), str(picture), "--out", str(out), "--device", "cpu"]
    assert main([*command, "--steps", "10", "--seed", "3"]) == 0
    said = capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == ["projected.png", "target.png"]
    target, projected = pixels(out / "target.png"), pixels(out / "projected.png")
    assert np.array_equal(target, open_picture(picture, checkpoint.meta))
    assert float(said.removeprefix("PSNR ").removesuffix(" dB\n")) == pytest.approx(
        psnr(difference(projected, target)), abs=0.05
    )
    found = recipe.read(out / "projected.png")
    assert found is not None
    assert (found.file, found.checkpoint) == ("a.safetensors", load(tmp_path / "a.safetensors").digest)
    sampler = Sampler.open(tmp_path / "a.safetensors", "cpu")
    assert np.array_equal(sampler.render(found.request, steady=True)[0], projected)
    assert main([*command, "--steps", "2"]) == 2
    assert "already exist" in capsys.readouterr().err
    assert np.array_equal(pixels(out / "projected.png"), projected)
    assert main([*command, "--steps", "2", "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("project|{checkpoint}", "PICTURE"),
        ("project|{checkpoint}|{tmp}/a.png", "--out"),
        ("project|{tmp}/missing|{tmp}/a.png|--out|{tmp}/out", "no file"),
        ("project|{checkpoint}|{tmp}/missing.png|--out|{tmp}/out", "does not exist"),
        ("project|{checkpoint}|{tmp}/notes.png|--out|{tmp}/out", "notes.png"),
        ("project|{checkpoint}|{tmp}/a.png|--out|{tmp}/out|--steps|0", "steps, 0,"),
        ("project|{checkpoint}|{tmp}/a.png|--out|{tmp}/out|--seed|-1", "seed"),
        ("project|{checkpoint}|{tmp}/a.png|--out|{tmp}/out|--label|cat", "no classes"),
        ("project|{checkpoint}|{tmp}/a.png|--out|{tmp}/notes.png|--device|cpu", "notes.png"),
    ],
)
def test_bad_input(
    finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: str, said: str
) -> None:
    half("RGB")(tmp_path / "a.png")
    (tmp_path / "notes.png").write_text("notes")
    filled = arguments.format(checkpoint=finished_checkpoint, tmp=tmp_path).split("|")
    assert main(filled) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert said in captured.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "notes.png"]
