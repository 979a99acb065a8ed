"""Video encoder: .mp4, .gif and animated .webp, with only a few frames in memory at once.

A WebP is kept in memory until it is complete, in three times its size on disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

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
from core.language import _, in_context, one_of

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

Frames = Callable[[Sequence[int]], Generator[Images, None, None]]
"""Generator function that makes the frames with these numbers, HWC, all of one size."""

FRAME = "frame"
"""Prefix of the files in a folder of frames."""
SAMPLE = 24
"""Number of frames from which the palette of a GIF is computed."""
LOSSLESS_PIXELS = 128 * 128
"""Maximum pixels of an image, before enlarging, for lossless WebP."""
# Flags of swscale by number, as older PyAV lacks names: area averaging, and accurate rounding, which avoids darkening.
_EXACT = 0x20 | 0x2000 | 0x4000 | 0x40000
MEDIA_TYPES = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp"}
"""Media types by container."""


class VideoFormat(ABC):
    """Video format.

    `codecs`: encoders and their options, best first. `clock`: ticks per second to which times are rounded; 0 for one
    tick per frame.
    """

    container: ClassVar[str]
    codecs: Mapping[str, Mapping[str, str]]
    pixels: ClassVar[str]
    options: ClassVar[Mapping[str, str]] = {}
    clock: ClassVar[int] = 0
    most_fps: ClassVar[int] = 1000
    samples: ClassVar[int] = 0
    """Number of evenly spaced frames that are needed before the first is encoded."""

    def __init__(self, animation: Animation, sample: Sequence[Images]) -> None:
        self.animation = animation

    @abstractmethod
    def picture(self, frame: Images) -> VideoFrame:
        """Returns the enlarged frame for the encoder."""

    def _enlarged(self, frame: Images) -> Images:
        return enlarged(frame, self.animation.scale, self.animation.smooth)


class Mp4(VideoFormat):
    """H.264. Transparent parts become white; an odd width or height grows by one pixel (chroma subsampling)."""

    container = "mp4"
    codecs: Mapping[str, Mapping[str, str]] = {
        "libx264": {"preset": "medium", "crf": "12"},
        "mpeg4": {"flags": "+qscale", "global_quality": "236"},  # quality 2 of 1 (best, very large) to 31
    }
    pixels = "yuv420p"

    def picture(self, frame: Images) -> VideoFrame:
        from av import VideoFrame

        frame = _rgb(_on_white(self._enlarged(frame)))
        frame = np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), "edge")
        made = VideoFrame.from_ndarray(frame, "rgb24")
        return made.reformat(format=self.pixels, dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=_EXACT)


class Gif(VideoFormat):
    """GIF with one palette for the video. Times are rounded to centiseconds without accumulating errors."""

    container = "gif"
    codecs: Mapping[str, Mapping[str, str]] = {"gif": {}}
    pixels = "pal8"
    options: ClassVar = {"loop": "0"}
    clock = 100
    most_fps = 50  # browsers replace shorter delays by 0.1 s
    samples = SAMPLE

    def __init__(self, animation: Animation, sample: Sequence[Images]) -> None:
        super().__init__(animation, sample)
        self._palette = Palette(sample)

    def picture(self, frame: Images) -> VideoFrame:
        from av import VideoFrame

        if self.animation.smooth:
            indices = self._palette.indices(self._enlarged(frame))
        else:  # dithered before enlarging, so enlarged pixels have one color; a third of the bytes
            indices = self._enlarged(self._palette.indices(frame)[:, :, None])[:, :, 0]
        drawn = np.ascontiguousarray(indices), self._palette.argb()
        return VideoFrame.from_ndarray(drawn, self.pixels)  # type: ignore[arg-type]  # its stub omits palettes


class WebP(VideoFormat):
    """Animated WebP: lossless for small images, lossy for larger ones (an eighth of the bytes, no visible loss)."""

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
    """Returns the format by the extension; None for a folder of frames. Raises `UserError` for other extensions."""
    suffix = target.suffix.lower()
    if not suffix or (target.is_dir() and suffix not in FORMATS):
        return None
    if suffix not in FORMATS:
        raise UserError(
            _("{file} does not have the extension of a video.").format(file=target.name),
            _("Use {suffixes}, or no extension for a folder of images.").format(
                suffixes=in_context("between names in a list", ", ").join(FORMATS)
            ),
        )
    return FORMATS[suffix]


def write_video(frames: Frames, count: int, target: Path, animation: Animation, overwrite: bool) -> Iterator[Progress]:
    """Writes `count` frames to the target in the format of its extension; yields `Progress`.

    Raises `UserError` before anything is written if the file exists and `overwrite` is not set, and for frames or rates
    that the format does not support.
    """
    format = format_of(target)
    assert format is not None
    if animation.fps > format.most_fps:
        raise UserError(
            _("A {suffix} file has at most {fps} fps.").format(suffix=target.suffix, fps=format.most_fps),
            _("Choose {fps} fps or less, or .mp4.").format(fps=format.most_fps),
        )
    refuse_taken(target.parent, [target.name], overwrite)
    sample = list(frames(spread(count, format.samples))) if format.samples else []
    with encoder(target, format(animation, sample)) as add, closing(frames(range(count))) as made:
        for done, frame in enumerate(made, 1):
            add(frame)
            yield Progress(_("Writing the video"), done, count)


@contextmanager
def encoder(target: Path, format: VideoFormat) -> Iterator[Callable[[Images], None]]:
    """Yields a function that encodes frames one by one, HWC and all of one size.

    The file appears when the block ends without an exception. Raises `UserError` for a full disk, and for frames that
    the format does not support.
    """
    owner = credentials()
    with replaced(target) as partial, understood(target):
        with muxed(partial, format.container, format.options) as (container, refuse_interruption):
            stream = _Stream(container, format)

            def add(frame: Images) -> None:
                stream.add(frame)
                refuse_interruption()

            yield add
            stream.end()
        provenance.mark_video(partial, format.container)
        if owner:
            owner.sign_file(partial, MEDIA_TYPES[format.container])


@contextmanager
def muxed(
    file: Path, format: str, options: Mapping[str, str] | None = None
) -> Iterator[tuple[OutputContainer, Callable[[], None]]]:
    """Yields a container that is written to the file, and a function to call after each frame: it raises a
    `KeyboardInterrupt` that FFmpeg would lose."""
    import av

    with file.open("wb") as opened:
        sink = _Sink(opened)
        container = av.open(sink, "w", format, options=dict(options or {}))
        try:
            yield container, sink.refuse_interruption
        except BaseException:
            with suppress(Exception):  # keep the first exception
                container.close()
            raise
        container.close()
        sink.refuse_interruption()


@contextmanager
def understood(target: Path) -> Iterator[None]:
    """Turns errors of FFmpeg into `UserError`, except `OSError`s of the disk."""
    from av.error import FFmpegError

    try:
        yield
    except FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise UserError(
            _("{file} cannot be encoded from these images.").format(file=target.name),
            _("Choose a smaller scale or another format."),
            str(error),
        ) from error


class _Sink:
    """File for FFmpeg, whose callbacks would lose a `KeyboardInterrupt`: it is kept, and raised afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._interruption: KeyboardInterrupt | None = None
        self.seek, self.tell = file.seek, file.tell

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except KeyboardInterrupt as interruption:
            self._interruption = interruption
            return len(data)

    def refuse_interruption(self) -> None:
        """Raises the interruption of an earlier write."""
        if self._interruption:
            raise self._interruption


