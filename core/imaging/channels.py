"""Names of image kinds by number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ChannelNames(NamedTuple):
    """Names of a number of channels. `short`: color mode; `long`: color mode in words; `planes`: content of the
    channels, in order; `images`: such images, in the plural."""

    short: str
    long: str
    planes: str
    images: str


CHANNEL_NAMES: Mapping[int, ChannelNames] = {
    1: ChannelNames("gray", "grayscale", "gray", "grayscale images"),
    2: ChannelNames("points", "points", "x, y", "points"),
    3: ChannelNames("RGB", "color", "red, green, blue", "color images"),
    4: ChannelNames("RGBA", "color with transparency", "red, green, blue, alpha", "transparent images"),
}
"""Names by number of channels. Two channels are the coordinates of 2-D points."""
