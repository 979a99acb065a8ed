"""Built-in sample datasets: drawn by numpy from a fixed seed, so that nothing is downloaded or shipped."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.concurrency import in_order
from core.config.preparation import Preparation, Size
from core.data.builtin import digits, shapes, stacked
from core.data.items import Picture, Skipped
from core.data.names import digest
from core.errors import UserError
from core.events import Progress
from core.language import _

_PREFIX = "sample:"
_SEED = 0
_CHUNK = 16  # images drawn at once: few enough for the CPU cache and for stopping promptly


class Drawing(Protocol):
    """Interface of a module that draws one sample dataset."""

    COUNT: int
    CLASSES: tuple[str, ...]
    RESOLUTION: int
    VERSION: str
    PROGRESS_TEXT: str

    def draw(self, labels: NDArray[np.int64], size: Size, random: np.random.Generator) -> NDArray[np.uint8]:
        """Returns images of the classes `labels` (N,): uint8, shape (N, C, H, W).

        Objects are drawn in the central square of `size`; the background fills the rest.
        """


_DRAWINGS: dict[str, Drawing] = {"digits": digits, "shapes": shapes, "stacked": stacked}


@dataclass(frozen=True)
class Sample:
    """`Source` of drawn images."""

    short: str
    drawing: Drawing
    skipped: tuple[Skipped, ...] = ()

    @property
    def name(self) -> str:
        return _PREFIX + self.short

    @property
    def title(self) -> str:
        return _("Sample: {name}").format(name=self.short)

    @property
    def key(self) -> str:
        return digest(self.name, self.drawing.VERSION, str(_SEED))

    @property
    def total(self) -> int:
        return self.drawing.COUNT

    @property
    def doing(self) -> str:
        return self.drawing.PROGRESS_TEXT

    @property
    def classes(self) -> tuple[str, ...]:
        return self.drawing.CLASSES

    def suggest(self) -> Generator[Progress, None, int]:
        """Returns the resolution the sample was designed for."""
        yield from ()
        return self.drawing.RESOLUTION

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields the opaque images of the sample at that size, the same at every call."""
        size = how.sized
        labels = sample_labels(self.total, len(self.classes))
        jobs = (partial(self._chunk, labels, start, size) for start in range(0, self.total, _CHUNK))
        # No threads: with such small arrays they would only wait for the GIL.
        workers = min(4, os.cpu_count() or 1) if min(size) >= 64 else 1
        for chunk in in_order(jobs, workers, ahead=2 * workers):
            yield from chunk or (None,)

    def _chunk(self, labels: NDArray[np.int64], start: int, size: Size) -> list[Picture]:
        # One random generator per chunk, and the same chunks for all sizes, give the same images at all sizes.
        random = np.random.Generator(np.random.PCG64([_SEED, 1, start]))
        chosen = labels[start : start + _CHUNK]
        pixels = self.drawing.draw(chosen, size, random)
        mode = "L" if pixels.shape[1] == 1 else "RGB"
        return [
            Picture(one, *size, int(label), mode, f"{self.short} {start + index}")
            for index, (one, label) in enumerate(zip(pixels, chosen, strict=True))
        ]


def sample_labels(total: int, classes: int) -> NDArray[np.int64]:
    """Returns balanced labels in a random but fixed order, shape (total,)."""
    random = np.random.Generator(np.random.PCG64([_SEED, 0]))
    return random.permutation(np.arange(total, dtype=np.int64) % classes)


def opens(source: str) -> bool:
    return source.startswith(_PREFIX)


def scan(source: str) -> Generator[Progress, None, Sample]:
    """Returns the sample of that name. Raises `UserError` if there is none."""
    yield from ()
    short = source.removeprefix(_PREFIX)
    if short not in _DRAWINGS:
        known = ", ".join(_PREFIX + name for name in _DRAWINGS)
        raise UserError(
            _("There is no sample dataset {name!r}.").format(name=short),
            _("Choose one of {names}.").format(names=known),
        )
    return Sample(short, _DRAWINGS[short])
