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
from core.language import _


def open_picture(path: Path, meta: Meta) -> Images:
    """Opens an image file and prepares it like the training images: uint8 HWC, upright.

    Raises `UserError` if it is not an image, and for a generator of points.
    """
    if meta.settings.points:
        raise no_images()
    how = meta.settings.preparation
    try:
        with opened_regular(path, None) as file:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:  # some decoders read the whole file
                raise UnreadableError(_("larger than {size} MB").format(size=LARGEST_FILE // 2**20))
            planes = decode(file, how).pixels
    except FileNotFoundError:
        raise UserError(_("The file {path} does not exist.").format(path=path), _("Check the path.")) from None
    except Exception as error:  # decoders raise any exception for a damaged file
        what = _("{file} cannot be read as an image: {reason}.").format(
            file=path.name, reason=_("a folder") if path.is_dir() else reason(error)
        )
        remedy = _("Choose a PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF.")
        raise UserError(what, remedy, str(error)) from error
    return np.ascontiguousarray(_in_channels(planes.transpose(1, 2, 0), meta.channels))


def no_images() -> UserError:
    """Returns the error for a function that needs a generator of images."""
    return UserError(_("This generator makes 2-D points, not images."), _("Open a checkpoint of a training on images."))


def difference(image: Images, other: Images) -> float:
    """Returns the root mean square difference of two uint8 images, from 0 to 255."""
    return float(np.sqrt(np.square(image.astype(np.float64) - other).mean()))


def psnr(difference: float) -> float:
    """Returns the peak signal-to-noise ratio of a root mean square difference in dB; infinite for equal images."""
    return float(20 * np.log10(255 / difference)) if difference else float("inf")


def _in_channels(image: Images, channels: int) -> Images:
    """Converts an image HWC to another number of channels (1, 3 or 4): gray by brightness, new alpha is opaque."""
    have = image.shape[2]
    if have == channels:
        return image
    if channels == 1:
        weights = np.array([0.299, 0.587, 0.114], np.float32)
        gray: Images = np.rint(image[:, :, :3] @ weights).astype(np.uint8)[:, :, None]
        return gray
    colors = image.repeat(3, 2) if have == 1 else image[:, :, :3]
    return colors if channels == 3 else np.dstack([colors, np.full(image.shape[:2], 255, np.uint8)])
