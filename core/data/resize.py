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
"""Longer side in pixels of the small copy in which a smart crop looks for detail."""


def fitted(image: Image.Image, how: Preparation, limits: Limits | None = None) -> NDArray[np.uint8]:
    """The picture cut or scaled to `how.sized` and antialiased: uint8 (C, H, W), C = 1, 3 or 4.

    `limits`: the numbers that stand for black and white in an opaque picture, where they are not the least and the
    largest that its mode can hold. It lies on the background, unless alpha is wanted and it is not opaque everywhere;
    then it is RGBA, not premultiplied, and white where nothing can be seen.
    """
    # Before anything is cut off: what its numbers mean, all of them say.
    if image.mode.startswith(("I", "F")) or limits is not None:
        profile = image.info.get("icc_profile")
        image = Image.fromarray(_eight_bits(image, limits))
        image.info["icc_profile"] = profile
    if how.fit == "pad":
        return _planes(_framed(image, how))
    if how.fit != "stretch" and (box := _box(image, how)) != (0, 0, *image.size):
        image = image.crop(box)
    return _planes(_resized(image, how.sized, how))


def _box(image: Image.Image, how: Preparation) -> tuple[int, int, int, int]:
    """The largest box with the proportions that are wanted: in the middle, or where the most detail is."""
    scale = min(image.width / how.sized[0], image.height / how.sized[1])
    width, height = (max(round(side * scale), 1) for side in how.sized)
    spare = image.width - width, image.height - height
    if how.fit == "smart" and any(spare):
        left, top = _detailed(image, (width, height), how)
    else:
        left, top = spare[0] // 2, spare[1] // 2
    return left, top, left + width, top + height


def _detailed(image: Image.Image, box: Size, how: Preparation) -> tuple[int, int]:
    """Left and top of the box of that size in which brightness changes the most."""
    factor = max(max(image.size) // _DETAIL, 1)
    grey = np.asarray(_plain(image, how).convert("L").reduce(factor), np.float32)
    rows, columns = np.abs(np.diff(grey, axis=0)), np.abs(np.diff(grey, axis=1))
    change = np.zeros_like(grey)
    change[1:] += rows
    change[:-1] += rows
    change[:, 1:] += columns
    change[:, :-1] += columns
    return _start(change.sum(0), image.width, box[0]), _start(change.sum(1), image.height, box[1])


def _start(change: NDArray[np.float32], whole: int, part: int) -> int:
    """Where a window over that part of a line holds the most, in pixels; the middle of equally good places."""
    length = min(max(round(len(change) * part / whole), 1), len(change))
    sums = np.convolve(change, np.ones(length, np.float32), "valid")
    best = np.flatnonzero(sums >= sums.max() * (1 - 1e-4))
    middle = float(best[0] + best[-1] + length) / 2 / len(change)
    return min(max(round(middle * whole - part / 2), 0), whole - part)


def _framed(image: Image.Image, how: Preparation) -> Image.Image:
    """All of the picture in the middle, and the background, or nothing, where it does not reach."""
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
    """Any mode of eight bits -> L, RGB or RGBA of that size, in sRGB."""
    profile = image.info.get("icc_profile")
    if transparent(image):
        image = image.convert("RGBA")
        if how.alpha:
            return _in_srgb(Image.fromarray(_see_through(image, size)), profile)
        image, profile = _in_srgb(image, profile), None  # what it will lie on is in sRGB already
    elif has_alpha(image):
        image = image.convert("RGB")
    if image.mode == "CMYK" and profile:  # its profile is about these four inks
        small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return _plain(_in_srgb(small, profile), how)
    plain = _plain(image, how)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _in_srgb(plain, profile)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The same colours in sRGB; a profile that is broken or of another mode says nothing about the picture."""
    if not profile:
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() == {"L": "GRAY", "RGBA": "RGB"}.get(image.mode, image.mode):
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            assert converted is not None  # None stands for a conversion in place
            return converted.convert("L") if image.mode == "L" else converted
    return image


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
        resampling = Image.Resampling.HAMMING if image.width > size[0] else Image.Resampling.BILINEAR
        bands = premultiplied.reduce(factor).split()
        planes = np.stack([np.asarray(band.convert("F").resize(size, resampling, box)) for band in bands], axis=-1)
        planes[..., :3] *= 255 / np.maximum(planes[..., 3:], 1e-3)
        pixels = np.rint(planes.clip(0, 255)).astype(np.uint8)
    pixels[pixels[..., 3] == 0, :3] = 255
    return pixels


def transparent(image: Image.Image) -> bool:
    """Whether anything of the picture is not opaque."""
    if not has_alpha(image):
        return False
    alpha = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    return alpha.getchannel("A").getextrema() != (255, 255)


def has_alpha(image: Image.Image) -> bool:
    """Whether anything of the picture may be transparent, as its header says."""
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _plain(image: Image.Image, how: Preparation) -> Image.Image:
    """Any mode of eight bits -> L or RGB."""
    if has_alpha(image):
        image = image.convert("RGBA")
        under = Image.new("RGB", image.size, how.color)
        under.paste(image, mask=image.getchannel("A"))
        return under
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def numbers_range(image: Image.Image) -> ValueRange:
    """The range of a picture's numbers, of all channels together and of colors where it has a palette."""
    values = _numbers(image)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return ValueRange.of(values) if values.size else ValueRange(0.0, 0.0, True)


def _numbers(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image.convert("RGB") if image.mode == "P" else image)


def _eight_bits(image: Image.Image, limits: Limits | None) -> NDArray[np.uint8]:
    """16-bit integers use their whole range, unless there are limits; of other numbers only the values tell."""
    values = _numbers(image)
    if limits is None and image.mode.startswith("I;16"):
        high_byte: NDArray[np.uint8] = (values >> 8).astype(np.uint8)
        return high_byte
    limits = limits or numbers_range(image).likely
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=limits[0], posinf=limits[0], neginf=limits[0])
    return scaled(values, limits)


def _planes(image: Image.Image) -> NDArray[np.uint8]:
    """(C, H, W); alpha that is opaque everywhere is dropped, and colour without any colour becomes one grey plane."""
    data, count = image.tobytes(), len(image.getbands())
    planes = [data[band::count] for band in range(count)]  # of small pictures quicker than by numpy
    if count == 4 and planes[3].count(255) == len(planes[3]):
        planes.pop()
    if len(planes) == 3 and planes[0] == planes[1] == planes[2]:
        planes = planes[:1]
    return np.frombuffer(b"".join(planes), np.uint8).reshape(len(planes), image.height, image.width)
