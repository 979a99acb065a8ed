"""Films: which frames are taken, in which colors and which way up, and films that were made to do harm."""

from __future__ import annotations

import os
import struct
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import av
import numpy as np
import pytest

from core.config.preparation import Preparation
from core.data.prepare import opens, prepare
from core.errors import UserError
from core.events import Progress
from tests.core.images import HEIC, SMALL, encoded, opened, outcome, plain, problem, reasons
from tests.core.photos import report_of

ENCODERS = {
    ".mp4": "libx264",
    ".m4v": "libx264",
    ".mov": "mpeg4",
    ".mkv": "ffv1",
    ".webm": "libvpx-vp9",
    ".avi": "mjpeg",
}
FORMATS = {"ffv1": "bgr0", "mjpeg": "yuvj420p"}


def encoded_video(
    path: Path, frames: int = 25, width: int = 64, height: int = 48, color: Any = None, movflags: str = ""
) -> Path:
    """Frame k is as gray as 10 k, or of one color; its upper left corner is red."""
    encoder = ENCODERS[path.suffix]
    with av.open(str(path), "w", container_options={"movflags": movflags} if movflags else {}) as container:
        stream: Any = container.add_stream(encoder, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, FORMATS.get(encoder, "yuv420p")
        stream.options = {"crf": "10", "g": "5"} if encoder == "libx264" else {}
        for number in range(frames):
            pixels = np.full((height, width, 3), color or 10 * number % 256, np.uint8)
            pixels[: height // 4, : width // 4] = (255, 0, 0)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def grays(path: Path, **how: Any) -> list[int]:
    """Returns the gray level of each picture's lower right corner."""
    return [int(value) for value in np.asarray(opened(path, **how).images)[:, 0, -3, -3]]


@pytest.mark.parametrize("suffix", ENCODERS)
def test_every_tenth_frame(tmp_path: Path, suffix: str) -> None:
    path = encoded_video(tmp_path / f"film{suffix}")
    dataset = opened(path)
    assert dataset.images.shape == (3, 3, 16, 16)
    assert np.abs(np.array(grays(path)) - (0, 100, 200)).max() <= 6
    assert [dataset.records.name(row) for row in range(3)] == ["frame 0", "frame 10", "frame 20"]
    assert dataset.records.sizes() == {"64 x 48": 3}
    assert (dataset.title, dataset.classes, dataset.skipped) == (path.name, (), ())


@pytest.mark.parametrize(("step", "expected"), [(1, 25), (7, 4), (24, 2)])
def test_every_so_many_frames(tmp_path: Path, step: int, expected: int) -> None:
    path = encoded_video(tmp_path / "film.mp4")
    found = grays(path, frame_step=step)
    assert len(found) == expected
    assert np.abs(np.array(found) - [10 * step * index for index in range(expected)]).max() <= 6


def test_a_step_beyond_the_end_leaves_one_image(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only one readable image"):
        opened(encoded_video(tmp_path / "film.mp4"), frame_step=1000)


def test_the_size_that_suits(tmp_path: Path) -> None:
    assert opened(encoded_video(tmp_path / "film.mp4", width=96, height=40), None).size == (32, 32)


def test_colors_are_kept(tmp_path: Path) -> None:
    dataset = opened(encoded_video(tmp_path / "film.mp4", color=(200, 60, 20)))
    assert np.abs(np.asarray(dataset.images)[:, :, 12, 12].astype(int) - (200, 60, 20)).max() <= 5


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((1, 0, 0, 1), "upper left"),
        ((0, 1, -1, 0), "upper right"),
        ((-1, 0, 0, -1), "lower right"),
        ((0, -1, 1, 0), "lower left"),
    ],
)
def test_phones_that_were_held_upright(tmp_path: Path, matrix: tuple[int, ...], corner: str) -> None:
    path = encoded_video(tmp_path / "film.mp4", color=(0, 0, 200))
    data = path.read_bytes()
    start = data.index(struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 2**30), data.index(b"tkhd"))
    a, b, c, d = (65536 * value for value in matrix)
    path.write_bytes(data[:start] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 2**30) + data[start + 36 :])
    dataset = opened(path, (32, 32), fit="stretch")
    red = np.asarray(dataset.images)[0, 0].astype(int) > 128
    corners = {
        "upper left": red[:4, :4],
        "upper right": red[:4, -4:],
        "lower left": red[-4:, :4],
        "lower right": red[-4:, -4:],
    }
    assert [name for name, pixels in corners.items() if pixels.all()] == [corner]
    assert dataset.records.sizes() == {"48 x 64" if matrix[0] == 0 else "64 x 48": 3}


