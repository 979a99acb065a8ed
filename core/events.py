"""Events that trainings, scans and exports yield: frozen values of numpy and plain types, safe to share between
threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.formatting import size_text
from core.language import _, number

Images = NDArray[np.uint8]
"""uint8 images, NHWC, C = 1 (gray) or 3 (RGB)."""


class Event:
    """Base of all events."""


@dataclass(frozen=True)
class Progress(Event):
    """Progress of a piece of work, for a progress bar: `text`, and `done` of `total` parts (`total` 0: unknown yet).

    `in_bytes`: the parts are bytes.
    """

    text: str
    done: int
    total: int
    in_bytes: bool = False

    @property
    def counted(self) -> str:
        """Amount that is done, as text: "12 of 40"."""
        if self.in_bytes:
            return _("{done} of {total}").format(done=size_text(self.done), total=size_text(self.total))
        return _("{done} of {total}").format(done=number(self.done), total=number(self.total))


@dataclass(frozen=True)
class EvaluationProgress(Progress):
    """Progress of an evaluation beside a training."""


@dataclass(frozen=True, eq=False)
class FirstImages(Event):
    """First images of a dataset, while the scan goes on."""

    images: Images


@dataclass(frozen=True)
class Stepped(Event):
    """End of a training step: the place where the caller may stop, pause, save or change a setting."""

    step: int
    images: int


@dataclass(frozen=True)
class Report(Event):
    """Means over the steps since the last report, under the keys of the run folder (`Loss/G/loss` ...).

    A report that is read from a run folder may hold metrics (`Measured`) instead; `of_steps` is False then.
    """

    step: int
    images: int
    seconds: float
    stats: Mapping[str, float]

    @property
    def of_steps(self) -> bool:
        """True for means over steps, False for metrics."""
        return not all(key.startswith("Metrics/") for key in self.stats)


@dataclass(frozen=True)
class Samples(Event):
    """Sample grid: images of the averaged generator (EMA) from the fixed latents, or translations beside others."""

    step: int
    images: Images
    columns: tuple[str, ...] = ()
    """Titles of the grid's columns, classes or categories; empty if the grid may have any number of columns."""
    generated: tuple[int, ...] = ()
    """Numbers of the columns with generated images, if others stand beside them; empty if every image is generated."""


@dataclass(frozen=True, eq=False)
class Points(Event):
    """Snapshot of the 2-D playground, all float32.

    `real` and `fake`: points (n, 2) as x and y. `surface`: (h, w), the top row first, probability of real at the
    centers of the cells of [-extent, extent]^2; for losses without a probability, the sigmoid of the score relative to
    the midpoint of the mean scores. `arrows`: (m, 4), generated points and the negative gradients of the generator's
    loss, scaled to visible lengths.
    """

    step: int
    real: NDArray[np.float32]
    fake: NDArray[np.float32]
    surface: NDArray[np.float32]
    extent: float
    arrows: NDArray[np.float32]


@dataclass(frozen=True)
class Measured(Event):
    """Metrics of the generated images of a step, under the keys of `core.stats.metric_key`.

    `images` and `seconds`: images seen, and training time, at that step.
    """

    step: int
    images: int
    seconds: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Edited(Event):
    """Change of settings while the training ran. `changes`: new values by name."""

    step: int
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Rewound(Event):
    """Return of a diverged training to an earlier step, from which it continues with other settings.

    Discard events of later steps. `changes`: new values by name, as in the `Edited` that follows.
    """

    step: int
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Tuned(Event):
    """Compute format that the short trial chose for this device. `rates`: images/s of every candidate."""

    device: str
    precision: str
    memory_format: str
    rates: Mapping[str, float]


@dataclass(frozen=True)
class Saved(Event):
    """File that is complete on the disk."""

    path: Path
    step: int


@dataclass(frozen=True)
class Notice(Event):
    """Message for the user; the work goes on."""

    text: str


@dataclass(frozen=True, eq=False)
class Refused(Event):
    """Failed write of a file that must not be lost. Pulling the next event tries again."""

    problem: UserError


@dataclass(frozen=True)
class Finished(Event):
    """End of a training at the limit in its settings."""

    step: int
    reason: str


@dataclass(frozen=True)
class Waiting(Event):
    """Nothing new; the caller may do other work."""
