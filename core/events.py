"""Events that trainings, scans and exports yield: frozen values of numpy and plain types, safe to share between
threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.formatting import size_text

Images = NDArray[np.uint8]
"""uint8 images, NHWC, C = 1 (gray) or 3 (RGB)."""


class Event:
    """Base of everything that is yielded."""


@dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` pieces of work (`total` 0: not known yet), and what is being done, for a progress bar.

    `in_bytes`: the pieces are bytes.
    """

    text: str
    done: int
    total: int
    in_bytes: bool = False

    @property
    def counted(self) -> str:
        """How much is done, for people."""
        if self.in_bytes:
            return f"{size_text(self.done)} of {size_text(self.total)}"
        return f"{self.done:,} of {self.total:,}"


@dataclass(frozen=True)
class EvaluationProgress(Progress):
    """Of an evaluation that goes on beside a training."""


@dataclass(frozen=True, eq=False)
class FirstImages(Event):
    """A dataset's first images, while the others are still being looked for."""

    images: Images


@dataclass(frozen=True)
class Stepped(Event):
    """One generator step is complete: the place where the outside may stop, pause, save or change a setting."""

    step: int
    images: int


@dataclass(frozen=True)
class Report(Event):
    """Means over the steps since the last report, under the run folder's keys (`Loss/G/loss` ...).

    Read from a run's folder, one may hold what was `Measured` instead: then it is not `of_steps`.
    """

    step: int
    images: int
    seconds: float
    stats: Mapping[str, float]

    @property
    def of_steps(self) -> bool:
        return not all(key.startswith("Metrics/") for key in self.stats)


@dataclass(frozen=True)
class Samples(Event):
    """The EMA generator's images of the fixed latents."""

    step: int
    images: Images
    columns: tuple[str, ...] = ()
    """What the grid's columns stand for, classes or categories; empty where whoever shows it chooses their number."""


@dataclass(frozen=True, eq=False)
class Points(Event):
    """What the 2-D playground shows of one moment, all float32.

    `real` and `fake`: points (n, 2) as x and y. `surface`: (h, w), the top row first, how real the discriminator finds
    the middles of the cells of [-extent, extent]^2, from 0 to 1; where the loss knows no probability, its logits about
    the middle between those of real and generated points. `arrows`: (m, 4), generated points and the vectors along
    which the generator's loss falls most steeply, in lengths that can be seen.
    """

    step: int
    real: NDArray[np.float32]
    fake: NDArray[np.float32]
    surface: NDArray[np.float32]
    extent: float
    arrows: NDArray[np.float32]


@dataclass(frozen=True)
class Measured(Event):
    """Numbers that say how good the generated images of a step are, under the keys of `core.stats.metric_key`.

    `images` and `seconds`: what the training had seen by then, and taken.
    """

    step: int
    images: int
    seconds: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Edited(Event):
    """Settings were changed while the training ran; `changes` are the new values by name."""

    step: int
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Rewound(Event):
    """The training went back to an earlier step, since it diverged, and goes on from there with other settings.

    What was told of later steps no longer holds. `changes`: the new values by name, as in the `Edited` that follows.
    """

    step: int
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Tuned(Event):
    """What the short trial chose for this device, with the measured rate of every candidate in images/s."""

    device: str
    precision: str
    memory_format: str
    rates: Mapping[str, float]


@dataclass(frozen=True)
class Saved(Event):
    """A file is complete on disk."""

    path: Path
    step: int


@dataclass(frozen=True)
class Notice(Event):
    """Something the person should know though nothing stopped."""

    text: str


@dataclass(frozen=True, eq=False)
class Refused(Event):
    """Something that must not be lost could not be written. Pulling the next event tries again."""

    problem: UserError


@dataclass(frozen=True)
class Finished(Event):
    """The training reached the limit that its settings give."""

    step: int
    reason: str
