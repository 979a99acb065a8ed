"""Value range of images: which of their numbers stand for black and for white.

It is one for all images of a dataset that have the same mode. Stretched one by one, dark images would look like others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Limits = tuple[float, float]
"""The numbers that stand for black and white."""

WHITES = (1, 3, 7, 15, 16, 31, 63, 255, 1023, 4095, 16383, 65535)
"""Whole numbers that stand for white: in masks and label maps, in digits of scikit-learn (16), in bytes, in cameras of
10 to 16 bits. The smallest one that no number exceeds leaves the brightest place at no less than a quarter."""
_FRACTIONS: tuple[Limits, ...] = ((0.0, 1 / 255), (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""What fractions mean. The first are bytes that were divided by 255 twice."""
_BRIGHT = 0.125
"""Part of such a range that fractions must reach to be meant so: standardized ones lie between -2 and 3."""
_SLACK = 0.01
"""By which part of its range resampled numbers may lie outside it."""
_NO_SPAN = 1e-30


@dataclass(frozen=True)
class ValueRange:
    """The smallest and the largest of some numbers, and whether all of them are whole."""

    low: float
    high: float
    whole: bool

    @classmethod
    def of(cls, values: NDArray[Any], whole: bool = True) -> ValueRange:
        """From at least one number, all finite. `whole`: False where others are known not to be whole."""
        low, high = float(values.min()), float(values.max())
        return cls(low, high, whole and (values.dtype.kind in "iu" or bool((values == np.rint(values)).all())))

    def __or__(self, other: ValueRange) -> ValueRange:
        return ValueRange(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)

    @property
    def known(self) -> Limits | None:
        """The limits that these numbers suggest; None where they suggest none."""
        if self.whole and self.low >= 0 and self.high <= WHITES[-1]:
            return 0.0, white_for(self.high)
        return next((limits for limits in _FRACTIONS if self._suits(*limits)), None)

    @property
    def likely(self) -> Limits:
        """The limits that these numbers suggest; where they suggest none, such that white is not far off."""
        if known := self.known:
            return known
        highest = self.high / (1 + _SLACK)
        return (0.0, white_for(highest)) if self.low >= 0 and highest <= WHITES[-1] else (self.low, self.high)

    def lies_in(self, black: float, white: float) -> bool:
        """Returns whether all numbers lie between the limits, or so little outside that nobody sees it."""
        slack = _SLACK * (white - black)
        return black - slack <= self.low and self.high <= white + slack

    def _suits(self, black: float, white: float) -> bool:
        bright = self.high - black >= _BRIGHT * (white - black)
        return bright and self.lies_in(black, white) and (black == 0 or self.low < -_BRIGHT)


def white_for(highest: float) -> float:
    """Returns the smallest of `WHITES` that is not exceeded, or the largest."""
    return float(next((white for white in WHITES if white >= highest), WHITES[-1]))


def scaled(values: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    """Returns numbers of any type and shape as uint8: black is 0, white 255, and what lies beyond is cut off."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:  # a table takes no more memory for large images
        table: NDArray[np.uint8] = _scaled(np.arange(2 ** (8 * values.dtype.itemsize)), limits)[values]
        return table
    return _scaled(values, limits)


def _scaled(values: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    black, white = limits
    if white - black < _NO_SPAN:
        return np.zeros(values.shape, np.uint8)
    scale = 255 / (white - black)
    numbers = values.astype(np.float32).clip(black, white)
    numbers *= scale  # before the difference, which numbers of both signs may not have in 32 bits
    numbers -= black * scale
    result: NDArray[np.uint8] = np.rint(numbers.clip(0, 255)).astype(np.uint8)
    return result
