"""Items that a source yields: images, and files that were skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.language import _, in_context, number

SkippedKind = Literal[
    "unreadable",
    "too_large",
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
"""Kinds of reasons, in this order: damaged file; file above a size limit; file that cannot be accessed; refused entry
of an archive; unsupported image format; image without a class in a labeled dataset; archive, video or array; partly
read video; run folder; unused labels; array that is neither the images nor their labels; image that a label file names
and that is missing; file of an unknown kind that was not opened."""

REMEDIES: Mapping[SkippedKind, str] = {
    "unreadable": _("Training works without them. Repair, download again, or delete them."),
    "too_large": _("Training works without them. Make them smaller, or delete them."),
    "inaccessible": _("Check their permissions and the connection of their disk, then open the dataset again."),
    "refused": _("If you trust the archive, unpack it yourself and open the folder."),
    "other_formats": _("Convert them to PNG or JPEG."),
    "unlabelled": _("Add their classes to the label file, or move that file elsewhere to train on all images."),
    "containers": _("Open one of them separately, or unpack archives and open the folder."),
    "incomplete": _("Training works without the rest. If you need it, copy the video again or convert it."),
    "runs": _("Open the images that the run was trained on. The images in a run folder are generated."),
    "labels": _("Correct the labels, or move the file elsewhere if it belongs to other images."),
    "arrays": _("To use them, save the images in a separate file and open it."),
    "absent": _("Training works without them. Add the missing images, or remove them from the label file."),
    "unknown": _("If they are images, give them the usual file extension, such as .jpg."),
}
"""Remedy for each kind of reason."""


def listed(phrases: Sequence[str], most: int) -> str:
    """Returns the first `most` phrases and the number of the others: "a; b; and 3 more"."""
    shown = list(phrases[:most])
    if len(phrases) > most:
        shown.append(_("and {count} more").format(count=number(len(phrases) - most)))
    return in_context("between reasons", "; ").join(shown)


@dataclass(frozen=True)
class Skipped:
    """File or other item that is not in the dataset, with the reason as a short phrase for people.

    `passing`: the reason is temporary, such as a disk that does not answer; the file itself may be fine.
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
    """One prepared image: uint8, shape (C, H, W), C = 1 (gray), 3 (RGB) or 4 (RGBA, partly transparent).

    `width`, `height`, `mode` (Pillow's name) and `transparent` (whether any pixel is not opaque) describe the original
    as displayed. `several_frames`: whether the file has frames after the one that is used. `label`: index into the
    source's classes. `name`: path inside the source. `bytes` and `content`: size and 64-bit hash of the file; 0 if the
    image has no file of its own.
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
