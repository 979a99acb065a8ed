"""Video encoder: .mp4, .gif and animated .webp, with only a few frames in memory at once.

A WebP is held there until it is whole, in thrice the bytes that it then has on disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PIL import Image

from core.durable_write import replaced
from core.errors import UserError
from core.events import Images, Notice, Progress
from core.export.animation import Animation
from core.export.content_credentials import credentials
from core.export.gif_palette import Palette
from core.export.image_files import QUALITY, enlarged, refuse_taken
from core.imaging import provenance

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

Frames = Callable[[Sequence[int]], Generator[Images, None, None]]
"""Makes frames, HWC, of the numbers that it is given. All are of one size."""

FRAME = "frame"
"""How the files in a folder of frames begin."""
SAMPLE = 24
"""Frames that a GIF's colours are chosen from."""
LOSSLESS_PIXELS = 128 * 128
"""Of an image that is not enlarged yet, up to which a WebP loses nothing."""
# swscale's own numbers, as PyAV has not always had names for all: averages of areas, and no shortcuts, which darken.
_EXACT = 0x20 | 0x2000 | 0x4000 | 0x40000
MEDIA_TYPES = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp"}
"""Of containers."""


class VideoFormat(ABC):
    """A kind of video file.

    `codecs`: encoders and their options, the best first. `clock`: ticks in a second, that times are rounded to; 0 for
    one in each frame.
    """

    container: ClassVar[str]
    codecs: Mapping[str, Mapping[str, str]]
    pixels: ClassVar[str]
    options: ClassVar[Mapping[str, str]] = {}
    clock: ClassVar[int] = 0
    most_fps: ClassVar[int] = 1000
    samples: ClassVar[int] = 0
    """Frames, spread over the video, that it must know before the first."""

    def __init__(self, animation: Animation, sample: Sequence[Images]) -> None:
        self.animation = animation

    @abstractmethod
    def picture(self, frame: Images) -> VideoFrame:
        """The frame, enlarged, as what is encoded."""

    def _enlarged(self, frame: Images) -> Images:
        return enlarged(frame, self.animation.scale, self.animation.smooth)


class Mp4(VideoFormat):
    """H.264. Transparent parts are white; an odd width or height grows by one, which its colours need."""

    container = "mp4"
    codecs: Mapping[str, Mapping[str, str]] = {
        "libx264": {"preset": "medium", "crf": "12"},
        "mpeg4": {"flags": "+qscale", "global_quality": "236"},  # 2 of 1 to 31, the first of which takes many bytes
    }
    pixels = "yuv420p"

    def picture(self, frame: Images) -> VideoFrame:
        from av import VideoFrame

        frame = _rgb(_on_white(self._enlarged(frame)))
        frame = np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), "edge")
        made = VideoFrame.from_ndarray(frame, "rgb24")
        return made.reformat(format=self.pixels, dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=_EXACT)


class Gif(VideoFormat):
    """One palette for the video. Times are rounded to centiseconds so that the errors do not add up."""

    container = "gif"
    codecs: Mapping[str, Mapping[str, str]] = {"gif": {}}
    pixels = "pal8"
    options: ClassVar = {"loop": "0"}
    clock = 100
    most_fps = 50  # browsers take a shorter time for a tenth of a second
    samples = SAMPLE

    def __init__(self, animation: Animation, sample: Sequence[Images]) -> None:
        super().__init__(animation, sample)
        self._palette = Palette(sample)

    def picture(self, frame: Images) -> VideoFrame:
        from av import VideoFrame

        if self.animation.smooth:
            indices = self._palette.indices(self._enlarged(frame))
        else:  # square pixels stay of one colour, and take a third of the bytes
            indices = self._enlarged(self._palette.indices(frame)[:, :, None])[:, :, 0]
        drawn = np.ascontiguousarray(indices), self._palette.argb()
        return VideoFrame.from_ndarray(drawn, self.pixels)  # type: ignore[arg-type]  # its stub forgets palettes


class WebP(VideoFormat):
    """Small images without loss; of larger ones that takes eight times the bytes and cannot be seen."""

    container = "webp"
    pixels = "bgra"
    options: ClassVar = {"loop": "0"}
    clock = 1000
    samples = 1

    def __init__(self, animation: Animation, sample: Sequence[Images]) -> None:
        super().__init__(animation, sample)
        height, width, _ = sample[0].shape
        small = {"lossless": "1", "compression_level": "2"}
        large = {"quality": str(QUALITY), "compression_level": "2"}
        self.codecs = {"libwebp_anim": small if height * width <= LOSSLESS_PIXELS else large}

    def picture(self, frame: Images) -> VideoFrame:
        from av import VideoFrame

        frame = _rgb(self._enlarged(frame))
        alpha = frame[:, :, 3:] if frame.shape[2] == 4 else np.full((*frame.shape[:2], 1), 255, np.uint8)
        return VideoFrame.from_ndarray(np.concatenate([frame[:, :, 2::-1], alpha], 2), self.pixels)


FORMATS: dict[str, type[VideoFormat]] = {".mp4": Mp4, ".gif": Gif, ".webp": WebP}


