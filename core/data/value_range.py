"""Value range of images: the levels of black and white.

All images of one mode in a dataset share the range: scaled one by one, dark images would become bright.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Limits = tuple[float, float]
"""Levels of black and white."""

WHITES = (1, 3, 7, 15, 16, 31, 63, 255, 1023, 4095, 16383, 65535)
"""Integer white levels: of masks and label maps, scikit-learn's digits (16), bytes, and 10 to 16 bit cameras. With the
smallest one that is not exceeded, the brightest pixel has at least a quarter of the brightness of white."""
_FRACTIONS: tuple[Limits, ...] = ((0.0, 1 / 255), (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""Usual ranges of floating-point images. The first is that of bytes divided by 255 twice."""
_BRIGHT = 0.125
"""Fraction of a range that values must reach for it to be chosen. Standardized images have values in [-2, 3]."""
_SLACK = 0.01
"""Fraction of the range by which resampled values may exceed it."""
_NO_SPAN = 1e-30


@dataclass(frozen=True)
class ValueRange:
    """Minimum and maximum of pixel values; `whole`: whether all are integers."""

    low: float
    high: float
    whole: bool

    @classmethod
    def of(cls, values: NDArray[Any], whole: bool = True) -> ValueRange:
        """Returns the range of at least one value, all finite. `whole`: False if other values are no integers."""
        low, high = float(values.min()), float(values.max())
        return cls(low, high, whole and (values.dtype.kind in "iu" or bool((values == np.rint(values)).all())))

    def __or__(self, other: ValueRange) -> ValueRange:
        return ValueRange(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)

    @property
    def known(self) -> Limits | None:
        """Levels of black and white that the values suggest; None if they suggest none."""
        if self.whole and self.low >= 0 and self.high <= WHITES[-1]:
            return 0.0, white_for(self.high)
        return next((limits for limits in _FRACTIONS if self._suits(*limits)), None)

    @property
    def likely(self) -> Limits:
        """Levels of black and white that the values suggest, else approximate ones."""
        if known := self.known:
            return known
        highest = self.high / (1 + _SLACK)
        return (0.0, white_for(highest)) if self.low >= 0 and highest <= WHITES[-1] else (self.low, self.high)

    def lies_in(self, black: float, white: float) -> bool:
        """Returns whether all values lie between the levels, or exceed them invisibly little."""
        slack = _SLACK * (white - black)
        return black - slack <= self.low and self.high <= white + slack

    def _suits(self, black: float, white: float) -> bool:
        bright = self.high - black >= _BRIGHT * (white - black)
        return bright and self.lies_in(black, white) and (black == 0 or self.low < -_BRIGHT)


def white_for(highest: float) -> float:
    """Returns the smallest of `WHITES` not below `highest`, or the largest of them."""
    return float(next((white for white in WHITES if white >= highest), WHITES[-1]))


def scaled(values: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    """Returns values of any type and shape as uint8: black is 0, white is 255, values beyond are clipped."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:  # a lookup table saves memory for large images
        table: NDArray[np.uint8] = _scaled(np.arange(2 ** (8 * values.dtype.itemsize)), limits)[values]
        return table
    return _scaled(values, limits)


def _scaled(values: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    black, white = limits
    if white - black < _NO_SPAN:
        return np.zeros(values.shape, np.uint8)
    scale = 255 / (white - black)
    numbers = values.astype(np.float32).clip(black, white)
    numbers *= scale  # before the difference, which may overflow in 32 bits
    numbers -= black * scale
    result: NDArray[np.uint8] = np.rint(numbers.clip(0, 255)).astype(np.uint8)
    return result
