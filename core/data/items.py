"""Items that a source yields: images, and files that were skipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Skipped:
    """A file that is not in the dataset, and why, as a short sentence that a person understands.

    `passing`: the file may be as it should be, and another day can be read.
    """

    name: str
    reason: str
    passing: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One image, ready to store: uint8, shape (C, H, W), C = 1 (grey), 3 (RGB) or 4 (RGBA, not opaque everywhere).

    `width`, `height` and `mode` (as Pillow names it) are the original's, as displayed, and so is `transparent`: whether
    anything of it is not opaque. `label` is an index into the source's classes. `name` is what it is called inside the
    source; `bytes` and `content` are the size of its file and a 64-bit hash of it, 0 where it has none of its own.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    label: int = 0
    mode: str = ""
    name: str = ""
    bytes: int = 0
    content: int = 0
    transparent: bool = False
