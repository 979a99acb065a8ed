"""Videos: every n-th frame is an image."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from PIL import Image

from core.config.preparation import Preparation
from core.data.decode import MOST_PIXELS
from core.data.formats.compression import damaged, readable
from core.data.items import Picture, Skipped
from core.data.names import absolute, digest, opened, quoted, version
from core.data.resize import fitted
from core.data.source import OneFile, resolution_for
from core.errors import UserError
from core.events import Progress
from core.language import _, number

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TITLE = "Video"
RANK = 5

ENDINGS = (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".mkv", ".mk3d", ".webm", ".avi", ".divx")
OTHER_ENDINGS = (
    *(".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".mts", ".m2ts", ".mod", ".tod"),
    *(".wmv", ".asf", ".flv", ".ogv", ".ogm", ".rm", ".rmvb", ".mxf", ".dv", ".y4m", ".h264", ".h265", ".hevc"),
)
"""Extensions of unsupported videos, which are reported unless their first bytes show a supported container."""

_MOST_FRAMES = 10_000_000
"""Maximum number of frames, some days of video; a longer one is assumed to be endless."""
_MOMENT = 0.05  # seconds between two yields
_PIECE = 2**20
_CLAIM = re.compile(rb"stsz.{4}(?P<unit>.{4})(?P<units>.{4})|trun.(?P<flags>.{3})(?P<frames>.{4})", re.DOTALL)
_PER_FRAME = 0xF00
"""Flags of a `trun` that stores values for each frame."""
_FIRST_BYTES = 192
_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(start, re.DOTALL), what)
    for start, what in (
        (rb"\x00\x00\x01\xba", _("{name} is an MPEG program stream, which is not supported.")),
        (rb"\x00\x00\x01\xb3", _("{name} is an MPEG video stream, which is not supported.")),
        (rb"G.{187}G", _("{name} is an MPEG transport stream, which is not supported.")),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _("{name} is a Windows Media file, which is not supported.")),
        (rb"FLV\x01", _("{name} is a Flash video, which is not supported.")),
        (rb"OggS", _("{name} is an Ogg file, which is not supported.")),
        (rb"\.RMF", _("{name} is a RealMedia file, which is not supported.")),
    )
)
"""First bytes of unsupported containers, and what the user is told."""
_NO_VIDEOS = tuple(b"ftyp" + brand for brand in (b"M4A", b"M4B", b"M4P", b"avi", b"he", b"mif", b"msf", b"crx"))
"""First bytes of audio and image files with the same container."""
_COMPRESSED = re.compile(rb"cmov.{4}dcom", re.DOTALL)


@dataclass(frozen=True)
class Video(OneFile):
    """`Source` of the frames of a video."""

    size: tuple[int, int]
    total: int = 0  # unknown: depends on the frame step, and many files do not store the number of frames
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    doing: str = _("Reading the video")

    def suggest(self) -> Generator[Progress, None, int]:
        """Suggests a resolution from the size of the frames."""
        yield from ()
        return resolution_for([min(self.size)])

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields every `how.frame_step`-th frame from the first, and at the end a note on damaged frames."""
        told = monotonic()
        index = broken = 0
        with readable(self.root), opened_video(self.root) as container:
            for frame in _frames(container):
                if frame is not None and index % how.frame_step == 0:
                    yield _picture(frame, index, how)
                elif monotonic() - told > _MOMENT:
                    yield None
                    told = monotonic()
                broken += frame is None
                index += frame is not None
                if index == _MOST_FRAMES:
                    reason = _("only its first {count} frames are used").format(count=number(_MOST_FRAMES))
                    yield Skipped(self.title, reason, kind="incomplete")
                    break
        if broken:
            reason = _("damaged frames: {count}").format(count=number(broken))
            yield Skipped(self.title, reason, kind="incomplete")


def opens(source: str) -> bool:
    path = Path(source)
    if not path.is_file():
        return False
    if source.lower().endswith((*ENDINGS, *OTHER_ENDINGS)):
        return True
    with opened(path) as file:
        return is_video(file.read(_FIRST_BYTES))


def is_video(start: bytes) -> bool:
    """Returns whether a file with these first bytes is a video, supported or not."""
    if start[4:8] in (b"ftyp", b"moov"):
        return not start.startswith(_NO_VIDEOS, 4)
    # Other signatures of old QuickTime files also occur in texts.
    return _container_format(start[:12]) in ("matroska", "avi") or bool(_other(start))


