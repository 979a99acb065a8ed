"""Walks as videos: what is shown, in which order, and nothing lost when it stops."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.events import Images, Notice, Progress, Saved
from core.export import recipe
from core.export.animation import Animation, frame_positions, frame_requests
from core.export.image_files import enlarged
from core.export.walk_video import export_walk
from core.latent.request import LatentRequest, Loop, Point, Walk
from core.latent.sampler import Sampler
from core.trainer import Trainer
from tests.core.full_disk import largest_file
from tests.core.tiny import FIXED, tiny_dataset, tiny_settings, tiny_trainer
from tests.core.videos import differ, pixels, shown
from tests.core.work import all_of

WALK = Walk(tuple(map(Point, (1, 5, 9))))
ANIMATION = Animation(fps=10, seconds=0.6, scale=4)
TARGETS = ["walk.mp4", "walk.gif", "walk.webp", "walk"]
CLOSE = {".mp4": 4.0, ".gif": 5.0, ".webp": 0.0, "": 0.0}
"""Largest mean error of a frame's pixels."""


@pytest.fixture(scope="module")
def sampler(finished_checkpoint: Path) -> Sampler:
    return Sampler.open(finished_checkpoint, "cpu")


def export(sampler: Sampler, trajectory: Walk | Loop, target: Path, animation: Animation = ANIMATION) -> list[Images]:
    """Returns the frames of a video, as a decoder sees them."""
    events, saved = all_of(export_walk(sampler, trajectory, target, animation))
    assert saved == Saved(target, sampler.meta.step)
    progress = [event for event in events if isinstance(event, Progress)]
    count = len(frame_positions(trajectory, animation))
    assert {(event.done, event.total) for event in progress} - {(0, count)} == {
        (done, count) for done in range(1, count + 1)
    }
    return shown(target).frames


@pytest.mark.parametrize("name", TARGETS)
def test_the_frames_are_what_the_sampler_renders(sampler: Sampler, tmp_path: Path, name: str) -> None:
    target = tmp_path / "new folder" / name
    found = export(sampler, WALK, target)
    request = LatentRequest(WALK, tuple(number / 6 for number in range(13)))
    expected = sampler.render(request, steady=True)
    assert len(found) == len(expected) == 13
    for frame, image in zip(found, expected, strict=True):
        assert differ(frame, enlarged(image, 4, smooth=False)) <= CLOSE[target.suffix]
    # The order: each frame is nearer to its own image than to any other.
    small = [frame[1::4, 1::4] for frame in found]
    nearest = [int(np.argmin([differ(frame, image) for image in expected])) for frame in small]
    assert nearest == list(range(13))


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    ("trajectory", "animation"),
    [
        (Walk((Point(1), Point(5))), Animation(fps=10, seconds=0.6, loop=True, scale=2)),
        (Walk((Point(1), Point(5), Point(9)), closed=True), Animation(fps=10, seconds=0.4, scale=2)),
        (Loop(Point(1), 2), Animation(fps=10, seconds=1.2, scale=2)),
    ],
)
def test_a_video_that_closes_repeats_no_frame(
    sampler: Sampler, tmp_path: Path, name: str, trajectory: Walk | Loop, animation: Animation
) -> None:
    found = export(sampler, trajectory, tmp_path / name, animation)
    assert len(found) == 12
    round_ = replace(trajectory, closed=True) if isinstance(trajectory, Walk) else trajectory
    expected = sampler.render(LatentRequest(round_, frame_positions(trajectory, animation)), steady=True)
    if name == "walk":
        assert all(np.array_equal(frame[::2, ::2], image) for frame, image in zip(found, expected, strict=True))
    steps = [differ(expected[number - 1], image) for number, image in enumerate(expected)]  # the first: from the last
    assert min(steps) > 0.5
    assert steps[0] < 1.5 * max(steps[1:])
    first = enlarged(sampler.render(LatentRequest(trajectory, (0.0,)), steady=True)[0], 2, smooth=False)
    assert differ(found[0], first) <= 1.5 * CLOSE[Path(name).suffix]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("kind", ["gray", "RGBA and wide"])
