"""The formats of videos as decoders see them: frames, times, colors, transparency; whole files or none."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.events import Images, Progress
from core.export.animation import Animation
from core.export.gif_palette import Palette
from core.export.image_files import enlarged
from core.export.video_encoder import Mp4, _Sink, format_of, spread, write_video
from tests.core.full_disk import largest_file
from tests.core.videos import differ, frames_of, shown, waves

KINDS = [".mp4", ".gif", ".webp"]
COUNT = 12
CLOSE = {".mp4": 3.0, ".gif": 10.0, ".webp": 0.0}
"""Largest mean error of a decoded frame's pixels; the frames differ by more than 30."""


def written(path: Path, channels: int = 3, count: int = COUNT, animation: Animation | None = None, **size: int) -> Path:
    for _ in write_video(frames_of(waves(channels, **size)), count, path, animation or Animation(), False):
        pass
    return path


def as_rgb(frame: Images) -> Images:
    return frame.repeat(3, 2) if frame.shape[2] == 1 else frame


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("smooth", [False, True])
def test_frames_come_back_in_order(tmp_path: Path, kind: str, channels: int, smooth: bool) -> None:
    animation = Animation(scale=2, smooth=smooth)
    found = shown(written(tmp_path / f"a{kind}", channels, animation=animation)).frames
    assert len(found) == COUNT
    for number, frame in enumerate(found):
        expected = as_rgb(enlarged(waves(channels)(number), 2, smooth))
        assert frame.shape == expected.shape
        assert differ(frame, expected) <= (0 if channels == 1 and kind == ".gif" else CLOSE[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "height"), [(33, 17), (96, 64), (1, 1)])
def test_sizes(tmp_path: Path, kind: str, width: int, height: int) -> None:
    path = written(tmp_path / f"a{kind}", width=width, height=height)
    found = shown(path).frames[5]
    grown = (height + height % 2, width + width % 2) if kind == ".mp4" else (height, width)
    assert found.shape[:2] == grown
    assert differ(found[:height, :width], waves(width=width, height=height)(5)) <= 2 * CLOSE[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [1, 12, 25, 30, 50, 60, 120])
def test_times(tmp_path: Path, kind: str, fps: int) -> None:
    if kind == ".gif" and fps > 50:
        with pytest.raises(UserError, match="at most 50"):
            written(tmp_path / "a.gif", animation=Animation(fps=fps))
        assert not list(tmp_path.iterdir())
        return
    found = shown(written(tmp_path / f"a{kind}", animation=Animation(fps=fps)))
    tick = {".mp4": 0.1, ".gif": 10, ".webp": 1}[kind]
    assert len(found.milliseconds) == COUNT
    assert all(abs(time - 1000 / fps) < tick for time in found.milliseconds)
    assert abs(sum(found.milliseconds) - 1000 * COUNT / fps) <= tick
    assert found.for_ever == (kind != ".mp4")


@pytest.mark.parametrize("kind", KINDS)
def test_one_frame(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path / f"a{kind}", count=1, animation=Animation(fps=1))
    if kind == ".mp4":
        assert len(shown(path).frames) == 1
    assert path.stat().st_size > 100


def test_a_webp_of_large_images_is_small(tmp_path: Path) -> None:
    found = shown(written(tmp_path / "a.webp", width=160, height=120)).frames
    assert 0 < max(differ(frame, waves(width=160, height=120)(number)) for number, frame in enumerate(found)) < 3
    scaled = shown(written(tmp_path / "b.webp", width=80, height=60, animation=Animation(scale=2))).frames
    assert np.array_equal(scaled[5], enlarged(waves(width=80, height=60)(5), 2, False))
    assert scaled[5].shape == found[5].shape


def test_colors_of_an_mp4_are_those_of_the_frames(tmp_path: Path) -> None:
    colors = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (12, 200, 120)]
    frames = frames_of(lambda number: np.full((16, 16, 3), colors[number], np.uint8))
    list(write_video(frames, len(colors), tmp_path / "a.mp4", Animation(), False))
    for frame, color in zip(shown(tmp_path / "a.mp4").frames, colors, strict=True):
        assert np.abs(frame.astype(int) - color).max() <= 3


def test_transparency(tmp_path: Path) -> None:
    for kind in KINDS:
        found = shown(written(tmp_path / f"a{kind}", 4)).frames
        assert len(found) == COUNT
        for number, frame in enumerate(found):
            image = waves(4)(number)
            seen = image[:, :, 3] == 255
            assert 0 < seen.sum() < seen.size
            if kind == ".mp4":  # its colors are half as sharp, and run over the edge
                assert differ(frame, np.where(seen[:, :, None], image[:, :, :3], 255)) < 12
                assert frame[0, 0].min() > 240
            else:
                assert np.array_equal(frame[:, :, 3], image[:, :, 3])
                assert differ(frame[seen], image[seen]) <= CLOSE[kind]


def test_a_video_of_nothing_is_transparent(tmp_path: Path) -> None:
    frames = frames_of(lambda number: np.full((8, 8, 4), (number, 0, 0, 0), np.uint8))
    list(write_video(frames, 3, tmp_path / "a.gif", Animation(), False))
    assert all((frame[:, :, 3] == 0).all() for frame in shown(tmp_path / "a.gif").frames)


