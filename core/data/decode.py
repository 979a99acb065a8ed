"""Decoding of one image file to uint8 pixels of one size. Any fault of a file becomes a reason, never a crash."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Container, Mapping
from itertools import count
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from core.config.preparation import Preparation
from core.data.frames import has_several_frames
from core.data.items import Picture
from core.data.resize import fitted, has_alpha, numbers_range, transparent
from core.data.value_range import Limits, ValueRange

EXTENSIONS = (
    ".png",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".webp",
    ".heic",
    ".heif",
    ".avif",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
)
OTHER_PICTURES = (".jxl", ".jp2", ".psd", ".svg", ".cr2", ".cr3", ".nef", ".arw", ".dng")
"""Pictures that cannot be read, and are named so that nobody misses them unknowingly."""
MOST_PIXELS = 2**30 // 12
"""Of one picture, which then takes no more than a gigabyte while it is worked on; Pillow warns at the same number."""
_PLAUSIBLE_PIXELS, _PLAUSIBLE_PIXELS_A_BYTE = 2**24, 1024
"""Pixels that any file may claim to hold, and more for each of its bytes: a PNG of one color holds 340, a scan of a few
lines on a white page as many."""
_MOST_SCANS, _MOST_MARKERS = 100, 10_000
_MOST_CHUNKS = 500_000
"""Of a PNG; libpng writes one for each 8 kB, and a gigabyte of empty ones would take minutes to pass over."""

Whites = Mapping[str, Limits]
"""By the mode of a picture, which of its numbers stand for black and white in the whole dataset."""
NO_WHITES: Whites = {}
BYTE = 255
FULL = {"L": BYTE, "P": BYTE, "RGB": BYTE, "I;16": 65535}
"""The number that stands for white in pictures of a mode unless the dataset says otherwise. Of 16 bits in color Pillow
keeps the upper eight."""

# A file is what its first bytes say, whatever its name says. Nothing outside this list is ever started: Pillow would
# hand a renamed .eps to Ghostscript.
_READERS: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (b"\x89PNG", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (b"RIFF", WebPImagePlugin.WebPImageFile),
    (b"GIF8", GifImagePlugin.GifImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    (b"II*\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0*", TiffImagePlugin.TiffImageFile),
    (b"II+\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0+", TiffImagePlugin.TiffImageFile),
)
_FIRST_BYTES = 64
_AVIF = (b"ftypavif", b"ftypavis")
_HEIC = tuple(b"ftyp" + brand for brand in b"heic heix hevc hevx heim heis hevm hevs mif1 msf1".split())
"""From the fifth byte on."""
_LARGE_NOTES = {b"tEXt": 2**20, b"zTXt": 900, b"iTXt": 900, b"iCCP": 2**19}
"""Chunks of a PNG that say something about the picture, and from which size on Pillow may refuse the file for one:
packed bytes unpack to a thousand times as many, and it reads a megabyte."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a JPEG's scan, what is neither a value of 255 nor a mark to start anew."""
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9

_ORIENTATION_TAG = 0x0112
_Planes = NDArray[np.uint8]
_UPRIGHT: dict[int, Callable[[_Planes], _Planes]] = {
    2: lambda planes: planes[:, :, ::-1],
    3: lambda planes: planes[:, ::-1, ::-1],
    4: lambda planes: planes[:, ::-1],
    5: lambda planes: planes.swapaxes(1, 2),
    6: lambda planes: np.rot90(planes, -1, (1, 2)),
    7: lambda planes: planes.swapaxes(1, 2)[:, ::-1, ::-1],
    8: lambda planes: np.rot90(planes, 1, (1, 2)),
}


class UnreadableError(Exception):
    """Why a file cannot be a picture, as a short sentence."""


def header_size(file: IO[bytes]) -> tuple[int, int]:
    """Width and height from the header, before any rotation. Raises whatever a broken file makes Pillow raise."""
    with _opened(file) as image:
        return image.size


def value_range(file: IO[bytes], settled: Container[str]) -> tuple[str, ValueRange] | None:
    """Returns the mode of a picture whose numbers may mean what other pictures say, and their range; None for those
    that mean what they are, and, without decoding them, for modes that are `settled`. Raises whatever a broken file
    makes Pillow raise."""
    with _opened(file) as image:
        mode = _open_to_meaning(image)
        return None if mode is None or mode in settled else (mode, numbers_range(image))


def _open_to_meaning(image: ImageFile) -> str | None:
    """The mode of a picture whose numbers may stand for more than they are."""
    mode = image.mode[:4]  # without the order of bytes
    if mode in ("I", "F", "I;16"):
        return mode
    # Of photos black is black, and a dark drawing on nothing is not dim.
    if mode not in FULL or isinstance(image, JpegImagePlugin.JpegImageFile) or has_alpha(image):
        return None
    return mode


