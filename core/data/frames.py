"""Frames of an image file. Only the first is used; this module finds out whether there are others."""

from __future__ import annotations

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

_KIND_OF_PAGE, _SMALLER_COPY = 254, 1
"""TIFF tag NewSubfileType, and its bit for a reduced-resolution copy of another page."""


def has_several_frames(image: ImageFile) -> bool:
    """Returns whether the image has further pages or frames, reduced copies excluded.

    Looks no further than the second frame, and leaves the image positioned there.
    """
    try:
        if not getattr(image, "is_animated", False):
            return False
        if not isinstance(image, TiffImageFile):
            return True
        image.seek(1)
        return not image.tag_v2.get(_KIND_OF_PAGE, 0) & _SMALLER_COPY
    except Exception:  # a damaged second frame does not make the first unusable
        return False
