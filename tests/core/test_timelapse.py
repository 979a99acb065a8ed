"""A training's samples as a video: which are shown, for how long, and what is wrong with some."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.events import Images, Notice, Progress, Saved
from core.export.animation import Animation
from core.export.image_files import CAPTION, enlarged
from core.export.timelapse import export_timelapse
from core.imaging.grid import write_png
from core.runs.run import Run
from tests.core.full_disk import largest_file
from tests.core.videos import pixels, shown, waves
from tests.core.work import all_of

TARGETS = ["film.mp4", "film.gif", "film.webp", "film"]
STEPS = (0, 10, 200, 3000)


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A run with four grids, each of one gray."""
    folder = shutil.copytree(finished_run, tmp_path / "runs" / "00000-noise")
    shutil.rmtree(folder / "samples")
    (folder / "samples").mkdir()
    for step in STEPS:
        write_grid(folder, step, gray(step))
    return folder


def write_grid(run: Path, step: int, image: Images) -> None:
    write_png(run / "samples" / f"{step:09d}.png", image, generated=True)


def gray(step: int) -> Images:
    return np.full((32, 48, 3), 40 + 50 * STEPS.index(step), np.uint8)


def levels(frames: list[Images]) -> list[int]:
    """Returns the number of the grid that each frame shows."""
    return [round((float(frame[:30, :, :3].mean()) - 40) / 50) for frame in frames]


@pytest.mark.parametrize("name", TARGETS)
def test_each_grid_is_shown_as_long_as_the_others(run: Path, tmp_path: Path, name: str) -> None:
    events, saved = all_of(export_timelapse(run, tmp_path / name, Animation(fps=10, seconds=1.2)))
    assert saved == Saved(tmp_path / name, 3000)
    assert not [event for event in events if isinstance(event, Notice)]
    found = shown(tmp_path / name)
    if name == "film.webp":  # a frame like the one before makes that one longer
        assert levels(found.frames) == [0, 1, 2, 3]
        assert found.milliseconds == [300] * 4
    else:
        assert levels(found.frames) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
        assert not found.milliseconds or sum(found.milliseconds) == pytest.approx(1200)
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert (last.done, last.total) == (12, 12)


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, [0]), (0.2, [0, 3]), (0.3, [0, 2, 3]), (0.5, [0, 0, 1, 2, 3])])
def test_a_short_video_leaves_some_out(run: Path, tmp_path: Path, seconds: float, expected: list[int]) -> None:
    list(export_timelapse(run, tmp_path / "film", Animation(fps=10, seconds=seconds)))
    assert levels(shown(tmp_path / "film").frames) == expected


def test_the_grids_of_a_real_run(finished_run: Path, tmp_path: Path) -> None:
    samples = Run(finished_run).samples()
    animation = Animation(fps=len(samples), seconds=1, scale=2)
    list(export_timelapse(finished_run, tmp_path / "film.webp", animation))
    found = shown(tmp_path / "film.webp").frames
    assert all(np.array_equal(a, enlarged(pixels(b), 2, False)) for a, b in zip(found, samples, strict=True))


@pytest.mark.parametrize("damage", [b"", b"\x89PNG\r\n\x1a\n", b"no image", None])
def test_damaged_grids_are_left_out(run: Path, tmp_path: Path, damage: bytes | None) -> None:
    path = run / "samples" / "000000200.png"
    path.write_bytes(path.read_bytes()[:-30] if damage is None else damage)
    events = list(export_timelapse(run, tmp_path / "film", Animation(fps=6, seconds=1)))
    (notice,) = (event.text for event in events if isinstance(event, Notice))
    assert notice.startswith("000000200.png cannot be read")
    assert levels(shown(tmp_path / "film").frames) == [0, 0, 1, 1, 3, 3]