def test_a_palette_holds_few_colors_exactly() -> None:
    rng = np.random.default_rng(0)
    colors = rng.integers(0, 256, (200, 3), np.uint8)
    frames = [colors[rng.integers(0, 200, (16, 16))] for _ in range(8)]
    palette = Palette(frames)
    assert palette.argb().shape == (256, 4)
    for frame in frames:
        assert differ(palette.argb()[palette.indices(frame)][:, :, 1:], frame) < 1


def test_another_encoder_where_there_is_no_x264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mp4, "codecs", {"none such": {}, "mpeg4": Mp4.codecs["mpeg4"]})
    found = shown(written(tmp_path / "a.mp4", animation=Animation(scale=2)))
    assert len(found.frames) == COUNT
    assert sum(found.milliseconds) == pytest.approx(400, abs=1)
    for number, frame in enumerate(found.frames):
        assert differ(frame, enlarged(waves()(number), 2, False)) < 5
    monkeypatch.setattr(Mp4, "codecs", {"none such": {}})
    with pytest.raises(UserError, match="none such"):
        written(tmp_path / "b.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_video(tmp_path: Path, kind: str) -> None:
    size = 128 * 128 * 3
    frames = frames_of(lambda number: np.full((128, 128, 3), number, np.uint8))
    list(write_video(frames, 2, tmp_path / f"first{kind}", Animation(), False))  # what is imported late
    tracemalloc.start()
    try:
        list(write_video(frames, 200, tmp_path / f"a{kind}", Animation(), False))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (100 if kind == ".gif" else 20) * size  # a GIF's colors are chosen from 24 frames


# -- whole files or none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_overwritten_unasked(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a{kind}"
    path.write_text("mine")
    with pytest.raises(UserError, match=path.name) as caught:
        written(path)
    assert "another folder" in caught.value.remedy
    assert path.read_text() == "mine"
    list(write_video(frames_of(waves()), COUNT, path, Animation(), True))
    assert len(shown(path).frames) == COUNT
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pulled", [0, 1, 2, COUNT])
def test_stopping_leaves_what_was_there(tmp_path: Path, kind: str, pulled: int) -> None:
    path = tmp_path / f"a{kind}"
    path.write_text("mine")
    events = write_video(frames_of(waves()), COUNT, path, Animation(), True)
    with closing(events):  # type: ignore[type-var]
        for number in range(pulled):
            assert next(events) == Progress("Writing the video", number + 1, COUNT)
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 10, 500, 3000])
def test_a_full_disk(tmp_path: Path, kind: str, size: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (COUNT, 64, 64, 3), np.uint8)
    with largest_file(size), pytest.raises(UserError, match=rf"a\{kind} could not be saved") as caught:
        list(write_video(frames_of(lambda number: noise[number]), COUNT, tmp_path / f"a{kind}", Animation(), False))
    assert caught.value.remedy
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_frames_that_fail_leave_nothing(tmp_path: Path, kind: str) -> None:
    def frame(number: int) -> Images:
        if number == 5:
            raise UserError("No more.", "Stop.")
        return waves()(number)

    with pytest.raises(UserError, match=r"No more\."):
        list(write_video(frames_of(frame), 6, tmp_path / f"a{kind}", Animation(), False))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [".mp4", ".webp"])
def test_frames_too_large_for_the_format(tmp_path: Path, kind: str) -> None:
    frames = frames_of(lambda _: np.zeros((2, 17000, 3), np.uint8))
    with pytest.raises(UserError, match=rf"a\{kind}") as caught:
        list(write_video(frames, 2, tmp_path / f"a{kind}", Animation(), False))
    assert "smaller" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_names(tmp_path: Path) -> None:
    assert format_of(tmp_path / "a.MP4") is Mp4
    assert format_of(tmp_path / "frames") is None
    for name in ("a.avi", "a.png", "a.v2"):
        with pytest.raises(UserError, match=r"extension of a video"):
            format_of(tmp_path / name)
    (tmp_path / "a.v2").mkdir()
    assert format_of(tmp_path / "a.v2") is None


def test_numbers_are_spread_evenly() -> None:
    assert spread(5, 10) == [0, 1, 2, 3, 4]
    assert spread(101, 5) == [0, 25, 50, 75, 100]
    assert spread(7, 1) == [0]


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Encoders print nothing of their own."""
    yield
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


class Pressed(io.BytesIO):
    """A file during whose writes a person presses Ctrl-C."""

    def write(self, data: object) -> int:
        raise KeyboardInterrupt


def test_ctrl_c_during_a_write_is_raised_after_it() -> None:
    """FFmpeg's callback would lose it, and the video would be written to its end."""
    sink = _Sink(Pressed())
    assert sink.write(b"abc") == 3
    with pytest.raises(KeyboardInterrupt):
        sink.refuse_interruption()
    whole = _Sink(io.BytesIO())
    assert whole.write(b"abc") == 3
    whole.refuse_interruption()
