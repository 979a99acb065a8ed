"""One image file -> one square uint8 picture. Whatever is wrong with a file becomes a reason, never a crash."""

from __future__ import annotations

import zipfile
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from core.data.source import Picture

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")

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

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadableError(Exception):
    """Why a file cannot be a picture, as a short sentence."""


def header_size(file: IO[bytes]) -> tuple[int, int]:
    """Width and height from the header, before any rotation. Raises whatever a broken file makes Pillow raise."""
    with _opened(file) as image:
        return image.size


def decode(file: IO[bytes], resolution: int, label: int = 0) -> Picture:
    """The first frame, upright, alpha on white, centre-cropped and antialiased to `resolution`.

    Raises `UnreadableError` for what it found out itself; `reason` words everything else.
    """
    with _opened(file) as image:
        width, height = image.size
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            image.draft(None, (2 * resolution, 2 * resolution))  # decodes at 1/2, 1/4 or 1/8 when that is enough
        image.load()
        turn = _orientation(image)
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = _plain(image.crop((left, top, left + side, top + side)))
    square = square.resize((resolution, resolution), Image.Resampling.LANCZOS, reducing_gap=3.0)
    # Turning the small square is the same as turning the large photo first, and costs nothing.
    if turn in _UPRIGHT:
        square = square.transpose(_UPRIGHT[turn])
    if turn >= 5:
        width, height = height, width
    return Picture(_planes(square), width, height, label)


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


def _opened(file: IO[bytes]) -> ImageFile:
    # Not Image.open: it only warns about sizes between its limit and twice that, and warnings can be turned into
    # errors for the whole process only, which is not ours to do from a thread.
    start = file.read(16)
    if not start:
        raise UnreadableError("empty file")
    for prefix, reader in _READERS:
        if start.startswith(prefix):
            file.seek(0)
            image = reader(file)
            break
    else:
        raise UnreadableError("not an image, or damaged")
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        image.close()
        raise UnreadableError(f"larger than {max(limit // 1_000_000, 1)} megapixels")
    return image


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        return 1  # the note about the camera is broken, the picture is not
    return value if isinstance(value, int) else 1


def _plain(image: Image.Image) -> Image.Image:
    """Any mode -> L or RGB."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(image))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """16-bit integers use their whole range; of other numbers only the values tell: [0, 1], bytes, 16 bits, or any."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        high_byte: NDArray[np.uint8] = (values >> 8).astype(np.uint8)
        return high_byte
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    if low < 0 or high > 65535:
        finite, high = finite - low, high - low
        limit = high or 1.0
    else:
        limit = 1.0 if image.mode == "F" and high <= 1 else 255.0 if high <= 255 else 65535.0
    scaled: NDArray[np.uint8] = np.clip(finite * (255.0 / limit) + 0.5, 0, 255).astype(np.uint8)
    return scaled


def _planes(image: Image.Image) -> NDArray[np.uint8]:
    """(C, H, W); a colour image without any colour becomes one grey plane."""
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels[None]
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
