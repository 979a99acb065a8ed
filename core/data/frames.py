"""Frames of an image file: whether others follow the first, which alone is used."""

from __future__ import annotations

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

_KIND_OF_PAGE, _SMALLER_COPY = 254, 1
"""The tag NewSubfileType of a TIFF, and its bit for a smaller copy of another page."""


def has_several_frames(image: ImageFile) -> bool:
    """Returns whether pages or frames of an animation follow the first one; smaller copies of it are none.

    It looks no further than the second, and leaves the image there.
    """
    try:
        if not getattr(image, "is_animated", False):
            return False
        if not isinstance(image, TiffImageFile):
            return True
        image.seek(1)
        return not image.tag_v2.get(_KIND_OF_PAGE, 0) & _SMALLER_COPY
    except Exception:  # what follows is damaged, and the first frame is not
        return False
