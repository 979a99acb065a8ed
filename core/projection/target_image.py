"""Target image of a projection, and the error of generated images against it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.checkpoint import Meta
from core.data.decode import UnreadableError, decode, reason
from core.data.formats.image_files import LARGEST_FILE
from core.data.names import opened_regular
from core.errors import UserError
from core.events import Images


def open_picture(path: Path, meta: Meta) -> Images:
    """The picture in a file as the generator's images are, uint8 HWC: upright, prepared as those it was trained on.

    Raises `UserError` for what is no picture, and for a generator of points.
    """
    if meta.settings.points:
        raise no_images()
    how = meta.settings.preparation
    try:
        with opened_regular(path, None) as file:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:  # some decoders read all of it
                raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MB")
            planes = decode(file, how).pixels
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.", "Check the path.") from None
    except Exception as error:  # a broken file makes a decoder raise anything
        what = "a folder" if path.is_dir() else reason(error)
        remedy = "Choose a PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF."
        raise UserError(f"{path.name} cannot be read as a picture: {what}.", remedy, str(error)) from error
    return np.ascontiguousarray(_in_channels(planes.transpose(1, 2, 0), meta.channels))


def no_images() -> UserError:
    """For what can be done with images only."""
    return UserError("This generator makes points and no images.", "Open a checkpoint of a training on images.")


def difference(image: Images, other: Images) -> float:
    """Root mean square of the differences of two images' bytes, from 0 to 255."""
    return float(np.sqrt(np.square(image.astype(np.float64) - other).mean()))


def psnr(difference: float) -> float:
    """Peak signal-to-noise ratio of a root mean square difference, in dB; infinite for equal images."""
    return float(20 * np.log10(255 / difference)) if difference else float("inf")


def _in_channels(image: Images, channels: int) -> Images:
    """HWC of 1, 3 or 4 channels -> of as many as wanted: grey by brightness, opaque where nothing is known of that."""
    have = image.shape[2]
    if have == channels:
        return image
    if channels == 1:
        weights = np.array([0.299, 0.587, 0.114], np.float32)
        grey: Images = np.rint(image[:, :, :3] @ weights).astype(np.uint8)[:, :, None]
        return grey
    colours = image.repeat(3, 2) if have == 1 else image[:, :, :3]
    return colours if channels == 3 else np.dstack([colours, np.full(image.shape[:2], 255, np.uint8)])
