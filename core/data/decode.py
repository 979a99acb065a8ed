"""Decoding of one image file to uint8 pixels of one size. Every defect of a file becomes a reason, never a crash."""

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
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from core.config.preparation import Preparation
from core.data.frames import has_several_frames
from core.data.items import Picture
from core.data.resize import fitted, has_alpha, numbers_range, transparent, unscaled
from core.data.sides.halves import Half
from core.data.value_range import Limits, ValueRange
from core.language import _, number

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
"""Unsupported image formats, which are reported as skipped."""
MOST_PIXELS = 2**30 // 12
"""Maximum pixels of an image, so that decoding takes at most 1 GiB. Pillow warns at the same number."""
_PLAUSIBLE_PIXELS, _PLAUSIBLE_PIXELS_A_BYTE = 2**24, 1024
"""Pixels that any file may have, and maximum pixels per byte of larger ones. A PNG of one color has 340 per byte, as
has a scan of a few lines on a white page."""
_MOST_SCANS, _MOST_MARKERS = 100, 10_000
_MOST_CHUNKS = 500_000
"""Maximum chunks of a PNG. libpng writes one for each 8 kB; skipping a gigabyte of empty chunks would take minutes."""

Whites = Mapping[str, Limits]
"""Black and white levels in the whole dataset, by image mode."""
NO_WHITES: Whites = {}
BYTE = 255
FULL = {"L": BYTE, "P": BYTE, "RGB": BYTE, "I;16": 65535}
"""Default white level by image mode. Pillow keeps the upper 8 bits of 16-bit color images."""

# The first bytes of a file decide its format, not its name. Only these readers are used: Pillow would pass a renamed
# .eps to Ghostscript.
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
"""Signatures at the fifth byte."""
_LARGE_NOTES = {b"tEXt": 2**20, b"zTXt": 900, b"iTXt": 900, b"iCCP": 2**19}
"""Metadata chunks of a PNG, and the size from which Pillow may refuse the file because of them: compressed ones may
unpack to a thousand times their size, and Pillow reads at most 1 MB."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Marker in a JPEG scan that is neither an escaped 255 nor a restart marker."""
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
    """Raised for a file that cannot be decoded; the message is the reason as a short phrase."""


class TooLargeError(UnreadableError):
    """Raised for a file above a size limit."""


def header_size(file: IO[bytes]) -> tuple[int, int]:
    """Returns width and height from the header, before any rotation. Raises any exception of Pillow's."""
    with _opened(file) as image:
        return image.size


def value_range(file: IO[bytes], settled: Container[str]) -> tuple[str, ValueRange] | None:
    """Returns mode and value range of an image whose white level depends on the other images of the dataset.

    Returns None for an image with a fixed white level, and, without decoding it, for modes in `settled`. Raises any
    exception of Pillow's.
    """
    with _opened(file) as image:
        mode = _open_to_meaning(image)
        return None if mode is None or mode in settled else (mode, numbers_range(image))


def _open_to_meaning(image: ImageFile) -> str | None:
    """Returns the mode of an image whose white level may differ from its type's maximum, else None."""
    mode = image.mode[:4]  # without the byte order
    if mode in ("I", "F", "I;16"):
        return mode
    # Photos use the full range, and a dark drawing on a transparent background is not dim.
    if mode not in FULL or isinstance(image, JpegImagePlugin.JpegImageFile) or has_alpha(image):
        return None
    return mode


def decode(file: IO[bytes], how: Preparation, whites: Whites = NO_WHITES, half: Half | None = None) -> Picture:
    """Returns the first frame, upright and prepared (see `core.data.resize`), or one half of it.

    `whites`: black and white levels by image mode, where the dataset defines them; an image that exceeds them is
    refused. Raises `UnreadableError` for defects it detects itself, and any exception of Pillow's; `reason` turns both
    into text.
    """
    with _opened(file) as image:
        (width, height), mode = image.size, image.mode
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            _refuse_many_scans(file)
            side = (2 if half is None else 4) * max(how.sized)  # for any orientation
            image.draft(None, (side, side))  # decodes at 1/2, 1/4 or 1/8 if that is enough
        image.load()
        turn = _orientation(image)
        if 5 <= turn <= 8:  # rotated by 90 degrees
            width, height = height, width
        limits = whites.get(_open_to_meaning(image) or "")
        if limits is not None:
            _refuse_beyond(limits, image)
        shown: Image.Image = image
        if half is not None:
            if width <= height:
                raise UnreadableError(_("not two images side by side: it is not wider than high"))
            shown, width, turn = half.cut(image if turn == 1 else ImageOps.exif_transpose(image)), width // 2, 1
        elif 5 <= turn <= 8:
            how = how.at(how.sized[::-1])
        planes, see_through = fitted(shown, how, limits), transparent(shown)
        several = has_several_frames(image)
    # Rotating the small image gives the same result as rotating the large one, and is faster.
    if turn in _UPRIGHT:
        planes = np.ascontiguousarray(_UPRIGHT[turn](planes))
    return Picture(planes, width, height, mode=mode, transparent=see_through, several_frames=several)