class _Stream:
    """Single video stream of a container, started with the first frame."""

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
            packet.duration = after - picture.pts  # duration of this frame; with reordered frames, all last one tick
            self._container.mux(packet)

    def end(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode())

    def _tick(self, number: int) -> int:
        return round(number * self._clock / self._format.animation.fps)

    def _begin(self, width: int, height: int) -> VideoStream:
        stream = new_stream(self._container, self._format, Fraction(self._clock))
        stream.width, stream.height = width, height
        stream.codec_context.time_base = Fraction(1, self._clock)
        return stream


def new_stream(container: OutputContainer, format: VideoFormat, rate: Fraction) -> VideoStream:
    """Adds a video stream in the best codec that is available. `rate`: frames per second. Raises `UserError`."""
    from av.video.stream import VideoStream

    name = _available(format.codecs)
    stream = container.add_stream(name, rate, dict(format.codecs[name]))
    assert isinstance(stream, VideoStream)
    stream.pix_fmt = format.pixels
    if format.pixels == "yuv420p":  # otherwise players guess the color space from the size
        for fact in ("color_primaries", "color_trc", "colorspace", "color_range"):
            setattr(stream.codec_context, fact, 1)  # BT.709, limited range (16 to 235)
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
        _("This installation of PyAV cannot encode {codecs}.").format(codecs=one_of(list(codecs))),
        _("Choose another format, or install `av` from the package index."),
    )


def frame_names(count: int) -> tuple[str, ...]:
    """Returns the names of the files in a folder of frames, without extension."""
    return tuple(f"{FRAME}{number:05d}" for number in range(count)) if count > 1 else (FRAME,)


def older_frames(folder: Path, count: int) -> Iterator[Notice]:
    """Yields a `Notice` if frames of an earlier, longer video remain in the folder after the new ones."""
    left = [path for path in folder.glob("frame[0-9][0-9][0-9][0-9][0-9].png") if int(path.stem[5:]) >= count]
    if left:
        yield Notice(
            _("{folder} still holds frames of an older video: {first} to {last}.").format(
                folder=folder.name, first=min(left).name, last=max(left).name
            )
        )


def spread(count: int, most: int) -> list[int]:
    """Returns at most `most` evenly spaced integers from 0 to count - 1, including both ends."""
    return [round(number) for number in np.linspace(0, count - 1, min(count, most))]


def _rgb(frame: Images) -> Images:
    """Returns a gray frame with three channels; others unchanged."""
    return frame.repeat(3, 2) if frame.shape[2] == 1 else frame


def _on_white(frame: Images) -> Images:
    if frame.shape[2] != 4:
        return frame
    picture = Image.fromarray(frame)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))