@pytest.mark.parametrize("name", TARGETS)
def test_grids_of_another_size_are_fitted_to_the_last(run: Path, tmp_path: Path, name: str) -> None:
    write_grid(run, 0, waves(width=33, height=11)(0))
    list(export_timelapse(run, tmp_path / name, Animation(fps=4, seconds=1)))
    frames = shown(tmp_path / name).frames
    assert [frame.shape for frame in frames] == [(32, 48, 3)] * 4
    assert levels(frames[1:]) == [1, 2, 3]
    assert frames[0][16].mean() > 60  # in the middle, as wide as fits
    assert frames[0][:6].mean() < 12
    assert frames[0][-6:].mean() < 12


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels(run: Path, tmp_path: Path, channels: int) -> None:
    images = [waves(channels)(number) for number in range(4)]
    for step, image in zip(STEPS, images, strict=True):
        write_grid(run, step, image)
    for name in ("film", "film.webp"):
        list(export_timelapse(run, tmp_path / name, Animation(fps=4, seconds=1), caption=True))
        for frame, image in zip(shown(tmp_path / name).frames, images, strict=True):
            frame = frame.reshape(*frame.shape[:2], -1)
            assert frame.shape[:2] == (24 + CAPTION, 32)
            assert np.array_equal(frame[:24, :, : image.shape[2]], image) or (frame[:24][..., 3] == 0).any()


def test_the_step_stands_below(run: Path, tmp_path: Path) -> None:
    for step in STEPS:
        write_grid(run, step, gray(step).repeat(2, 1))
    animation = Animation(fps=4, seconds=1, scale=2)
    list(export_timelapse(run, tmp_path / "film", animation, caption=True))
    frames = shown(tmp_path / "film").frames
    assert [frame.shape for frame in frames] == [(64 + CAPTION, 192, 3)] * 4
    strips = [frame[64:] for frame in frames]
    ink = [int((strip.min(2) < 128).sum()) for strip in strips]
    assert ink[0] < ink[1] < ink[2] < ink[3]  # step 0, step 10, step 200, step 3,000
    assert all(strip.max() == 255 for strip in strips)


def test_a_caption_that_does_not_fit_is_left_out(run: Path, tmp_path: Path) -> None:
    for step in STEPS:
        write_grid(run, step, gray(step)[:, :8])
    list(export_timelapse(run, tmp_path / "film", Animation(fps=4, seconds=1), caption=True))
    frames = shown(tmp_path / "film").frames
    assert frames[0][32:].min() < 128  # 0
    assert frames[3][32:].min() == 255


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_overwritten_unasked(run: Path, tmp_path: Path, name: str) -> None:
    animation = Animation(fps=4, seconds=1)
    list(export_timelapse(run, tmp_path / name, animation))
    write_grid(run, 0, gray(3000))
    with pytest.raises(UserError, match="another folder"):
        list(export_timelapse(run, tmp_path / name, animation))
    assert levels(shown(tmp_path / name).frames)[0] == 0
    list(export_timelapse(run, tmp_path / name, animation, overwrite=True))
    assert levels(shown(tmp_path / name).frames)[0] == 3


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("pulled", [1, 4, 5, 16])
def test_stopping_leaves_whole_files_only(run: Path, tmp_path: Path, name: str, pulled: int) -> None:
    with closing(export_timelapse(run, tmp_path / name, Animation(fps=12, seconds=1))) as events:
        for _ in range(pulled):
            next(events)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and run not in path.parents]
    assert not left if name != "film" else all(pixels(path).shape == (32, 48, 3) for path in left)


@pytest.mark.parametrize("name", TARGETS)
def test_a_full_disk(run: Path, tmp_path: Path, name: str) -> None:
    with largest_file(50), pytest.raises(UserError, match="saved"):
        list(export_timelapse(run, tmp_path / name, Animation(fps=4, seconds=1)))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and run not in path.parents]


def test_what_is_no_run_or_has_no_grids(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run folder"):
        list(export_timelapse(tmp_path, tmp_path / "film.mp4", Animation()))
    for path in (run / "samples").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="no sample grids"):
        list(export_timelapse(run, tmp_path / "film.mp4", Animation()))
    assert not (tmp_path / "film.mp4").exists()


def test_a_grid_that_goes_while_it_is_exported(run: Path, tmp_path: Path) -> None:
    events = export_timelapse(run, tmp_path / "film.mp4", Animation(fps=12, seconds=1))
    for _ in range(6):
        next(events)
    (run / "samples" / "000003000.png").unlink()
    with pytest.raises(UserError, match=r"000003000\.png"):
        list(events)
    assert not (tmp_path / "film.mp4").exists()