def scan(source: str) -> Generator[Progress, None, Video]:
    """Opens the video. Raises `UserError` if it has no frames that can be decoded."""
    root = absolute(source)
    yield Progress(_("Looking at the video"), 0, 0)
    with readable(root), opened_video(root) as container:
        stream = video_stream(container)
        if stream is None:
            raise UserError(
                _("No frames in {name} can be decoded.").format(name=quoted(root.name)),
                _("Convert it to an .mp4 with H.264."),
                str(root),
            )
        size = (stream.width, stream.height)
        key = digest(version(root))
    if min(size) < 1 or size[0] * size[1] > MOST_PIXELS:
        raise UserError(
            _("The frame size of {name}, {width} x {height} px, is not supported.").format(
                name=quoted(root.name), width=size[0], height=size[1]
            ),
            _("Convert it to an .mp4 with smaller frames."),
            str(root),
        )
    return Video(root, key, size)


@contextlib.contextmanager
def opened_video(root: Path, with_edits: bool = False) -> Iterator[InputContainer]:
    """Opens a video in a supported container.

    `with_edits`: obeys edit lists, which tell when picture and sound begin, but may also repeat a frame forever. Raises
    `UserError`.
    """
    import av  # imported here because videos are rare and its libraries large

    with opened(root) as file:
        start = file.read(_FIRST_BYTES)
        kind = _container_format(start[:12])
        file.seek(0)
        other = _other(start)
        if not other and root.suffix.lower() in OTHER_ENDINGS:
            other = _("{name} is a video of another format, which is not supported.")
        if kind is None and other:
            raise UserError(
                other.format(name=quoted(root.name)),
                _("Convert it to an .mp4 with H.264, for example with HandBrake or FFmpeg."),
                str(root),
            )
        if kind is None or (kind == "mov" and not is_plausible(file, root.stat().st_size)):
            raise damaged(root, _("{name} is not a video, or it is damaged."))
        file.seek(0)
        try:
            container = av.open(
                file,
                "r",
                format=kind,
                # No other files or addresses that a video may name.
                container_options={"protocol_whitelist": "none", "ignore_editlist": str(int(not with_edits))},
                metadata_errors="replace",
            )
        except av.error.FFmpegError as error:
            raise damaged(root, _("{name} is a damaged video."), error) from error
        with container:
            yield container


def _container_format(start: bytes) -> str | None:
    """Returns FFmpeg's name of the container; None if unsupported. FFmpeg itself would also open lists of addresses."""
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if start.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "avi" if start.startswith(b"RIFF") and start[8:] == b"AVI " else None


def _other(start: bytes) -> str:
    """Returns the sentence about an unsupported container; empty if the first bytes match none."""
    return next((what for pattern, what in _OTHERS if pattern.match(start)), "")


def video_stream(container: InputContainer) -> VideoStream | None:
    """Returns the first video stream with an available decoder."""
    return next((stream for stream in container.streams.video if stream.codec_context), None)


def _frames(container: InputContainer) -> Iterator[VideoFrame | None]:
    """Yields the frames in display order; None for a frame that cannot be decoded."""
    from av.error import FFmpegError

    stream = video_stream(container)
    assert stream is not None  # `scan` checked it
    prepare_decoding(stream)
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except FFmpegError:
                yield None
    except FFmpegError:  # the video is cut off here
        yield None


def prepare_decoding(stream: VideoStream) -> None:
    """Lets a stream be decoded in threads, and refuse frames that are too large."""
    stream.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # the frame size may change


def upright(frame: VideoFrame) -> Image.Image:
    """Returns a frame as RGB, turned as the phone was held."""
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return image.rotate(frame.rotation, expand=True) if frame.rotation % 90 == 0 else image


def _picture(frame: VideoFrame, number: int, how: Preparation) -> Picture:
    image = upright(frame)
    return Picture(fitted(image, how), image.width, image.height, mode="RGB", name=f"frame {number}")


def is_plausible(file: IO[bytes], size: int) -> bool:
    """Returns whether the file claims no more frames than it has bytes, and its tables are not compressed."""
    claimed = 0
    for piece in _tables(file):
        if _COMPRESSED.search(piece):
            return False
        for claim in _CLAIM.finditer(piece):
            if claim["unit"] is not None:
                claimed += int.from_bytes(claim["unit"]) * int.from_bytes(claim["units"])
            elif not int.from_bytes(claim["flags"]) & _PER_FRAME:
                claimed += int.from_bytes(claim["frames"])
        if claimed > size:
            return False
    return True


def _tables(file: IO[bytes]) -> Iterator[bytes]:
    """Yields the file without the media data, in pieces that overlap by the longest match."""
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[:4])
        start = 8
        if length == 1:
            length, start = int.from_bytes(file.read(8)), 16
        if header[4:] == b"mdat":
            if length < start:  # to the end of the file
                return
            file.seek(length - start, 1)
            continue
        # A missing or impossible length may mean the rest of the file.
        left = length - start if length >= start else float("inf")
        tail = b""
        while left > 0 and (piece := file.read(int(min(left, _PIECE)))):
            left -= len(piece)
            yield tail + piece
            tail = piece[-15:]  # a claim has 16 bytes
