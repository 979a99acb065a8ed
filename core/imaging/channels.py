"""Names of image kinds by number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from core.language import _


class ChannelNames(NamedTuple):
    """Names of a number of channels. `short`: color mode, for programs; `long`: color mode in words; `planes`: content
    of the channels, in order; `images`: such images, in the plural."""

    short: str
    long: str
    planes: str
    images: str


CHANNEL_NAMES: Mapping[int, ChannelNames] = {
    1: ChannelNames("gray", _("grayscale"), _("gray"), _("grayscale images")),
    2: ChannelNames("points", _("points"), "x, y", _("points")),
    3: ChannelNames("RGB", _("color"), _("red, green, blue"), _("color images")),
    4: ChannelNames("RGBA", _("color with transparency"), _("red, green, blue, alpha"), _("transparent images")),
}
"""Names by number of channels. Two channels are the coordinates of 2-D points."""
