"""Built-in dataset sample:stacked: three digits in the three color channels (Stacked MNIST). Its 1000 modes show how
many a generator misses.

After Stacked MNIST (Metz et al. 2017, arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761), with our own digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Size
from core.data.builtin import digits
from core.language import _

COUNT = 20_000
CLASSES: tuple[str, ...] = tuple(f"{number:03d}" for number in range(1000))
RESOLUTION = 32
VERSION = "1"
PROGRESS_TEXT = _("Drawing digits")


def draw(labels: NDArray[np.int64], size: Size, random: np.random.Generator) -> NDArray[np.uint8]:
    """Returns images with the three digits of each label (N,) in red, green and blue: uint8, shape (N, 3, H, W)."""
    channels = [digits.draw(labels // power % 10, size, random) for power in (100, 10, 1)]
    return np.concatenate(channels, axis=1)
