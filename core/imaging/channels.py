"""Names of image kinds by number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ChannelNames(NamedTuple):
    """`short`: the color mode; `long`: the color mode in words; `planes`: what the channels hold, in order; `images`:
    images of that many channels, in the plural."""

    short: str
    long: str
    planes: str
    images: str


CHANNEL_NAMES: Mapping[int, ChannelNames] = {
    1: ChannelNames("gray", "gray", "gray", "gray images"),
    2: ChannelNames("points", "points", "x, y", "points"),
    3: ChannelNames("RGB", "color", "red, green, blue", "color images"),
    4: ChannelNames("RGBA", "color with transparency", "red, green, blue, alpha", "transparent images"),
}
"""By the number of channels; two channels are the coordinates of points in the plane."""