def decode_whole(file: IO[bytes]) -> NDArray[np.uint8]:
    """Returns the first frame, upright and in its own size, as planes (C, H, W): gray, RGB or RGBA in sRGB.

    Raises as `decode` does.
    """
    with _opened(file) as image:
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            _refuse_many_scans(file)
        image.load()
        turn, planes = _orientation(image), unscaled(image)
    return np.ascontiguousarray(_UPRIGHT[turn](planes)) if turn in _UPRIGHT else planes


def has_more(file: IO[bytes]) -> bool:
    """Returns whether an image has frames or pages after the first. Raises any exception of Pillow's."""
    with _opened(file) as image:
        return has_several_frames(image)


def _refuse_beyond(limits: Limits, image: ImageFile) -> None:
    # Clipping would hide that the value range differs.
    found = numbers_range(image)
    if not found.lies_in(*limits):
        own, others = (
            _("{low} to {high}").format(low=f"{low:g}", high=f"{high:g}")
            for low, high in ((found.low, found.high), limits)
        )
        text = _("pixel values {own}, but {others} in the other images; save all images in one range")
        raise UnreadableError(text.format(own=own, others=others))


def _refuse_many_scans(file: IO[bytes]) -> None:
    # Each scan of a progressive JPEG covers the whole image, and may take only 60 bytes.
    file.seek(0)
    if _scans(file.read()) > _MOST_SCANS:
        raise UnreadableError(_("a JPEG with more than {count} scans").format(count=number(_MOST_SCANS)))


def _scans(jpeg: bytes) -> int:
    """Counts the scans up to the end of the image. Data after it, such as a phone's video, is not counted."""
    scans, place = 0, 2
    for _marker in range(_MOST_MARKERS):
        if not (found := _MARKER.search(jpeg, place)):
            return scans
        kind, place = jpeg[found.start() + 1], found.end()
        if kind == _END_OF_IMAGE:
            return scans
        scans += kind == _START_OF_SCAN
        place += int.from_bytes(jpeg[place : place + 2], "big")
    return _MOST_MARKERS  # more than any camera writes


def reason(error: Exception) -> str:
    """Returns the reason why a file was skipped, as a short phrase for people."""
    match error:
        case UnreadableError():
            return str(error)
        case PermissionError():
            return _("permission denied")
        case FileNotFoundError():
            return _("deleted while the dataset was read")
        case MemoryError():
            return _("too large for this computer's memory")
        case NotImplementedError():
            return _("unsupported compression method")
        case zipfile.BadZipFile():
            return _("damaged inside the zip")
        case _:
            return _("not an image, or damaged")


def passes(error: Exception) -> bool:
    """Returns whether an error is temporary and not a defect of the file: out of memory, or a disk that fails."""
    # Pillow's own errors have no errno.
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)


def _opened(file: IO[bytes]) -> ImageFile:
    # Not Image.open: it only warns about sizes between its limit and twice the limit, and turning warnings into errors
    # would affect the whole process.
    start = file.read(_FIRST_BYTES)
    if not start:
        raise UnreadableError(_("empty file"))
    reader = _reader(start)
    if reader is None:
        raise UnreadableError(_("not an image, or damaged"))
    if reader is PngImagePlugin.PngImageFile and (places := _large_notes(file)):
        file = _without(file, places)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    image = reader(file)
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        image.close()
        raise TooLargeError(_("larger than {size} megapixels").format(size=number(MOST_PIXELS // 1_000_000)))
    if pixels > max(_PLAUSIBLE_PIXELS, _PLAUSIBLE_PIXELS_A_BYTE * size):
        image.close()
        text = _("claims {size} megapixels in only {count} bytes")
        raise UnreadableError(text.format(size=number(pixels // 1_000_000), count=number(size)))
    return image


def other_picture(name: str) -> str:
    """Returns the reason why one of the `OTHER_PICTURES` is left out."""
    return _("{format} is not supported; save it as PNG or JPEG").format(format=name.rpartition(".")[2].upper())


def is_picture(start: bytes) -> bool:
    """Returns whether a file with these first bytes has a supported image format."""
    return _reader(start) is not None


def _reader(start: bytes) -> type[ImageFile] | None:
    is_avif = start[4:12] in _AVIF or (start[4:8] == b"ftyp" and b"avif" in start[12:])
    if is_avif:  # also if the main brand is the generic mif1
        return AvifImagePlugin.AvifImageFile
    if start[4:12] in _HEIC:
        from pi_heif import HeifImageFile  # imported here because few datasets need it

        return cast(type[ImageFile], HeifImageFile)
    return next((reader for prefix, reader in _READERS if start.startswith(prefix)), None)


def _large_notes(png: IO[bytes]) -> list[tuple[int, int]]:
    """Returns the spans of metadata chunks to leave out, each from the first byte to one after the last."""
    found, place = [], 8
    png.seek(place)
    for chunk in count():
        if len(head := png.read(8)) < 8:
            break
        if chunk == _MOST_CHUNKS:
            raise UnreadableError(_("a PNG with more than {count} chunks").format(count=number(_MOST_CHUNKS)))
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
        return 1  # the Exif data is damaged, the image is not
    return value if isinstance(value, int) else 1
