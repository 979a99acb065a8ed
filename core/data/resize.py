"""Resizing and cropping of images of any size and mode to uint8 planes of one size."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.config.preparation import Preparation, Size
from core.data.value_range import Limits, ValueRange, scaled

_DETAIL = 64
"""Longer side in pixels of the small copy on which a smart crop measures detail."""


def fitted(image: Image.Image, how: Preparation, limits: Limits | None = None) -> NDArray[np.uint8]:
    """Returns the image cropped or scaled to `how.sized`, antialiased: uint8 (C, H, W), C = 1, 3 or 4.

    `limits`: levels of black and white of an opaque image, if they differ from the range of its mode. A transparent
    image is composed over the background color, or with `how.alpha` returned as RGBA, not premultiplied, and white
    where alpha is 0.
    """
    # Before cropping, because the value range depends on all pixels.
    if image.mode.startswith(("I", "F")) or limits is not None:
        profile = image.info.get("icc_profile")
        image = Image.fromarray(_eight_bits(image, limits))
        image.info["icc_profile"] = profile
    if how.fit == "pad":
        return _planes(_framed(image, how))
    if how.fit != "stretch" and (box := _box(image, how)) != (0, 0, *image.size):
        image = image.crop(box)
    return _planes(_resized(image, how.sized, how))


def unscaled(image: Image.Image) -> NDArray[np.uint8]:
    """Returns the image in its own size: uint8 (C, H, W), gray, RGB or RGBA as `fitted` returns them."""
    if image.mode.startswith(("I", "F")):
        profile = image.info.get("icc_profile")
        image = Image.fromarray(_eight_bits(image, None))
        image.info["icc_profile"] = profile
    return _planes(_resized(image, image.size, Preparation(alpha=True)))


def _box(image: Image.Image, how: Preparation) -> tuple[int, int, int, int]:
    """Returns the largest box of the wanted aspect ratio: in the center, or where the most detail is."""
    scale = min(image.width / how.sized[0], image.height / how.sized[1])
    width, height = (max(round(side * scale), 1) for side in how.sized)
    spare = image.width - width, image.height - height
    if how.fit == "smart" and any(spare):
        left, top = _detailed(image, (width, height), how)
    else:
        left, top = spare[0] // 2, spare[1] // 2
    return left, top, left + width, top + height


def _detailed(image: Image.Image, box: Size, how: Preparation) -> tuple[int, int]:
    """Returns left and top of the box of that size with the largest brightness changes."""
    factor = max(max(image.size) // _DETAIL, 1)
    gray = np.asarray(_plain(image, how).convert("L").reduce(factor), np.float32)
    rows, columns = np.abs(np.diff(gray, axis=0)), np.abs(np.diff(gray, axis=1))
    change = np.zeros_like(gray)
    change[1:] += rows
    change[:-1] += rows
    change[:, 1:] += columns
    change[:, :-1] += columns
    return _start(change.sum(0), image.width, box[0]), _start(change.sum(1), image.height, box[1])


def _start(change: NDArray[np.float32], whole: int, part: int) -> int:
    """Returns the start in pixels of the window with the largest sum; the middle of equally good ones."""
    length = min(max(round(len(change) * part / whole), 1), len(change))
    sums = np.convolve(change, np.ones(length, np.float32), "valid")
    best = np.flatnonzero(sums >= sums.max() * (1 - 1e-4))
    middle = float(best[0] + best[-1] + length) / 2 / len(change)
    return min(max(round(middle * whole - part / 2), 0), whole - part)


def _framed(image: Image.Image, how: Preparation) -> Image.Image:
    """Returns the whole image in the center, padded with the background color or transparency."""
    width, height = how.sized
    scale = min(width / image.width, height / image.height)
    inner = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    small = _resized(image, inner, how)
    corner = (width - inner[0]) // 2, (height - inner[1]) // 2
    if inner == how.sized:
        return small
    if how.alpha:
        framed = Image.new("RGBA", how.sized, (255, 255, 255, 0))
        framed.paste(small.convert("RGBA"), corner)
        return framed
    framed = Image.new("RGB", how.sized, how.color)
    framed.paste(small.convert("RGB"), corner)
    return framed


def _resized(image: Image.Image, size: Size, how: Preparation) -> Image.Image:
    """Returns an 8-bit image of any mode as L, RGB or RGBA of that size, in sRGB."""
    profile = image.info.get("icc_profile")
    if transparent(image):
        image = image.convert("RGBA")
        if how.alpha:
            return _in_srgb(Image.fromarray(_see_through(image, size)), profile)
        image, profile = _in_srgb(image, profile), None  # the background color is in sRGB already
    elif has_alpha(image):
        image = image.convert("RGB")
    if image.mode == "CMYK" and profile:  # the profile describes CMYK
        small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return _plain(_in_srgb(small, profile), how)
    plain = _plain(image, how)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _in_srgb(plain, profile)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts colors to sRGB; ignores a profile that is damaged or of another mode."""
    if not profile:
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() == {"L": "GRAY", "RGBA": "RGB"}.get(image.mode, image.mode):
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            assert converted is not None  # None is returned only for a conversion in place
            return converted.convert("L") if image.mode == "L" else converted
    return image


