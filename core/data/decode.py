"""One image file -> one uint8 picture of one size. Whatever is wrong with a file becomes a reason, never a crash."""

from __future__ import annotations

import zipfile
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from core.data.source import Picture, Size

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


def decode(file: IO[bytes], size: Size, alpha: bool = False, label: int = 0) -> Picture:
    """The first frame, upright, centre-cropped to the proportions of `size` and antialiased to it.

    It lies on white, unless `alpha` is wanted and it is not opaque everywhere; then it is RGBA, not premultiplied, and
    white where nothing can be seen. Raises `UnreadableError` for what it found out itself; `reason` words everything
    else.
    """
    with _opened(file) as image:
        width, height = image.size
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            side = 2 * max(size)  # whichever way the photo is turned
            image.draft(None, (side, side))  # decodes at 1/2, 1/4 or 1/8 when that is enough
        image.load()
        turn = _orientation(image)
        if 5 <= turn <= 8:  # lies on its side
            width, height, size = height, width, size[::-1]
        small = _fitted(image.crop(_middle(image.size, size)), size, alpha)
    # Turning the small picture is the same as turning the large photo first, and costs nothing.
    if turn in _UPRIGHT:
        small = small.transpose(_UPRIGHT[turn])
    return Picture(_planes(small), width, height, label)


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


def _middle(size: Size, shape: Size) -> tuple[int, int, int, int]:
    """The largest box with the proportions of `shape` in the middle of a picture of `size`."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    width, height = (max(round(side * scale), 1) for side in shape)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def _fitted(image: Image.Image, size: Size, alpha: bool) -> Image.Image:
    """Any mode -> L, RGB or RGBA of that size."""
    if alpha and _has_alpha(image):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return Image.fromarray(_see_through(image, size))
    return _plain(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _see_through(image: Image.Image, size: Size) -> NDArray[np.uint8]:
    """RGBA, resized so that no colour bleeds out of what is transparent, (H, W, 4).

    Colours are weighted by their opacity, in floating point because the quotient of two small bytes is noise. The
    filters have no negative lobes as Lanczos has: those would draw a faint second outline around everything, and bright
    or dark rims inside it. What cannot be seen at all becomes white: without their alpha the pictures look as those on
    white do, and nobody learns what files happen to hold there.
    """
    pixels = np.array(image)
    if image.size != size:
        premultiplied = image.convert("RGBa")
        # A first, coarse step for large pictures, as `reducing_gap` does it.
        factor = max(image.width // (3 * size[0]), 1), max(image.height // (3 * size[1]), 1)
        box = (0.0, 0.0, image.width / factor[0], image.height / factor[1])
        way = Image.Resampling.HAMMING if image.width > size[0] else Image.Resampling.BILINEAR
        bands = premultiplied.reduce(factor).split()
        planes = np.stack([np.asarray(band.convert("F").resize(size, way, box)) for band in bands], axis=-1)
        planes[..., :3] *= 255 / np.maximum(planes[..., 3:], 1e-3)
        pixels = np.rint(planes.clip(0, 255)).astype(np.uint8)
    pixels[pixels[..., 3] == 0, :3] = 255
    return pixels


def _has_alpha(image: Image.Image) -> bool:
    if image.mode.startswith(("I", "F")):
        return False
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _plain(image: Image.Image) -> Image.Image:
    """Any mode -> L or RGB."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(image))
    if _has_alpha(image):
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
    """(C, H, W); alpha that is opaque everywhere is dropped, and colour without any colour becomes one grey plane."""
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels[None]
    if pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)[None]
    return np.ascontiguousarray(pixels[..., :3].transpose(2, 0, 1))
