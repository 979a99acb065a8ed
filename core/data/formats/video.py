"""Videos: every n-th frame becomes an image."""

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
"""Of videos that are not read here unless their first bytes say that they are one of the others, and are named."""

_MOST_FRAMES = 10_000_000
"""Two days of film; what goes on for longer was made not to end."""
_MOMENT = 0.05  # seconds after which the outside gets a turn
_PIECE = 2**20
_CLAIM = re.compile(rb"stsz.{4}(?P<unit>.{4})(?P<units>.{4})|trun.(?P<flags>.{3})(?P<frames>.{4})", re.DOTALL)
_PER_FRAME = 0xF00
"""Flags of a `trun` that has something to say of each of its frames."""
_FIRST_BYTES = 192
_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(start, re.DOTALL), called)
    for start, called in (
        (rb"\x00\x00\x01\xba", "an MPEG program stream"),
        (rb"\x00\x00\x01\xb3", "an MPEG video stream"),
        (rb"G.{187}G", "an MPEG transport stream"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
        (rb"FLV\x01", "a Flash video"),
        (rb"OggS", "an Ogg file"),
        (rb"\.RMF", "a RealMedia file"),
    )
)
"""How containers begin that are not read."""
_NO_VIDEOS = tuple(b"ftyp" + brand for brand in (b"M4A", b"M4B", b"M4P", b"avi", b"he", b"mif", b"msf", b"crx"))
"""How sounds and images begin that are in the same container."""
_COMPRESSED = re.compile(rb"cmov.{4}dcom", re.DOTALL)


@dataclass(frozen=True)
class Video(OneFile):
    """A `Source` of the frames of a film."""

    size: tuple[int, int]
    total: int = 0  # as it depends on the step, and the frames of many files are counted by playing them only
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    doing: str = "Reading the video"

    def suggest(self) -> Generator[Progress, None, int]:
        """From the one size that all frames have."""
        yield from ()
        return resolution_for([min(self.size)])

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Every `how.frame_step`-th frame, the first among them; at the end, perhaps, that some were damaged."""
        told = monotonic()
        number = broken = 0
        with readable(self.root), _opened(self.root) as container:
            for frame in _frames(container):
                if frame is not None and number % how.frame_step == 0:
                    yield _picture(frame, number, how)
                elif monotonic() - told > _MOMENT:
                    yield None
                    told = monotonic()
                broken += frame is None
                number += frame is not None
                if number == _MOST_FRAMES:
                    yield Skipped(self.title, f"only its first {_MOST_FRAMES} frames are taken", kind="incomplete")
                    break
        if broken:
            yield Skipped(self.title, f"{broken} of its frames are damaged", kind="incomplete")


def opens(source: str) -> bool:
    path = Path(source)
    if not path.is_file():
        return False
    if source.lower().endswith((*ENDINGS, *OTHER_ENDINGS)):
        return True
    with opened(path) as file:
        return is_video(file.read(_FIRST_BYTES))


def is_video(start: bytes) -> bool:
    """Returns whether a file that begins so is a video, of a container that is read or of another one."""
    if start[4:8] in (b"ftyp", b"moov"):
        return not start.startswith(_NO_VIDEOS, 4)
    # The other words by which QuickTime's older files begin stand in texts, too.
    return _container_format(start[:12]) in ("matroska", "avi") or bool(_other(start))


def scan(source: str) -> Generator[Progress, None, Video]:
    """Look into the film. Raises `UserError` when there is nothing in it to be shown."""
    root = absolute(source)
    yield Progress("Looking at the video", 0, 0)
    with readable(root), _opened(root) as container:
        stream = _stream(container)
        if stream is None:
            raise UserError(
                f"There are no pictures in {quoted(root.name)} that can be decoded.",
                "Convert it to an .mp4 with H.264.",
                str(root),
            )
        size = (stream.width, stream.height)
        key = digest(version(root))
    if min(size) < 1 or size[0] * size[1] > MOST_PIXELS:
        raise UserError(
            f"The frames of {quoted(root.name)} are {size[0]} x {size[1]} px, which cannot be read.",
            "Convert it to an .mp4 of smaller frames.",
            str(root),
        )
    return Video(root, key, size)


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[InputContainer]:
    import av  # a film is rare, and its libraries are many

    with opened(root) as file:
        start = file.read(_FIRST_BYTES)
        kind = _container_format(start[:12])
        file.seek(0)
        other = _other(start) or ("a video of another kind" if root.suffix.lower() in OTHER_ENDINGS else "")
        if kind is None and other:
            raise UserError(
                f"{quoted(root.name)} is {other}, which is not read here.",
                "Convert it to an .mp4 with H.264, for example with HandBrake or FFmpeg.",
                str(root),
            )
        if kind is None or (kind == "mov" and not is_plausible(file, root.stat().st_size)):
            raise damaged(root, "is not the video that its name says, or it is damaged")
        file.seek(0)
        try:
            container = av.open(
                file,
                "r",
                format=kind,
                # Neither other files nor addresses that a film names; nor cuts, which can repeat a frame for ever.
                container_options={"protocol_whitelist": "none", "ignore_editlist": "1"},
                metadata_errors="replace",
            )
        except av.error.FFmpegError as error:
            raise damaged(root, "is a damaged video", error) from error
        with container:
            yield container


def _container_format(start: bytes) -> str | None:
    """What the first bytes say, so that nothing else is ever tried: FFmpeg would play a list of addresses, too."""
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if start.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "avi" if start.startswith(b"RIFF") and start[8:] == b"AVI " else None


def _other(start: bytes) -> str:
    """Returns what a file is that begins as one of the other containers does; empty if it does not."""
    return next((called for pattern, called in _OTHERS if pattern.match(start)), "")


def _stream(container: InputContainer) -> VideoStream | None:
    """The first whose frames somebody here can decode."""
    return next((stream for stream in container.streams.video if stream.codec_context), None)


def _frames(container: InputContainer) -> Iterator[VideoFrame | None]:
    """The frames in the order in which they are shown; None for what cannot be decoded."""
    from av.error import FFmpegError

    stream = _stream(container)
    assert stream is not None  # or there would be no `Video`
    stream.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # a film may change its size on the way
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except FFmpegError:
                yield None
    except FFmpegError:  # it ends here, before its end
        yield None


def _picture(frame: VideoFrame, number: int, how: Preparation) -> Picture:
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    if frame.rotation % 90 == 0:  # how the phone was held
        image = image.rotate(frame.rotation, expand=True)
    return Picture(fitted(image, how), image.width, image.height, mode="RGB", name=f"frame {number}")


def is_plausible(file: IO[bytes], size: int) -> bool:
    """Whether no more frames are claimed than the file has bytes, and nothing of what is claimed is compressed."""
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
    """All of the file but the frames themselves, in pieces that overlap by what one match may take."""
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
        # Without a length, or with an impossible one, it may reach to the end.
        left = length - start if length >= start else float("inf")
        tail = b""
        while left > 0 and (piece := file.read(int(min(left, _PIECE)))):
            left -= len(piece)
            yield tail + piece
            tail = piece[-15:]  # a claim has 16 bytes
