"""Sampler: how soon a slider's images are there, alone and beside a training, and what the training loses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from time import perf_counter

from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.trainer import Trainer
from tools.gpu_checks.bench import Bench, Case, Result
from tools.gpu_checks.trainings import advance, recordings, trainer, warm

SECONDS = 20
NEEDS_CUDA = False
SHOWN = 16
"""Images that the slider changes."""
PER_SECOND = 60
"""Times that a hand moves the slider."""
SWITCH_INTERVAL = 0.001
"""As the program sets it (`studio.app`)."""


def cases(bench: Bench) -> Iterator[Case]:
    for name, px in (("dcgan", 32), ("stylegan2_ada", 32)) if bench.is_cpu else (("dcgan", 64), ("stylegan2_ada", 128)):
        yield Case(f"{name} {px} px", partial(_slider, bench, name, px))


def _slider(bench: Bench, name: str, px: int) -> Result:
    training = trainer(bench, name, px)
    sampler = Sampler(training.meta(), training.published(), str(bench.device))
    seconds = min(2.0, bench.budget / 100)
    slider = _Slider(sampler)
    slider.move(seconds)
    alone = slider.percentiles()
    # Steps are recorded while the other thread uses the device, as in the window.
    with _beside(slider):
        notices = warm(training)
        slider.waits.clear()
        slowed = _step_seconds(bench, training, seconds)
        beside = slider.percentiles()
    undisturbed = _step_seconds(bench, training, seconds)
    text = (
        f"{SHOWN} images alone p50 {alone[0]:.1f} ms, p95 {alone[1]:.1f}; beside a training p50 {beside[0]:.1f}, "
        f"p95 {beside[1]:.1f}; the training keeps {100 * undisturbed / slowed:.0f} % of its "
        f"{1 / undisturbed:.1f} steps/s; {recordings(training)} kinds of steps recorded"
    )
    names = ("alone_p50_ms", "alone_p95_ms", "beside_p50_ms", "beside_p95_ms", "training_share")
    figures = dict(zip(names, (*alone, *beside, undisturbed / slowed), strict=True))
    return Result(f"p95 {beside[1]:.1f} ms", " ".join([text, *notices]), figures)


class _Slider:
    """A hand on a slider: `waits` holds the seconds from each request to its images."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler, self._seeds = sampler, count()
        self._stopped = threading.Event()
        self.waits: list[float] = []
        self.error: BaseException | None = None

    def move(self, seconds: float) -> None:
        end = perf_counter() + seconds
        while not self._stopped.is_set():
            start = perf_counter()
            first = next(self._seeds) * SHOWN
            self._sampler.render(LatentRequest.of_seeds(range(first, first + SHOWN)))
            self.waits.append(perf_counter() - start)
            if perf_counter() >= end:
                return
            self._stopped.wait(max(1 / PER_SECOND - self.waits[-1], 0))

    def run(self) -> None:
        """Moves until it is stopped; for a thread."""
        try:
            self.move(float("inf"))
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        self._stopped.set()

    def percentiles(self) -> tuple[float, float]:
        """Returns the median and the 95th percentile, in milliseconds, of at least one request."""
        while not self.waits and not self.error:
            self._stopped.wait(0.01)
        if self.error:
            raise self.error
        waits = sorted(self.waits)
        return 1000 * waits[len(waits) // 2], 1000 * waits[int(0.95 * len(waits))]


@contextmanager
def _beside(slider: _Slider) -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    thread = threading.Thread(target=slider.run, name="slider")
    thread.start()
    try:
        yield
    finally:
        slider.stop()
        thread.join()
        sys.setswitchinterval(before)


def _step_seconds(bench: Bench, training: Trainer, seconds: float) -> float:
    """The seconds of a step, over at least so many seconds of steps."""
    one = bench.span(partial(advance, training), 1)
    return bench.span(partial(advance, training), max(round(seconds / one), 1))