def test_other_images(tmp_path: Path, name: str, kind: str) -> None:
    if kind == "gray":
        trainer = Trainer(tiny_settings("gan"), tiny_dataset(channels=1), FIXED)
    else:
        trainer = tiny_trainer("gan", resolution=64, grid="6x4", alpha=True)
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    trajectory = Walk((Point(0), Point(1)))
    animation = Animation(fps=5, seconds=0.6, scale=4, smooth=True)
    found = export(sampler, trajectory, tmp_path / name, animation)
    expected = [
        enlarged(image, 4, smooth=True) for image in sampler.render(frame_requests(trajectory, animation), steady=True)
    ]
    assert [frame.shape[:2] for frame in found] == [(64, 64) if kind == "gray" else (256, 384)] * 4
    assert np.ptp(expected[0]) > 20
    for frame, image in zip(found, expected, strict=True):
        if name == "walk":
            assert np.array_equal(frame.reshape(image.shape), image)
        elif kind == "gray":
            assert differ(frame, image.repeat(3, 2)) <= (3 if name == "walk.mp4" else 0)
        elif name == "walk.mp4":  # on white
            share = image[:, :, 3:] / 255
            assert differ(frame, (share * image[:, :, :3] + 255 * (1 - share)).round().astype(np.uint8)) < 4
        else:
            alpha = image[:, :, 3] if name == "walk.webp" else 255 * (image[:, :, 3] >= 128).astype(np.uint8)
            seen = alpha > 0
            assert np.array_equal(frame[:, :, 3], alpha)
            assert differ(frame[seen][:, :3], image[seen][:, :3]) <= (0 if name == "walk.webp" else 12)


def test_each_frame_in_a_folder_carries_its_recipe(sampler: Sampler, tmp_path: Path) -> None:
    export(sampler, WALK, tmp_path / "frames")
    assert [path.name for path in sorted((tmp_path / "frames").iterdir())][-1] == "frame00012.png"
    found = recipe.read(tmp_path / "frames" / "frame00009.png")
    assert found is not None
    assert found.checkpoint == sampler.digest
    again = enlarged(sampler.render(found.request, steady=True)[0], 4, smooth=False)
    assert np.array_equal(pixels(tmp_path / "frames" / "frame00009.png"), again)


def test_a_shorter_video_in_the_same_folder_says_what_remains(sampler: Sampler, tmp_path: Path) -> None:
    list(export_walk(sampler, WALK, tmp_path, ANIMATION))
    with pytest.raises(UserError, match=r"frame00000\.png"):
        list(export_walk(sampler, WALK, tmp_path, ANIMATION))
    events, saved = all_of(export_walk(sampler, WALK, tmp_path, Animation(fps=10, seconds=0.2), overwrite=True))
    (notice,) = (event.text for event in events if isinstance(event, Notice))
    assert "frame00005.png to frame00012.png" in notice
    assert saved == Saved(tmp_path, 6)
    assert len(list(tmp_path.iterdir())) == 13


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("pulled", [1, 5, 13])
def test_stopping_leaves_whole_files_only(sampler: Sampler, tmp_path: Path, name: str, pulled: int) -> None:
    with closing(export_walk(sampler, WALK, tmp_path / name, ANIMATION)) as events:
        for _ in range(pulled):
            next(events)
    if name == "walk":
        left = sorted((tmp_path / name).iterdir())
        assert pulled <= len(left) <= 13
        assert all(pixels(path).shape == (64, 64, 3) for path in left)
    else:
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", TARGETS)
def test_a_full_disk(sampler: Sampler, tmp_path: Path, name: str) -> None:
    with largest_file(200), pytest.raises(UserError, match="saved"):
        list(export_walk(sampler, WALK, tmp_path / name, ANIMATION))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_place_that_cannot_be_written_to(sampler: Sampler, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for name in ("file/walk.mp4", "file/frames", "file"):
        with pytest.raises(UserError, match="file"):
            list(export_walk(sampler, WALK, tmp_path / name, ANIMATION))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_points_of_another_generator(sampler: Sampler, tmp_path: Path) -> None:
    trajectory = Walk((Point(z=(1.0, 2.0)), Point(1)))
    for name in TARGETS:
        with pytest.raises(UserError, match="another generator"):
            list(export_walk(sampler, trajectory, tmp_path / name, ANIMATION))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
