"""Built-in dataset sample:digits: white pen strokes on black, like MNIST without noise, antialiased by a distance
field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Size
from core.data.builtin.glyphs import GLYPHS, SEGMENTS
from core.language import _

COUNT = 10_000
CLASSES: tuple[str, ...] = tuple("0123456789")
RESOLUTION = 32
VERSION = "1"
PROGRESS_TEXT = _("Drawing digits")

Floats = NDArray[np.float32]


def draw(labels: NDArray[np.int64], size: Size, random: np.random.Generator) -> NDArray[np.uint8]:
    """Returns a digit for each label (N,), in the central square of its image: uint8, shape (N, 1, H, W)."""
    strokes = _written(labels, random)
    half_width = random.uniform(0.055, 0.115, len(labels)).astype(np.float32)
    distance = _distance(strokes, size)
    # A pixel is 2 / min(size) wide; the coverage by the stroke falls from 1 to 0 over that width.
    cover = (half_width[:, None, None] - distance) * np.float32(min(size) / 2) + np.float32(0.5)
    np.clip(cover, 0, 1, out=cover)
    cover *= 255
    pixels: NDArray[np.uint8] = np.rint(cover).astype(np.uint8)[:, None]
    return pixels


def _written(labels: NDArray[np.int64], random: np.random.Generator) -> Floats:
    """Returns randomized strokes (N, S, 2, 2): variant, smooth warp, then shear, scale, rotation, shift."""
    count = len(labels)
    chosen = random.random(count)
    glyphs = np.empty((count, SEGMENTS, 2, 2), np.float32)
    for index, (label, variant) in enumerate(zip(labels, chosen, strict=True)):
        variants = GLYPHS[label]
        glyphs[index] = variants[int(variant * len(variants))]
    return _placed(_warped(glyphs, random), random)


def _warped(points: Floats, random: np.random.Generator) -> Floats:
    """Warps the plane by three slow waves, so that no two digits are equal and joined strokes stay joined."""
    warped = points.copy()
    for _wave in range(3):
        waves = random.uniform(-2.6, 2.6, (len(points), 1, 1, 2)).astype(np.float32)
        phase = random.uniform(0, 2 * np.pi, (len(points), 1, 1)).astype(np.float32)
        reach = random.normal(0, 0.034, (len(points), 1, 1, 2)).astype(np.float32)
        warped += reach * np.sin((waves * points).sum(-1) + phase)[..., None]
    return warped


def _placed(points: Floats, random: np.random.Generator) -> Floats:
    count = (len(points), 1, 1)
    angle = np.radians(random.uniform(-12, 12, count))
    slant = random.uniform(-0.12, 0.28, count)  # handwriting leans to the right
    wide, high = random.uniform(0.82, 1.12, count), random.uniform(0.92, 1.12, count)
    x = points[..., 0] * wide - slant * points[..., 1]
    y = points[..., 1] * high
    turned = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=-1)
    return _framed(turned, random).astype(np.float32)


def _framed(points: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Shifts digits at random around the center, and shrinks them if needed, so that no stroke touches the border."""
    low, high = points.min(axis=(1, 2), keepdims=True), points.max(axis=(1, 2), keepdims=True)
    half = (high - low) / 2
    shrink = np.minimum(1, 0.76 / half.max(axis=-1, keepdims=True))
    shift = random.uniform(-1, 1, low.shape) * np.minimum(0.80 - half * shrink, 0.1)
    framed: NDArray[np.float64] = (points - (low + high) / 2) * shrink + shift
    return framed


def _distance(strokes: Floats, size: Size) -> Floats:
    """Returns distances of pixel centers to the nearest stroke, (N, H, W), in units of half the shorter side."""
    side = min(size)
    columns, rows = (
        ((np.arange(length, dtype=np.float32) + 0.5) * 2 / side - length / side).astype(np.float32) for length in size
    )
    shape = (len(strokes), len(rows), len(columns))
    nearest = np.full(shape, np.inf, np.float32)
    along, across, square = (np.empty(shape, np.float32) for _ in range(3))
    for segment in range(strokes.shape[1]):
        start = strokes[:, segment, 0]
        vector = strokes[:, segment, 1] - start
        scaled = vector / np.maximum((vector * vector).sum(1, keepdims=True), np.float32(1e-12))
        x, y = columns[None] - start[:, :1], rows[None] - start[:, 1:]
        # Position of the nearest point along the segment: a sum of a part per column and one per row.
        np.add((x * scaled[:, :1])[:, None, :], (y * scaled[:, 1:])[:, :, None], out=along)
        np.clip(along, 0, 1, out=along)
        np.multiply(along, vector[:, 0, None, None], out=across)
        np.subtract(x[:, None, :], across, out=across)
        np.multiply(across, across, out=square)
        np.multiply(along, vector[:, 1, None, None], out=across)
        np.subtract(y[:, :, None], across, out=across)
        np.multiply(across, across, out=across)
        square += across
        np.minimum(nearest, square, out=nearest)
    return np.sqrt(nearest)