def decode(file: IO[bytes], how: Preparation, whites: Whites = NO_WHITES) -> Picture:
    """The first frame, upright, prepared (see `core.data.resize`). `whites`: which numbers stand for black and white in
    pictures of a mode, where the dataset says so; a picture that exceeds them is refused.

    Raises `UnreadableError` for what it found out itself; `reason` words everything else.
    """
    with _opened(file) as image:
        (width, height), mode = image.size, image.mode
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            _refuse_many_scans(file)
            side = 2 * max(how.sized)  # whichever way the photo is turned
            image.draft(None, (side, side))  # decodes at 1/2, 1/4 or 1/8 when that is enough
        image.load()
        turn = _orientation(image)
        if 5 <= turn <= 8:  # lies on its side
            width, height, how = height, width, how.at(how.sized[::-1])
        limits = whites.get(_open_to_meaning(image) or "")
        if limits is not None:
            _refuse_beyond(limits, image)
        planes, see_through = fitted(image, how, limits), transparent(image)
        several = has_several_frames(image)
    # Turning the small picture is the same as turning the large photo first, and costs nothing.
    if turn in _UPRIGHT:
        planes = np.ascontiguousarray(_UPRIGHT[turn](planes))
    return Picture(planes, width, height, mode=mode, transparent=see_through, several_frames=several)


def _refuse_beyond(limits: Limits, image: ImageFile) -> None:
    # Cut off it would look like the others, and nobody would know.
    found = numbers_range(image)
    if not found.lies_in(*limits):
        own, others = (f"{low:g} to {high:g}" for low, high in ((found.low, found.high), limits))
        raise UnreadableError(f"numbers from {own}, and those of other images are {others}; save all in one range")


def _refuse_many_scans(file: IO[bytes]) -> None:
    # Each of a progressive JPEG's scans goes over the whole picture, and sixty bytes are enough for one.
    file.seek(0)
    if _scans(file.read()) > _MOST_SCANS:
        raise UnreadableError(f"a JPEG of more than {_MOST_SCANS} scans")


def _scans(jpeg: bytes) -> int:
    """Counts the scans up to the end of the picture: what follows it, such as a phone's film, is not its own."""
    scans, place = 0, 2
    for _ in range(_MOST_MARKERS):
        if not (found := _MARKER.search(jpeg, place)):
            return scans
        kind, place = jpeg[found.start() + 1], found.end()
        if kind == _END_OF_IMAGE:
            return scans
        scans += kind == _START_OF_SCAN
        place += int.from_bytes(jpeg[place : place + 2], "big")
    return _MOST_MARKERS  # no camera writes so many


def reason(error: Exception) -> str:
    """Why a file was skipped, for a person."""
    match error:
        case UnreadableError():
            return str(error)
        case PermissionError():
            return "permission denied"
        case FileNotFoundError():
            return "it disappeared while the dataset was read"
        case MemoryError():
            return "too large for this computer's memory"
        case NotImplementedError():
            return "packed by a method that cannot be unpacked here"
        case zipfile.BadZipFile():
            return "damaged inside the zip"
        case _:
            return "not an image, or damaged"


def passes(error: Exception) -> bool:
    """Whether it is the computer's trouble and not the file's: too little memory, or a disk that does not answer."""
    # Pillow's own errors have no number.
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)


def _opened(file: IO[bytes]) -> ImageFile:
    # Not Image.open: it only warns about sizes between its limit and twice that, and warnings can be turned into
    # errors for the whole process only, which is not ours to do from a thread.
    start = file.read(_FIRST_BYTES)
    if not start:
        raise UnreadableError("empty file")
    reader = _reader(start)
    if reader is None:
        raise UnreadableError("not an image, or damaged")
    if reader is PngImagePlugin.PngImageFile and (places := _large_notes(file)):
        file = _without(file, places)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    image = reader(file)
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        image.close()
        raise UnreadableError(f"larger than {MOST_PIXELS // 1_000_000} megapixels")
    if pixels > max(_PLAUSIBLE_PIXELS, _PLAUSIBLE_PIXELS_A_BYTE * size):
        image.close()
        raise UnreadableError(f"{pixels // 1_000_000} megapixels in {size:,} bytes, as no picture has")
    return image


def other_picture(name: str) -> str:
    """Returns why one of the `OTHER_PICTURES` is left out."""
    return f"{name.rpartition('.')[2].upper()} is not read here; save it as PNG or JPEG"


def is_picture(start: bytes) -> bool:
    """Returns whether a file that begins so is of a format that is read."""
    return _reader(start) is not None


def _reader(start: bytes) -> type[ImageFile] | None:
    is_avif = start[4:12] in _AVIF or (start[4:8] == b"ftyp" and b"avif" in start[12:])
    if is_avif:  # also where the file's first brand is only that of pictures as such
        return AvifImagePlugin.AvifImageFile
    if start[4:12] in _HEIC:
        from pi_heif import HeifImageFile  # here: few need its decoder

        return cast(type[ImageFile], HeifImageFile)
    return next((reader for prefix, reader in _READERS if start.startswith(prefix)), None)


def _large_notes(png: IO[bytes]) -> list[tuple[int, int]]:
    """Returns the places of chunks that are left out, each from its first byte to the one after its last."""
    found, place = [], 8
    png.seek(place)
    for number in count():
        if len(head := png.read(8)) < 8:
            break
        if number == _MOST_CHUNKS:
            raise UnreadableError(f"a PNG of more than {_MOST_CHUNKS:,} chunks")
        size = int.from_bytes(head[:4], "big")
        if size > _LARGE_NOTES.get(head[4:], size):
            found.append((place, place + 12 + size))
        place += 12 + size
        png.seek(place)
    return found


def _without(file: IO[bytes], places: list[tuple[int, int]]) -> IO[bytes]:
    file.seek(0)
    data = bytearray(file.read())
    for start, end in reversed(places):
        del data[start:end]
    return io.BytesIO(data)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        return 1  # the note about the camera is broken, the picture is not
    return value if isinstance(value, int) else 1