def test_videos_are_prepared_as_photos_are(tmp_path: Path) -> None:
    path = encoded_video(tmp_path / "film.mp4", width=64, height=32, color=(0, 0, 200))
    images = np.asarray(opened(path, (32, 32), fit="pad", background="#00ff00").images)
    assert (images[:, :, :7].transpose(0, 2, 3, 1) == (0, 255, 0)).all()


def test_stopping_is_prompt(tmp_path: Path) -> None:
    path = encoded_video(tmp_path / "film.mp4", frames=200, width=320, height=240)
    events = prepare(path, Preparation(SMALL))
    for event in events:
        if isinstance(event, Progress) and event.text == "Reading the video":
            break
    begun = perf_counter()
    events.close()
    assert perf_counter() - begun < 10


# Films that are not what they say


@pytest.mark.parametrize("suffix", ENCODERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
        b"\x1aE\xdf\xa3" + bytes(100),
        b"RIFF\xff\xff\xff\xffAVI " + bytes(100),
        encoded(plain((1, 2, 3)), "GIF"),
        encoded(plain((1, 2, 3))),
    ],
)
def test_mislabeled_videos(tmp_path: Path, suffix: str, data: bytes) -> None:
    (tmp_path / f"film{suffix}").write_bytes(data)
    assert any(word in problem(tmp_path / f"film{suffix}").what for word in ("damaged", "No frames"))


@pytest.mark.parametrize("name", ["film.3gp", "film.QT", "film.MP4", "film", "film.video", "film.mpg"])
def test_a_video_is_what_its_first_bytes_say(tmp_path: Path, name: str) -> None:
    encoded_video(tmp_path / "film.mp4").rename(tmp_path / name)
    assert opens(str(tmp_path / name))
    assert len(opened(tmp_path / name).images) == 3


@pytest.mark.parametrize("name", ["film.mpg", "film.TS", "film.wmv", "film.flv", "film.mp4", "film"])
@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"\0\0\1\xba" + bytes(200), "an MPEG program stream"),
        (b"G" + bytes(187) + b"G" + bytes(187), "an MPEG transport stream"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(200), "a Windows Media file"),
        (b"FLV\1" + bytes(200), "a Flash video"),
    ],
)
def test_videos_that_are_not_read_say_how_to_convert_them(tmp_path: Path, name: str, data: bytes, called: str) -> None:
    (tmp_path / name).write_bytes(data)
    found = problem(tmp_path / name)
    assert found.what == f"'{name}' is {called}, which is not supported."
    assert ".mp4" in found.remedy


def test_a_video_of_an_unknown_kind_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "film.m2ts").write_bytes(bytes(4) + b"G" + bytes(300))
    assert problem(tmp_path / "film.m2ts").what == "'film.m2ts' is a video of another format, which is not supported."


@pytest.mark.parametrize(
    "data", [HEIC, b"\0\0\0\x18ftypM4A " + bytes(200), b"Gift" + bytes(200), encoded(plain(1, "L"))]
)
def test_other_files_are_no_videos(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert not opens(str(tmp_path / "file"))


def test_a_gif_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "film.gif").write_bytes(encoded(plain((1, 2, 3)), "GIF"))
    assert "GAN Studio cannot read images from" in problem(tmp_path / "film.gif").what


