"""Items that a source yields: images, and files that were skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SkippedKind = Literal[
    "unreadable",
    "inaccessible",
    "refused",
    "other_formats",
    "unlabelled",
    "containers",
    "incomplete",
    "runs",
    "labels",
    "arrays",
    "absent",
    "unknown",
]
"""Damaged; out of reach; an archive's entry that is not read; an image of a format that is not read; an image without a
class among others that have one; an archive, a video or an array; a video that is read in part; the folder of a
training; labels that are not used; arrays that are neither the images nor their labels; images that a label file names
and that are not there; files of which nobody looked what they are."""

REMEDIES: Mapping[SkippedKind, str] = {
    "unreadable": "Training works without them. Repair them or download them again, or delete them.",
    "inaccessible": "Check who may read them and whether their disk is connected, and open the dataset again.",
    "refused": "If you trust the archive, unpack it yourself and open the folder.",
    "other_formats": "Save them as PNG or JPEG with a program that reads them.",
    "unlabelled": "Name their classes in the label file, or move that file elsewhere to train on all images.",
    "containers": "Open one of them by itself, or unpack archives and open the folder.",
    "incomplete": "Training works without the rest. Copy the video again, or convert it, if it matters.",
    "runs": "Open the images that the training used; those in its folder were generated.",
    "labels": "Correct them, or move the file elsewhere if it is not about these images.",
    "arrays": "Save the images that you want in a file of their own, and open that.",
    "absent": "Training works without them. Add them if they are missing, or take them out of the label file.",
    "unknown": "If they are images, let their names end as is usual for their format, such as .jpg.",
}
"""What a person can do about each kind."""


@dataclass(frozen=True)
class Skipped:
    """What is not in the dataset, mostly a file, and why, as a short sentence that a person understands.

    `passing`: the file may be as it should be, and another day can be read.
    """

    name: str
    reason: str
    passing: bool = False
    kind: SkippedKind = "unreadable"

    def __post_init__(self) -> None:
        if self.passing and self.kind == "unreadable":
            object.__setattr__(self, "kind", "inaccessible")


@dataclass(frozen=True, eq=False)
class Picture:
    """One image, ready to store: uint8, shape (C, H, W), C = 1 (grey), 3 (RGB) or 4 (RGBA, not opaque everywhere).

    `width`, `height` and `mode` (as Pillow names it) are the original's, as displayed, and so is `transparent`: whether
    anything of it is not opaque. `several_frames`: whether others follow the one that is used. `label` is an index into
    the source's classes. `name` is what it is called inside the source; `bytes` and `content` are the size of its file
    and a 64-bit hash of it, 0 where it has none of its own.
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
    several_frames: bool = False