def format_of(target: Path) -> type[VideoFormat] | None:
    """Returns the format by the file's ending; None for a folder of frames. Raises `UserError` for other names."""
    suffix = target.suffix.lower()
    if not suffix or (target.is_dir() and suffix not in FORMATS):
        return None
    if suffix not in FORMATS:
        raise UserError(
            f"{target.name} is not the name of a film.",
            f"End it with {', '.join(FORMATS)}, or with nothing for a folder of images.",
        )
    return FORMATS[suffix]


def write_video(frames: Frames, count: int, target: Path, animation: Animation, overwrite: bool) -> Iterator[Progress]:
    """Writes `count` frames to the target, whose name says how. Raises `UserError` before anything is written when the
    file exists and `overwrite` is not set, and for what its format cannot hold."""
    format = format_of(target)
    assert format is not None
    if animation.fps > format.most_fps:
        raise UserError(
            f"A {target.suffix} file shows at most {format.most_fps} images a second.",
            "Choose that or fewer, or an .mp4.",
        )
    refuse_taken(target.parent, [target.name], overwrite)
    sample = list(frames(spread(count, format.samples))) if format.samples else []
    with encoder(target, format(animation, sample)) as add, closing(frames(range(count))) as made:
        for done, frame in enumerate(made, 1):
            add(frame)
            yield Progress("Making the film", done, count)


@contextmanager
def encoder(target: Path, format: VideoFormat) -> Iterator[Callable[[Images], None]]:
    """Gives a function that takes frames one by one, HWC and all of one size.

    The file is there once the block has ended well.

    Raises `UserError` for a disk that is full, and for frames that the format cannot hold.
    """
    import av

    owner = credentials()
    with replaced(target) as partial, _understood(target):
        with partial.open("wb") as file:
            container = av.open(file, "w", format.container, options=dict(format.options))
            try:
                stream = _Stream(container, format)
                yield stream.add
                stream.end()
            except BaseException:
                with suppress(Exception):  # what went wrong first is what counts
                    container.close()
                raise
            container.close()
        provenance.mark_video(partial, format.container)
        if owner:
            owner.sign_file(partial, MEDIA_TYPES[format.container])


@contextmanager
def _understood(target: Path) -> Iterator[None]:
    """FFmpeg's errors as a `UserError`, but for those of the disk, which are Python's own as well."""
    from av.error import FFmpegError

    try:
        yield
    except FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise UserError(
            f"{target.name} cannot be made of these images.", "Choose a smaller scale or another format.", str(error)
        ) from error


class _Stream:
    """A container's only one, begun with the first frame."""

    def __init__(self, container: OutputContainer, format: VideoFormat) -> None:
        self._container, self._format = container, format
        self._stream: VideoStream | None = None
        self._clock = format.clock or format.animation.fps
        self._count = 0

    def add(self, frame: Images) -> None:
        picture = self._format.picture(frame)
        if self._stream is None:
            self._stream = self._begin(picture.width, picture.height)
        picture.pts, after = self._tick(self._count), self._tick(self._count + 1)
        picture.time_base = Fraction(1, self._clock)
        self._count += 1
        for packet in self._stream.encode(picture):
            packet.duration = after - picture.pts  # of this frame; where frames are reordered, all last one tick
            self._container.mux(packet)

    def end(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode())

    def _tick(self, number: int) -> int:
        return round(number * self._clock / self._format.animation.fps)

    def _begin(self, width: int, height: int) -> VideoStream:
        from av.video.stream import VideoStream

        name = _available(self._format.codecs)
        stream = self._container.add_stream(name, self._clock, dict(self._format.codecs[name]))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, self._format.pixels
        stream.codec_context.time_base = Fraction(1, self._clock)
        if self._format.pixels == "yuv420p":  # or players guess by the size what the numbers mean
            for fact in ("color_primaries", "color_trc", "colorspace", "color_range"):
                setattr(stream.codec_context, fact, 1)  # BT.709, and from 16 to 235
        return stream


def _available(codecs: Mapping[str, object]) -> str:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    for name in codecs:
        try:
            return Codec(name, "w").name
        except UnknownCodecError:
            continue
    raise UserError(
        f"This installation of PyAV cannot encode {' or '.join(codecs)}.",
        "Choose another format, or install the `av` that the package index has.",
    )


def frame_names(count: int) -> tuple[str, ...]:
    """Of the files in a folder of frames, without their ending."""
    return tuple(f"{FRAME}{number:05d}" for number in range(count)) if count > 1 else (FRAME,)


def older_frames(folder: Path, count: int) -> Iterator[Notice]:
    """Says so when a longer video was in the folder before: its last frames still follow the new ones."""
    left = [path for path in folder.glob("frame[0-9][0-9][0-9][0-9][0-9].png") if int(path.stem[5:]) >= count]
    if left:
        yield Notice(f"{len(left)} frames of an older film remain in {folder.name}, from {min(left).name} on.")


def spread(count: int, most: int) -> list[int]:
    """Numbers from 0 to count - 1, evenly: all of them, or so many with both ends among them."""
    return [round(number) for number in np.linspace(0, count - 1, min(count, most))]


def _rgb(frame: Images) -> Images:
    """Grey as three channels; all others as they are."""
    return frame.repeat(3, 2) if frame.shape[2] == 1 else frame


def _on_white(frame: Images) -> Images:
    if frame.shape[2] != 4:
        return frame
    picture = Image.fromarray(frame)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))