def test_a_video_without_pictures(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    assert "No frames" in problem(tmp_path / "film.mp4").what


@pytest.mark.parametrize("suffix", ENCODERS)
@pytest.mark.parametrize("part", [0.05, 0.3, 0.7, 0.95])
def test_truncated_videos(tmp_path: Path, suffix: str, part: float) -> None:
    path = encoded_video(tmp_path / f"film{suffix}", frames=60, movflags="faststart" if suffix == ".mp4" else "")
    os.truncate(path, int(path.stat().st_size * part))
    found = outcome(prepare(path, Preparation(SMALL, frame_step=2)))
    if isinstance(found, UserError):
        assert path.name in found.what
    else:
        assert len(found.images) <= 30
        assert all("damaged" in reason for reason in reasons(found).values())


def test_damage_within_a_video_is_named(tmp_path: Path) -> None:
    path = encoded_video(tmp_path / "film.mp4", frames=60, movflags="faststart")
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    random = np.random.default_rng(0)
    for offset in random.integers(start + (len(data) - start) // 3, len(data), 60):
        data[offset] = int(random.integers(256))
    path.write_bytes(data)
    dataset = opened(path, frame_step=1)
    assert 5 < len(dataset.images) < 60
    assert "damaged frames: " in reasons(dataset)["film.mp4"]
    (found,) = (each for each in report_of(dataset, Preparation(SMALL)).findings if each.kind == "incomplete")
    assert found.text.startswith("'film.mp4' is only partly read: ")


@pytest.mark.parametrize("suffix", ENCODERS)
def test_mutated_videos_are_read_or_refused(tmp_path: Path, suffix: str) -> None:
    random = np.random.default_rng(sorted(ENCODERS).index(suffix))
    whole = encoded_video(tmp_path / f"whole{suffix}", frames=12).read_bytes()
    path = tmp_path / f"film{suffix}"
    for number in range(40):
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 10))):
            offset = int(random.integers(len(data)))
            data[offset : offset + 4] = random.choice(
                np.array([random.bytes(4), b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"], object)
            )
        path.write_bytes(data)
        result = outcome(prepare(path, Preparation(SMALL, frame_step=3), tmp_path / "cache" / str(number)))
        assert result.remedy if isinstance(result, UserError) else result.images.shape[2:] == SMALL


# Films that never end


def claiming(path: Path, frames: int, fragmented: bool) -> Path:
    """A film of so many frames, as far as its tables say."""
    container = encoded_video(
        path, movflags="frag_keyframe+empty_moov+default_base_moof" if fragmented else "faststart"
    )
    data = bytearray(container.read_bytes())
    if fragmented:
        offset = data.index(b"trun")
        data[offset + 4 : offset + 12] = struct.pack(">II", 1, frames)
    else:
        offset = data.index(b"stsz")
        data[offset + 8 : offset + 16] = struct.pack(">II", 1, frames)
        offset = data.index(b"stsc")
        data[offset + 16 : offset + 20] = struct.pack(">I", frames)
    container.write_bytes(data)
    return container


@pytest.mark.parametrize("frames", [2**20, 2**27, 2**31 - 1])
@pytest.mark.parametrize("fragmented", [False, True])
def test_tables_that_claim_more_frames_than_there_are_bytes(tmp_path: Path, frames: int, fragmented: bool) -> None:
    begun = perf_counter()
    found = problem(claiming(tmp_path / "film.mp4", frames, fragmented))
    assert "not a video" in found.what
    assert perf_counter() - begun < 10


@pytest.mark.parametrize("where", ["free", "uuid", "mdat"])
def test_tables_in_hiding(tmp_path: Path, where: str) -> None:
    path = claiming(tmp_path / "film.mp4", 2**27, fragmented=False)
    data = path.read_bytes()
    path.write_bytes(struct.pack(">I4s", 8 + len(data), where.encode()) + data)
    begun = perf_counter()
    assert problem(path).remedy
    assert perf_counter() - begun < 10


def test_videos_with_large_boxes(tmp_path: Path) -> None:
    path = encoded_video(tmp_path / "film.mov", movflags="faststart")
    data = path.read_bytes()
    start = data.index(b"mdat") - 4
    length = struct.unpack(">I", data[start : start + 4])[0]
    rest = data[start + length :]
    # The same frames at the same place behind a header with a length of 64 bits, which takes the place of a free box.
    assert data[start - 8 : start - 4] == struct.pack(">I", 8)
    large = struct.pack(">I4sQ", 1, b"mdat", length + 8)
    path.write_bytes(data[: start - 8] + large + data[start + 8 : start + length] + rest)
    assert len(grays(path)) == 3


def test_frames_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.video._MOST_FRAMES", 15)
    dataset = opened(encoded_video(tmp_path / "film.mp4"))
    assert len(dataset.images) == 2
    assert reasons(dataset) == {"film.mp4": "only its first 15 frames are used"}


def test_frames_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encoded_video(tmp_path / "film.mp4")
    monkeypatch.setattr("core.data.formats.video.MOST_PIXELS", 1000)
    assert "64 x 48 px" in problem(path).what


@pytest.mark.parametrize("change", ["gone", "cut"])
def test_a_video_that_changes_while_it_is_read(tmp_path: Path, change: str) -> None:
    path = encoded_video(tmp_path / "film.mkv", frames=150, width=320, height=240)
    with closing(prepare(path, Preparation(SMALL, frame_step=3))) as events:
        for event in events:
            if isinstance(event, Progress) and event.done > 2:
                break
        if change == "gone":
            path.unlink()
        else:
            os.truncate(path, path.stat().st_size // 3)
        found = outcome(events)
    assert isinstance(found, UserError) or 2 < len(found.images) <= 50


def test_a_step_of_no_frames_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be 0"):
        Preparation(SMALL, frame_step=0)