def _see_through(image: Image.Image, size: Size) -> NDArray[np.uint8]:
    """Returns RGBA (H, W, 4), resized without bleeding colors of transparent pixels.

    Colors are weighted by opacity (premultiplied), in floating point because dividing two small bytes gives noise. The
    filters have no negative lobes, unlike Lanczos, whose ringing would draw a second outline. Fully transparent pixels
    become white, so that hidden colors in files are not learned.
    """
    pixels = np.array(image)
    if image.size != size:
        premultiplied = image.convert("RGBa")
        # A first, coarse step for large images, like `reducing_gap`.
        factor = max(image.width // (3 * size[0]), 1), max(image.height // (3 * size[1]), 1)
        box = (0.0, 0.0, image.width / factor[0], image.height / factor[1])
        resampling = Image.Resampling.HAMMING if image.width > size[0] else Image.Resampling.BILINEAR
        bands = premultiplied.reduce(factor).split()
        planes = np.stack([np.asarray(band.convert("F").resize(size, resampling, box)) for band in bands], axis=-1)
        planes[..., :3] *= 255 / np.maximum(planes[..., 3:], 1e-3)
        pixels = np.rint(planes.clip(0, 255)).astype(np.uint8)
    pixels[pixels[..., 3] == 0, :3] = 255
    return pixels


def transparent(image: Image.Image) -> bool:
    """Returns whether any pixel is not opaque."""
    if not has_alpha(image):
        return False
    alpha = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    return alpha.getchannel("A").getextrema() != (255, 255)


def has_alpha(image: Image.Image) -> bool:
    """Returns whether the image has an alpha channel or a transparent color, by its header."""
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _plain(image: Image.Image, how: Preparation) -> Image.Image:
    """Returns an 8-bit image of any mode as L or RGB."""
    if has_alpha(image):
        image = image.convert("RGBA")
        under = Image.new("RGB", image.size, how.color)
        under.paste(image, mask=image.getchannel("A"))
        return under
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def numbers_range(image: Image.Image) -> ValueRange:
    """Returns the value range over all channels of an image, or over its palette colors."""
    values = _numbers(image)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return ValueRange.of(values) if values.size else ValueRange(0.0, 0.0, True)


def _numbers(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image.convert("RGB") if image.mode == "P" else image)


def _eight_bits(image: Image.Image, limits: Limits | None) -> NDArray[np.uint8]:
    """Scales to 8 bits: by `limits`, else by the range of the type (16-bit integers) or of the values (others)."""
    values = _numbers(image)
    if limits is None and image.mode.startswith("I;16"):
        high_byte: NDArray[np.uint8] = (values >> 8).astype(np.uint8)
        return high_byte
    limits = limits or numbers_range(image).likely
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=limits[0], posinf=limits[0], neginf=limits[0])
    return scaled(values, limits)


def _planes(image: Image.Image) -> NDArray[np.uint8]:
    """Returns the planes (C, H, W), without an opaque alpha channel, and with one gray plane for colorless RGB."""
    data, count = image.tobytes(), len(image.getbands())
    planes = [data[band::count] for band in range(count)]  # faster than numpy for small images
    if count == 4 and planes[3].count(255) == len(planes[3]):
        planes.pop()
    if len(planes) == 3 and planes[0] == planes[1] == planes[2]:
        planes = planes[:1]
    return np.frombuffer(b"".join(planes), np.uint8).reshape(len(planes), image.height, image.width)
