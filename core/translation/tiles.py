"""Translation of a picture of any size in tiles that overlap and blend, so that memory does not grow with the picture.

A network whose pixels see each other only up to its `BORDER` makes the same of a tile as of the whole picture, but for
the tile's outer pixels, which are left out. Other networks, such as those with instance normalization, see tiles of the
size that they were trained on, with half of each tile blended into the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.config.settings import Settings
from core.devices.memory import free_memory
from core.errors import UserError
from core.events import Images
from core.imaging.tensors import from_pixels
from core.language import _, number
from core.registry import components
from core.translation.networks import Translator, TranslatorShape, multiple_of

RAMP = 16
"""Pixels over which tiles blend where they are equal up to rounding."""
MOST_SIDE = 512
"""Largest side of a tile that nobody chose: the rows of output that are not finished are in memory too."""
MEMORY = 2**29
"""Bytes that the feature maps of a tile may take on a CPU; elsewhere a quarter of the free memory."""
MAPS = 4
"""Feature maps of the largest size that are in memory at once: input, output, and those that wait to be added."""
PROBED = 16
"""Side in pixels of the image on which the size of feature maps is measured."""

Planes = NDArray[np.uint8]
"""Picture of any number of channels, (C, H, W)."""
Make = Callable[[Tensor], Tensor]
"""Function from a tile (1, C, h, w) in [-1, 1] to one (1, C', scale h, scale w), which may exceed [-1, 1]."""


class Part(NamedTuple):
    """State of a translation after a tile: tiles that are done, all tiles, and further finished rows of the output,
    uint8 (rows, W, C), from top to bottom."""

    done: int
    total: int
    rows: Images


class Span(NamedTuple):
    """Place of a tile along one axis, in pixels of the input, and the weights of its pixels in the output."""

    start: int
    stop: int
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Tiling:
    """Size and overlap of tiles, in pixels of the input.

    `size`: width and height of a tile. `multiple`: divides the sides of every tile; smaller pictures are padded by
    reflection. `step`: divides the places of tiles. `border`: pixels at a tile's edge that are left out. `ramp`: pixels
    next to them over which it blends with its neighbor. `scale`: factor by which the output is larger.
    """

    size: tuple[int, int]
    multiple: int
    step: int
    border: int
    ramp: int
    scale: int

    @classmethod
    def of(cls, settings: Settings, network: Translator, shape: TranslatorShape, side: int | None = None) -> Tiling:
        """Returns the tiling of a translator with that shape. `side`: of a tile, if chosen.

        Raises `UserError` if it is too small.
        """
        border: int | None = components("translation.networks")[settings.translator].facts["BORDER"]
        multiple = multiple_of(settings.translator, shape)
        if border is None:
            trained = [side or length // shape.scale for length in settings.size]
            width, height = (_rounded_up(length, multiple) for length in trained)
            return cls((width, height), multiple, 1, 0, min(width, height) // 2, shape.scale)
        border += network.reach
        least = _rounded_up(2 * border + RAMP + multiple, multiple)
        if side is not None and side < least:
            raise UserError(
                _("Tiles of {side} px are too small for this network.").format(side=number(side)),
                _("Choose {least} px or more.").format(least=number(least)),
            )
        if side is None:
            device = next(network.parameters()).device
            memory = MEMORY if device.type == "cpu" else free_memory(device) // 4
            affordable = (memory / (MAPS * _bytes_a_pixel(network, shape.inputs))) ** 0.5
            side = min(max(int(affordable) // multiple * multiple, 3 * least // 2), MOST_SIDE)
        side = _rounded_up(side, multiple)
        return cls((side, side), multiple, multiple, border, RAMP, shape.scale)

    def spans(self, length: int, side: int) -> list[Span]:
        """Returns the places of tiles of that side along an axis, with weights that sum to 1 at every pixel."""
        if length <= side:
            # Reflection inside a network needs two pixels of its smallest feature map.
            padded = max(_rounded_up(length, self.multiple), min(2 * self.multiple, side))
            return [Span(0, padded, np.ones(padded * self.scale, np.float32))]
        padded = _rounded_up(length, self.step)
        last = padded - side
        most = (side - 2 * self.border - self.ramp) // self.step * self.step
        starts = [min(index * most, last) for index in range(-(-last // most) + 1)]
        total = np.zeros(padded * self.scale, np.float32)
        raw = [self._ramps(side, start > 0, start < last) for start in starts]
        for start, weights in zip(starts, raw, strict=True):
            total[start * self.scale : (start + side) * self.scale] += weights
        return [
            Span(start, start + side, weights / total[start * self.scale : (start + side) * self.scale])
            for start, weights in zip(starts, raw, strict=True)
        ]

    def _ramps(self, side: int, before: bool, after: bool) -> NDArray[np.float32]:
        """Returns weights that rise and fall where there is a neighbor before and after the tile."""
        distance = np.arange(side * self.scale, dtype=np.float32) + 0.5
        rise = ((distance / self.scale - self.border) / self.ramp).clip(0, 1)
        weights = np.ones_like(rise)
        if before:
            weights *= rise
        if after:
            weights *= rise[::-1]
        return weights


def in_tiles(make: Make, picture: Planes, tiling: Tiling) -> Iterator[Part]:
    """Translates a picture (C, H, W) tile by tile; yields a `Part` after each."""
    _channels, height, width = picture.shape
    scale = tiling.scale
    down, across = tiling.spans(height, tiling.size[1]), tiling.spans(width, tiling.size[0])
    total = len(down) * len(across)
    band = np.zeros((0, 0, 0), np.float32)
    top = 0
    for row, rows in enumerate(down):
        for column, columns in enumerate(across):
            tile = picture[:, _reflected(rows, height)[:, None], _reflected(columns, width)]
            made = make(from_pixels(torch.from_numpy(tile))[None])[0].float().cpu().numpy()
            if not band.size:
                band = np.zeros((len(made), (rows.stop - rows.start) * scale, across[-1].stop * scale), np.float32)
            made = made * rows.weights[:, None] * columns.weights
            band[:, :, columns.start * scale : columns.stop * scale] += made
            is_last = column == len(across) - 1
            finished = np.zeros((0, width * scale, len(made)), np.uint8)
            if is_last:
                # Rows below belong to the next tiles too.
                following = down[row + 1].start * scale if row + 1 < len(down) else height * scale
                finished = _pixels(band[:, : following - top, : width * scale])
                band = _moved_up(band, following - top)
                top = following
            yield Part(row * len(across) + column + 1, total, finished)


def whole(parts: Iterator[Part]) -> Images:
    """Returns the whole output of `in_tiles`, uint8 HWC."""
    return np.concatenate([part.rows for part in parts])


def _moved_up(band: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """Moves the rows that are not finished to the top, in place, and clears the rest."""
    left = band.shape[1] - rows
    band[:, :left] = band[:, rows:].copy() if left else band[:, :0]
    band[:, left:] = 0
    return band


def _pixels(band: NDArray[np.float32]) -> Images:
    """Converts float (C, h, w) in [-1, 1] to uint8 (h, w, C), a channel at a time to bound the memory."""
    pixels = np.empty((*band.shape[1:], len(band)), np.uint8)
    for index, plane in enumerate(band):
        pixels[:, :, index] = np.rint((plane + 1) * 127.5).clip(0, 255)
    return pixels


def _reflected(span: Span, length: int) -> NDArray[np.intp]:
    """Returns the pixels of a span along an axis; those beyond the end are reflected there."""
    period = max(2 * (length - 1), 1)
    places = np.arange(span.start, span.stop) % period
    return np.where(places < length, places, period - places)


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _bytes_a_pixel(network: nn.Module, channels: int) -> float:
    """Returns the size of the network's largest feature map for each pixel of an input with `channels` channels."""
    sizes: list[int] = []

    def measure(module: nn.Module, inputs: Any, output: Tensor) -> None:
        sizes.append(output.nbytes)

    handles = [layer.register_forward_hook(measure) for layer in network.modules() if not list(layer.children())]
    weight = next(network.parameters())
    with torch.inference_mode():
        network(torch.zeros(1, channels, PROBED, PROBED, device=weight.device))
    for handle in handles:
        handle.remove()
    return max(sizes) / PROBED**2
