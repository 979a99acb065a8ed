"""Training images/s of the `pix2pix` preset at 128 px, compared with the plain loop: interleaved, medians."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks import pix2pix
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.devices import resolve
from core.events import Stepped
from core.jobs.autotune import trial
from core.presets import preset
from core.translation_trainer import TranslationTrainer

RESOLUTION, BATCH = 128, 4
ROUNDS, WARM_UP = 12, 2


def measure(data: str, seed: int) -> tuple[str, dict[str, float]]:
    """Returns the autotuning trial's choice, and median rates of both sides with their ratio, median of pairs."""
    dataset = run_to_end(prepare(data, Preparation((RESOLUTION, RESOLUTION))))
    settings = preset("pix2pix").apply(task="colorize", resolution=RESOLUTION, batch=BATCH, device="cpu", seed=seed)
    tuned = run_to_end(trial(settings, dataset, resolve("cpu")))
    ours = _steps(TranslationTrainer(settings, dataset, tuned))
    theirs = pix2pix.steps(settings, dataset)
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(WARM_UP + ROUNDS):
        for name, side in (("ours", ours), ("plain", theirs)):
            start = perf_counter()
            next(side)
            times[name].append(perf_counter() - start)
    ratios = [b / a for a, b in zip(*(times[name][WARM_UP:] for name in ("ours", "plain")), strict=True)]
    rates = {f"images/s, {name}": BATCH / median(seconds[WARM_UP:]) for name, seconds in times.items()}
    return f"{tuned.precision}, {tuned.memory_format}", {**rates, "ratio": median(ratios)}


def _steps(trainer: TranslationTrainer) -> Iterator[None]:
    """Yields after each complete step with its reports and sample grids."""
    for event in trainer.events():
        if isinstance(event, Stepped):
            yield
