"""Scatter plots of points in the plane as images, drawn by numpy and Pillow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.events import Images, Points

EXTENT = 1.3
"""Plots show [-EXTENT, EXTENT]^2. Data are in [-1, 1]^2; generated points may be outside."""
SIDE = 256

Color = tuple[int, int, int]
REAL: Color = (194, 65, 12)
FAKE: Color = (29, 95, 191)
PAPER: Color = (255, 255, 255)
INK: Color = (26, 33, 44)
STRENGTH = 0.45
"""Maximum opacity of the background surface, so that points of the same color stand out on it."""


def tint(surface: NDArray[np.float32], low: Color, middle: Color, high: Color) -> NDArray[np.uint8]:
    """Maps values in [0, 1] to colors (h, w, 3): `low` at 0, `middle` at 0.5, `high` at 1."""
    share = STRENGTH * (2.0 * surface[:, :, None] - 1.0)
    ends = np.where(share < 0, np.array(low, np.float32), np.array(high, np.float32))
    colors = np.array(middle, np.float32) * (1.0 - np.abs(share)) + ends * np.abs(share)
    return np.asarray(colors.round(), np.uint8)


def picture(points: Points) -> Images:
    """Draws the plot of the playground, uint8 (SIDE, SIDE, 3)."""
    surface = Image.fromarray(tint(points.surface, FAKE, PAPER, REAL))
    sketch = _Sketch(surface.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BILINEAR), points.extent)
    sketch.dots(points.real, REAL, 3)
    sketch.dots(points.fake, FAKE, 3)
    sketch.arrows(points.arrows)
    return sketch.finished()


def scatter(positions: NDArray[np.float32], color: Color = REAL, side: int = SIDE, radius: float = 1.5) -> Images:
    """Draws points (n, 2) on white, uint8 (side, side, 3). Points outside the plot are not drawn."""
    sketch = _Sketch(Image.new("RGB", (2 * side, 2 * side), PAPER), EXTENT)
    sketch.dots(positions, color, 2 * radius)
    return sketch.finished()


def dots(positions: NDArray[np.float32], side: int = 128) -> Images:
    """Draws one image per point (n, 2), uint8 (n, side, side, 3). Points outside are drawn at the edge."""
    inside = np.clip(np.nan_to_num(positions), -0.95 * EXTENT, 0.95 * EXTENT)
    return np.stack([scatter(position[None], FAKE, side, side / 24) for position in inside])


def within(rows: NDArray[np.float32], extent: float) -> NDArray[np.bool_]:
    """Returns which rows (n, k) are finite and start with a point in [-extent, extent]^2, (n,)."""
    inside = np.abs(rows[:, :2]) <= extent
    return np.asarray(np.isfinite(rows).all(1) & inside.all(1), np.bool_)


class _Sketch:
    """Drawing at twice the size, for antialiasing."""

    def __init__(self, canvas: Image.Image, extent: float) -> None:
        self._canvas, self._extent = canvas, extent
        self._draw = ImageDraw.Draw(canvas)

    def dots(self, positions: NDArray[np.float32], color: Color, radius: float) -> None:
        for x, y in self._pixels(positions[within(positions, self._extent)]):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def arrows(self, arrows: NDArray[np.float32]) -> None:
        inside = arrows[within(arrows, self._extent)]
        ends = inside[:, :2] + inside[:, 2:]
        for start, end in zip(self._pixels(inside[:, :2]), self._pixels(ends), strict=True):
            self._draw.line((*start, *end), fill=INK, width=2)

    def finished(self) -> Images:
        return np.array(self._canvas.reduce(2))

    def _pixels(self, positions: NDArray[np.float32]) -> list[list[float]]:
        share = (positions * (1.0, -1.0) / self._extent + 1.0) / 2.0
        pixels: list[list[float]] = (share * self._canvas.size).tolist()
        return pixels
