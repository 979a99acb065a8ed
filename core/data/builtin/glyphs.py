"""Pen strokes of the ten digits, in several handwriting variants.

x grows to the right and y downward from the center of the image; a digit fills about x in [-0.4, 0.4] and
y in [-0.65, 0.65] of an image that spans [-1, 1] in both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (M, 2)
Pair = tuple[float, float]

SEGMENTS = 32  # per glyph, so that different digits fit in one array


def line(*points: Pair) -> Points:
    """Returns a polyline through the points."""
    return np.array(points, np.float64)


def curve(*points: Pair, steps: int = 18, closed: bool = False) -> Points:
    """Returns a smooth stroke through the points (Catmull-Rom) in `steps` segments of equal length."""
    knots = np.array(points, np.float64)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, 16, endpoint=False)[None, :, None]
    a, b, c, d = (knots[i : len(knots) - 3 + i, None, :] for i in range(4))
    fine = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return _evenly(np.concatenate([fine.reshape(-1, 2), knots[-2:-1]]), steps)


def oval(x: float, y: float, rx: float, ry: float, start: float = 0.0, turn: float = 360.0, steps: int = 22) -> Points:
    """Returns an elliptic arc around (x, y), `turn` degrees clockwise from `start` degrees (0: right, 90: bottom)."""
    angle = np.radians(np.linspace(start, start + turn, steps + 1))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def _evenly(points: Points, steps: int) -> Points:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    wanted = np.linspace(0, along[-1], steps + 1)
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in range(2)], axis=1)


def _segments(*strokes: Points) -> NDArray[np.float32]:
    """Returns strokes as (SEGMENTS, 2 ends, 2 coordinates); the last segment is repeated as padding."""
    pieces = np.concatenate([np.stack([stroke[:-1], stroke[1:]], axis=1) for stroke in strokes])
    fill = np.repeat(pieces[-1:], SEGMENTS - len(pieces), axis=0)
    return np.concatenate([pieces, fill]).astype(np.float32)


_TWO = ((-0.36, -0.34), (-0.24, -0.56), (0.04, -0.64), (0.30, -0.48), (0.30, -0.18), (0.04, 0.20))
_FIVE = ((-0.31, -0.08), (-0.04, -0.20), (0.27, -0.08), (0.36, 0.22), (0.20, 0.54), (-0.12, 0.64), (-0.38, 0.48))
_BOWL = ((0.25, 0.05), (0.37, 0.32), (0.21, 0.57), (-0.10, 0.64), (-0.37, 0.46))
_RING = (
    *((0.30, -0.38), (0.21, -0.56), (0.02, -0.63), (-0.19, -0.56), (-0.29, -0.36), (-0.23, -0.12)),
    *((-0.03, -0.01), (0.18, -0.12)),
)

GLYPHS: tuple[tuple[NDArray[np.float32], ...], ...] = (
    (
        _segments(oval(0, 0, 0.38, 0.63)),
        _segments(oval(0, 0, 0.44, 0.60)),
        _segments(oval(0, 0.01, 0.35, 0.62, -70, 342)),
    ),
    (
        _segments(line((0.0, -0.64), (0.0, 0.64))),
        _segments(line((-0.24, -0.38), (0.04, -0.64), (0.04, 0.64))),
        _segments(line((-0.24, -0.38), (0.02, -0.64), (0.02, 0.62)), line((-0.26, 0.62), (0.30, 0.62))),
    ),
    (
        _segments(curve(*_TWO, (-0.38, 0.60)), line((-0.38, 0.60), (0.40, 0.60))),
        _segments(
            curve(
                *_TWO,
                *((-0.14, 0.46), (-0.34, 0.62), (-0.46, 0.46), (-0.28, 0.34), (0.02, 0.50), (0.40, 0.58)),
                steps=32,
            )
        ),
    ),
    (
        _segments(
            curve(
                (-0.34, -0.45), (-0.10, -0.63), (0.20, -0.57), (0.31, -0.32), (0.18, -0.10), (-0.10, -0.03), steps=14
            ),
            curve((-0.10, -0.03), *_BOWL, steps=16),
        ),
        _segments(line((-0.34, -0.60), (0.33, -0.60), (-0.06, -0.08)), curve((-0.06, -0.08), *_BOWL)),
    ),
    (
        _segments(line((-0.28, -0.58), (-0.38, 0.12), (0.42, 0.12)), line((0.20, -0.42), (0.16, 0.64))),
        _segments(line((0.18, 0.64), (0.18, -0.62), (-0.42, 0.22), (0.44, 0.22))),
    ),
    (
        _segments(line((0.36, -0.60), (-0.25, -0.60), (-0.31, -0.08)), curve(*_FIVE)),
        _segments(line((-0.25, -0.58), (-0.31, -0.08)), curve(*_FIVE), line((-0.25, -0.58), (0.38, -0.64))),
    ),
    (
        _segments(
            curve(
                *((0.26, -0.62), (-0.04, -0.44), (-0.28, -0.08), (-0.36, 0.26), (-0.20, 0.57), (0.10, 0.62)),
                *((0.33, 0.36), (0.23, 0.07), (-0.04, 0.00), (-0.28, 0.16), (-0.35, 0.32)),
                steps=28,
            )
        ),
        _segments(curve((0.06, -0.64), (-0.22, -0.22), (-0.32, 0.30), steps=8), oval(0, 0.30, 0.33, 0.33)),
    ),
    (
        _segments(line((-0.38, -0.58), (0.38, -0.58), (-0.10, 0.64))),
        _segments(line((-0.38, -0.58), (0.38, -0.58), (-0.06, 0.64)), line((-0.20, 0.04), (0.32, 0.04))),
        _segments(line((-0.38, -0.56), (0.36, -0.58)), curve((0.36, -0.58), (0.08, -0.10), (-0.08, 0.64), steps=10)),
    ),
    (
        _segments(
            curve(
                *((0.00, -0.64), (-0.21, -0.57), (-0.28, -0.38), (-0.17, -0.17), (0.06, -0.02), (0.27, 0.15)),
                *((0.35, 0.36), (0.24, 0.57), (0.00, 0.64), (-0.24, 0.57), (-0.35, 0.36), (-0.27, 0.15)),
                *((-0.06, -0.02), (0.17, -0.17), (0.28, -0.38), (0.21, -0.57)),
                steps=32,
                closed=True,
            )
        ),
        _segments(oval(0, -0.35, 0.27, 0.29, steps=15), oval(0, 0.29, 0.34, 0.35, steps=17)),
    ),
    (
        _segments(curve(*_RING, (0.30, -0.38), steps=20), line((0.30, -0.38), (0.25, 0.64))),
        _segments(
            curve(*_RING, (0.30, -0.38), steps=18),
            curve((0.30, -0.38), (0.30, 0.20), (0.12, 0.56), (-0.26, 0.60), steps=12),
        ),
    ),
)
"""Variants of each digit, float32 of shape (SEGMENTS, 2, 2): from, to; x, y."""
