"""Exported images: names, formats, recipes; nothing is overwritten unasked, or half written when stopped."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from core.checkpoint import summary
from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Images, Progress, Saved
from core.export import recipe
from core.export.image_files import CAPTION, encoded, enlarged, export_images, export_pictures
from core.export.selection import FileOptions, ImageFormat, RequestSelection, SeedSelection, Selection
from core.latent.request import LatentRequest, Loop, Point, Square, Walk
from core.latent.sampler import STEADY, Sampler
from tests.core.images import png_header
from tests.core.tiny import CLASSES, finished, tiny_trainer
from tests.core.work import all_of

LIKE = Point(psi=0.7)


@pytest.fixture(scope="module")
def sampler(finished_checkpoint: Path) -> Sampler:
    return Sampler.open(finished_checkpoint, "cpu")


def seeds(*numbers: int) -> Selection:
    return SeedSelection.of(numbers, LIKE)


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        image.load()
        return np.asarray(image)


# -- which images ----------------------------------------------------------------------------------------------------


def names(selection: Selection) -> list[str]:
    return [selection.name(index) for index in range(len(selection))]


def whole(selection: Selection) -> LatentRequest:
    return selection.part(0, len(selection))


def test_a_selection_of_seeds() -> None:
    selection = SeedSelection.of((7, 0, 7, 123456), LIKE)
    assert names(selection) == ["seed0007", "seed0000", "seed123456"]
    assert whole(selection) == LatentRequest.of_seeds((7, 0, 123456), psi=0.7)
    assert selection.part(1, 2) == LatentRequest.of_seeds((0,), psi=0.7)


def test_a_selection_of_each_class() -> None:
    selection = SeedSelection.of((3, 4), LIKE, ("cat", "a/b: ..", "猫 ?", "..."))
    assert names(selection)[:2] == ["000-cat-seed0003", "000-cat-seed0004"]
    assert [name[4:-9] for name in names(selection)[::2]] == ["cat", "a_b", "猫", "class"]
    assert len(set(names(selection))) == len(selection) == 8
    assert selection.part(3, 4).trajectory.points == (Point(4, psi=0.7, classes=(0, 1, 0, 0)),)


def test_a_selection_of_positions() -> None:
    request = LatentRequest(Walk((Point(0), Point(1))), (0.0, 0.5, 1.0))
    assert names(RequestSelection(request, "walk")) == ["walk00000", "walk00001", "walk00002"]
    assert names(RequestSelection(request.part(1, 2), "walk")) == ["walk"]
    assert whole(RequestSelection(request, "walk")) == request


# -- images ----------------------------------------------------------------------------------------------------------


def test_names_and_images(sampler: Sampler, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    progress, saved = all_of(export_images(sampler, seeds(7, 0, 123456), out))
    assert sorted(path.name for path in out.iterdir()) == ["seed0000.png", "seed0007.png", "seed123456.png"]
    expected = sampler.render(whole(seeds(7, 0, 123456)), steady=True)
    for name, image in zip(("seed0007.png", "seed0000.png", "seed123456.png"), expected, strict=True):
        assert np.array_equal(pixels(out / name), image)
    assert np.ptp(expected) > 20
    assert saved == Saved(out, 6)
    counted = {(event.done, event.total) for event in progress if isinstance(event, Progress)}
    assert counted - {(0, 3)} == {(1, 3), (2, 3), (3, 3)}


def test_an_image_does_not_depend_on_its_neighbors(sampler: Sampler, tmp_path: Path) -> None:
    many = tuple(range(STEADY + 5))
    list(export_images(sampler, seeds(*many), tmp_path / "many"))
    assert len(list((tmp_path / "many").iterdir())) == len(many)
    for seed in (0, STEADY - 1, STEADY, STEADY + 4):
        list(export_images(sampler, seeds(seed), tmp_path / "alone"))
        name = f"seed{seed:04d}.png"
        assert (tmp_path / "many" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_torch_keeps_its_threads_elsewhere(sampler: Sampler, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    with closing(export_images(sampler, seeds(*range(40)), tmp_path)) as events:
        for _ in events:
            thread = Thread(target=lambda: seen.append(torch.get_num_threads()))
            thread.start()
            thread.join()
    assert set(seen) == {before}
    assert torch.get_num_threads() == before


def test_classes_and_codes_are_those_that_were_asked_for(tmp_path: Path) -> None:
    trainer = finished(tiny_trainer("cgan", codes_continuous=2, steps=3))
    for parameter in trainer.G_ema.parameters():
        if parameter.ndim > 1:
            parameter.mul_(3)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    asked = SeedSelection.of((4, 5), Point(classes=(0.0, 0.0, 1.0), codes=(1.0, -1.0)))
    expected = sampler.render(whole(asked), steady=True)
    assert not np.array_equal(expected, sampler.render(LatentRequest.of_seeds((4, 5)), steady=True))
    list(export_images(sampler, asked, tmp_path))
    for name, image in zip(("seed0004.png", "seed0005.png"), expected, strict=True):
        assert np.array_equal(pixels(tmp_path / name), image)
    classes = [f"class {number}" for number in range(CLASSES)]
    list(export_images(sampler, SeedSelection.of((4,), Point(codes=(1.0, -1.0)), classes), tmp_path / "each"))
    assert np.array_equal(pixels(tmp_path / "each" / "002-class_2-seed0004.png"), expected[0])


def test_images_that_are_on_screen(tmp_path: Path) -> None:
    for channels in (1, 3, 4):
        images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, channels), np.uint8)
        out = tmp_path / str(channels)
        assert run_to_end(export_pictures(images, ["left", "right"], out, generated=True)) == Saved(out, 0)
        assert np.array_equal(pixels(out / "right.png").reshape(16, 16, channels), images[1])


# -- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_formats(format: ImageFormat, suffix: str, channels: int) -> None:
    y, x = np.mgrid[0:32, 0:32]
    image = np.stack([4 * x, 4 * y, 2 * (x + y), np.full_like(x, 255)][:channels] if channels > 1 else [4 * x], 2)
    data = encoded(image.astype(np.uint8), format, generated=True)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == format.upper()
        shown = np.asarray(picture.convert("RGBA")).astype(int)
    expected = np.broadcast_to(image, (32, 32, 3)) if channels == 1 else image[:, :, :3]
    assert np.abs(shown[:, :, :3] - expected).mean() < (0.1 if format == "png" else 4)
    assert suffix


def test_transparent_parts_of_a_jpeg_are_white() -> None:
    with Image.open(io.BytesIO(encoded(np.zeros((8, 8, 4), np.uint8), "jpeg", generated=True))) as picture:
        assert np.asarray(picture).min() > 250


def test_larger_pixels() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    square = enlarged(image, 3, smooth=False)
    assert square.shape == (6, 6, 3)
    assert np.array_equal(square[::3, ::3], image)
    assert np.array_equal(square[2, 2], image[0, 0])
    assert enlarged(image, 3, smooth=True).shape == (6, 6, 3)
    assert enlarged(image[:, :, :1], 3, smooth=True).shape == (6, 6, 1)


def test_a_zip(sampler: Sampler, tmp_path: Path) -> None:
    target = tmp_path / "all.zip"
    saved = run_to_end(export_images(sampler, seeds(0, 1, 2), target, FileOptions("webp", "zip", scale=2)))
    assert saved == Saved(target, 6)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["seed0000.webp", "seed0001.webp", "seed0002.webp"]
        with Image.open(io.BytesIO(archive.read("seed0001.webp"))) as image:
            assert image.size == (32, 32)


@pytest.mark.parametrize("scale", [1, 4])
def test_a_contact_sheet(sampler: Sampler, tmp_path: Path, scale: int) -> None:
    target = tmp_path / "sheet.png"
    list(export_images(sampler, seeds(*range(7)), target, FileOptions("png", "sheet", scale)))
    sheet, side = pixels(target), 16 * scale
    high = side + (CAPTION if scale == 4 else 0)  # names where there is room for them
    assert sheet.shape == (3 * high, 3 * side, 3)
    images = sampler.render(whole(seeds(*range(7))), steady=True)
    assert np.array_equal(sheet[high : high + side, side : 2 * side][::scale, ::scale], images[4])
    assert (sheet[2 * high :, side:] == 255).all()
    found = recipe.read(target)
    assert found is not None
    assert found.request == whole(seeds(*range(7)))


# -- recipes ---------------------------------------------------------------------------------------------------------

REQUESTS = [
    LatentRequest.of(Point(3, psi=0.7, offset=(0.5,) * 24)),
    LatentRequest(Walk((Point(5, psi=0.8), Point(9), Point(1)), "lerp", closed=True, easing="smooth"), (2.4,)),
    LatentRequest(Square((Point(5), Point(9), Point(1), Point(2, psi=0.5))), ((0.3, 0.9),)),
    LatentRequest(Loop(Point(5, psi=0.9), 7), (0.3,)),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_an_image_exported_once_more_from_its_recipe_is_the_same(
    sampler: Sampler, tmp_path: Path, request_: LatentRequest
) -> None:
    if isinstance(request_.trajectory, Walk) and request_.trajectory.points[0].offset:
        offset = (0.5,) * sampler.directions.shape[1]
        request_ = LatentRequest.of(replace(request_.trajectory.points[0], offset=offset))
    list(export_images(sampler, RequestSelection(request_, "once"), tmp_path))
    found = recipe.read(tmp_path / "once.png")
    assert found is not None
    list(export_images(sampler, RequestSelection(found.request, "again"), tmp_path))
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_a_recipe_names_its_checkpoint_and_no_folder(sampler: Sampler, tmp_path: Path) -> None:
    list(export_images(sampler, seeds(1), tmp_path))
    found = recipe.read(tmp_path / "seed0001.png")
    assert found is not None
    assert sampler.path is not None
    assert found.checkpoint == summary(sampler.path).digest != ""
    assert found.file == f"{sampler.path.parent.parent.name}/{sampler.path.name}"
    assert found.step == 6
    assert str(sampler.path.parent.parent.parent) not in found.text()


def with_text(path: Path, text: str, zipped: bool = False) -> Path:
    """A picture that says something under the key of recipes."""
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt(recipe.KEY, text, zip=zipped)
    Image.new("RGB", (8, 8)).save(path, pnginfo=notes)
    return path


def facts_of(asked: LatentRequest, **changes: Any) -> str:
    """A recipe, whatever it may hold."""
    facts = {"format": 1, "checkpoint": "", "file": "", "step": 1, "request": json.loads(asked.json())}
    return json.dumps(facts | changes)


ONE = LatentRequest.of_seeds([1])
LARGE = [
    facts_of(LatentRequest(Walk((Point(),)), (0.0,) * 10_001)),
    facts_of(ONE)[:-1].replace('"points": [', '"points": [' + "{}, " * 300_000) + "}",
    facts_of(LatentRequest.of(Point(z=(0.0,) * 5000))),
    facts_of(LatentRequest.of(Point(w=((0.0,),) * 300))),
    facts_of(ONE, file="a" * 5000),
    facts_of(ONE, checkpoint="a" * 5000),
    facts_of(ONE, step=2**63),
    facts_of(ONE, step=-1),
    facts_of(ONE, more="a" * 2**21),
]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("text", LARGE, ids=range(len(LARGE)))
def test_a_recipe_of_too_much_is_refused(tmp_path: Path, text: str, zipped: bool) -> None:
    with pytest.raises(UserError, match=r"The recipe in a\.png cannot be read") as caught:
        recipe.read(with_text(tmp_path / "a.png", text, zipped))
    assert len(caught.value.details) < 1000


def test_a_recipe_that_would_not_be_read_is_not_written(sampler: Sampler) -> None:
    for request in (
        LatentRequest.of_seeds(range(10_001)),
        LatentRequest.of(*(Point(z=(0.123456789,) * 500) for _ in range(300))),
    ):
        assert recipe.Recipe.of(sampler, request).text() == ""
    assert recipe.Recipe.of(sampler, LatentRequest.of_seeds(range(10_000))).text()


def test_a_recipe_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="newer GAN Studio") as caught:
        recipe.read(with_text(tmp_path / "a.png", facts_of(ONE, format=2, request="of another kind")))
    assert "Update" in caught.value.remedy


def test_a_recipe_whose_bytes_have_changed_is_refused(tmp_path: Path) -> None:
    path = with_text(tmp_path / "a.png", facts_of(LatentRequest.of_seeds(range(20))))  # longer than what Pillow checks
    path.write_bytes(path.read_bytes().replace(b'"step": 1', b'"step": 2'))
    with pytest.raises(UserError, match="cannot be read") as caught:
        recipe.read(path)
    assert "checksum" in caught.value.details


def test_other_notes_are_no_hindrance(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("workflow", "x" * 2**21)
    notes.add_text("bomb", "x" * 2**26, zip=True)
    notes.add_itxt("prompt", "x" * 2**21, zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=notes)
    assert recipe.read(tmp_path / "a.png") is None
    notes.add_itxt(recipe.KEY, facts_of(ONE), zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=notes)
    found = recipe.read(tmp_path / "a.png")
    assert found is not None
    assert found.request == ONE


def test_hostile_images_are_no_recipes(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png_header(60_000, 60_000))
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, start in (("a.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8 "), ("a.png", b"\x89PNG\r\n\x1a\n")):
        with (tmp_path / name).open("wb") as file:  # as long as a disk, and empty
            file.write(start)
            file.truncate(2**35)
    for path in tmp_path.iterdir():
        with pytest.raises(OSError):  # noqa: PT011  # whatever Pillow says
            recipe.read(path)


def test_other_images_have_no_recipe(tmp_path: Path) -> None:
    picture = Image.new("RGB", (4, 4))
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "a.jpg")
    assert recipe.read(tmp_path / "a.png") is None
    assert recipe.read(tmp_path / "a.jpg") is None
    (tmp_path / "b.png").write_text("no image")
    with pytest.raises(OSError):  # noqa: PT011 (Pillow's own)
        recipe.read(tmp_path / "b.png")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"request": 1}', "null"])
def test_damaged_recipes_are_refused(tmp_path: Path, text: str) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt(recipe.KEY, text)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=notes)
    with pytest.raises(UserError, match="recipe") as caught:
        recipe.read(tmp_path / "a.png")
    assert caught.value.remedy


def test_a_recipe_is_json(sampler: Sampler) -> None:
    facts = json.loads(recipe.Recipe.of(sampler, whole(seeds(1))).text())
    assert facts["format"] == 1
    assert facts["request"]["way"]["points"][0]["seed"] == 1


# -- nothing lost ----------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten_unasked(sampler: Sampler, tmp_path: Path) -> None:
    (tmp_path / "seed0002.png").write_text("mine")
    with pytest.raises(UserError, match=r"seed0002\.png") as caught:
        list(export_images(sampler, seeds(0, 1, 2), tmp_path))
    assert "another folder" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["seed0002.png"]
    assert (tmp_path / "seed0002.png").read_text() == "mine"
    list(export_images(sampler, seeds(0, 1, 2), tmp_path, overwrite=True))
    assert pixels(tmp_path / "seed0002.png").shape == (16, 16, 3)
    for packing in ("zip", "sheet"):
        target = tmp_path / f"a.{packing}"
        target.write_text("mine")
        shape = FileOptions(packing=packing)
        with pytest.raises(UserError, match=target.name):
            list(export_images(sampler, seeds(0, 1), target, shape))
        assert target.read_text() == "mine"
        list(export_images(sampler, seeds(0, 1), target, shape, overwrite=True))
        assert target.stat().st_size > 100


@pytest.mark.parametrize("pulled", [1, 2, 5, 8])
@pytest.mark.parametrize("packing", ["folder", "zip", "sheet"])
def test_stopping_leaves_whole_files_only(sampler: Sampler, tmp_path: Path, pulled: int, packing: str) -> None:
    target = tmp_path / "out"
    shape = FileOptions(packing=packing)  # type: ignore[arg-type]
    with closing(export_images(sampler, seeds(*range(300)), target, shape)) as events:
        for _ in range(pulled):
            next(events)
    if packing == "folder":
        left = sorted(target.iterdir())
        assert pulled <= len(left) < 300
        assert [path.name for path in left] == [f"seed{seed:04d}.png" for seed in range(len(left))]
        assert all(pixels(path).shape == (16, 16, 3) for path in left)
    else:
        assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(sampler: Sampler, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(UserError) as caught:
            list(export_images(sampler, seeds(0), folder))
        assert "another folder" in caught.value.remedy


def test_a_full_disk(sampler: Sampler, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(UserError, match=r"seed0000\.png"):
            list(export_images(sampler, seeds(0, 1), tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
