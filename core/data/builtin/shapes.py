"""Built-in dataset sample:shapes: five colored shapes on soft backgrounds, antialiased by distance fields."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Size
from core.language import _

COUNT = 5_000
CLASSES: tuple[str, ...] = ("circle", "triangle", "square", "star", "ring")
RESOLUTION = 64
VERSION = "1"
PROGRESS_TEXT = _("Drawing shapes")

Floats = NDArray[np.float32]
Floating = NDArray[np.floating[Any]]  # float32 in fact; numpy's annotations are not that precise


def draw(labels: NDArray[np.int64], size: Size, random: np.random.Generator) -> NDArray[np.uint8]:
    """Returns a shape for each label (N,), in the central square of its image: uint8 RGB, shape (N, 3, H, W)."""
    count = (len(labels), 1, 1)
    radius = _drawn(random, 0.36, 0.68, count)
    shift = _drawn(random, -1, 1, (2, *count)) * (0.88 - radius)
    angle = _drawn(random, 0, 2 * np.pi, count)
    background, foreground = _colors(len(labels), random)
    lean = _drawn(random, 0, 2 * np.pi, (2, *count))  # direction of the two gradients

    side = min(size)
    columns, rows = (
        (np.arange(length, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - np.float32(length / side)
        for length in size
    )
    x, y = columns[None, None, :], rows[None, :, None]
    across, down = (x - shift[0]) / radius, (y - shift[1]) / radius
    u = across * np.cos(angle) + down * np.sin(angle)
    v = down * np.cos(angle) - across * np.sin(angle)
    cover = np.clip(-_signed_distance(labels, u, v) * radius * side / 2 + 0.5, 0, 1)[:, None]
    behind = _blend(background, x * np.cos(lean[0]) + y * np.sin(lean[0]))
    before = _blend(foreground, across * np.cos(lean[1]) + down * np.sin(lean[1]))
    return np.rint((behind + (before - behind) * cover) * 255).astype(np.uint8)


def _drawn(random: np.random.Generator, low: float, high: float, shape: int | tuple[int, ...]) -> Floats:
    return random.uniform(low, high, shape).astype(np.float32)


def _signed_distance(labels: NDArray[np.int64], u: Floats, v: Floats) -> Floats:
    """Returns signed distances to the outline of each shape of radius 1, (N, H, W); negative inside."""
    distance = np.empty(u.shape, np.float32)
    for label, shape in enumerate((_circle, _triangle, _square, _star, _ring)):
        chosen = labels == label
        if chosen.any():
            distance[chosen] = shape(u[chosen], v[chosen])
    return distance


def _circle(u: Floats, v: Floats) -> Floating:
    return np.hypot(u, v) - 0.92


def _ring(u: Floats, v: Floats) -> Floating:
    distance: Floating = np.abs(np.hypot(u, v) - 0.74) - 0.2
    return distance


def _square(u: Floats, v: Floats) -> Floating:
    distance: Floating = np.maximum(np.abs(u), np.abs(v)) - 0.76
    return distance


def _triangle(u: Floats, v: Floats) -> Floating:
    side = np.abs(u) * float(np.sqrt(3) / 2)
    distance: Floating = np.maximum(side + v / 2, -v) - 0.52
    return distance


def _star(u: Floats, v: Floats) -> Floating:
    """Returns signed distances to a five-pointed star: folded into a tenth of a turn, it is a half-plane."""
    fifth = 2 * np.pi / 5
    angle = np.abs((np.arctan2(u, v) + np.pi) % fifth - fifth / 2)
    radius = np.hypot(u, v)
    tip, notch = 1.0, 0.45
    # The edge from the notch (angle 0) to the tip (a tenth of a turn away), as a line with a unit normal.
    edge = np.array([tip * np.cos(fifth / 2) - notch, tip * np.sin(fifth / 2)])
    normal = (np.array([edge[1], -edge[0]]) / np.hypot(*edge)).tolist()  # Python numbers keep float32
    distance: Floating = (radius * np.cos(angle) - notch) * normal[0] + radius * np.sin(angle) * normal[1]
    return distance


def _blend(ends: Floats, position: Floats) -> Floats:
    """Returns gradients (N, 3, H, W) between two colors (2, N, 3) along `position` (N, H, W) in about [-1, 1]."""
    share = np.clip(position * 0.5 + 0.5, 0, 1)[:, None]
    first, second = ends[0][:, :, None, None], ends[1][:, :, None, None]
    blended: Floats = first + (second - first) * share
    return blended


def _colors(count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Returns pale backgrounds and strong foregrounds of another hue, each (2 ends of a gradient, N, 3) in [0, 1]."""
    hue = _drawn(random, 0, 1, count)
    away = hue + _drawn(random, 0.25, 0.75, count)
    spread = _drawn(random, -0.06, 0.06, count)
    behind = [
        _rgb(hue + turn, _drawn(random, 0.10, 0.30, count), _drawn(random, 0.82, 1.0, count)) for turn in (0, 0.12)
    ]
    strength, value = _drawn(random, 0.70, 0.95, count), _drawn(random, 0.60, 0.95, count)
    before = [_rgb(away, strength, value), _rgb(away + spread, strength, value * 0.78)]
    return np.stack(behind), np.stack(before)


def _rgb(hue: Floats, saturation: Floats, value: Floats) -> Floats:
    """Converts HSV in [0, 1] (hue periodic) to RGB (N, 3) in [0, 1]."""
    k = (np.array([5.0, 3.0, 1.0], np.float32) + hue[:, None] * 6) % 6
    rgb: Floats = value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))
    return rgb
