"""Training images/s of the `dcgan` preset at 64 px, batch 64, compared with the textbook loop: interleaved, medians."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks import textbook
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.devices import resolve
from core.events import Stepped
from core.jobs.autotune import trial
from core.presets import preset
from core.trainer import Trainer

ROUNDS, WARM_UP, BATCH = 12, 2, 64


def measure() -> dict[str, object]:
    """Returns median rates of both sides, their ratio, and the choice of the autotuning trial."""
    dataset = run_to_end(prepare("sample:shapes", Preparation((64, 64))))
    settings = preset("dcgan").apply(resolution=64, batch=BATCH, device="cpu")
    tuned = run_to_end(trial(settings, dataset, resolve("cpu")))
    ours = _steps(Trainer(settings, dataset, tuned))
    theirs = textbook.steps(dataset, BATCH)
    times: dict[str, list[float]] = {"ours": [], "textbook": []}
    for _ in range(WARM_UP + ROUNDS):
        for name, side in (("ours", ours), ("textbook", theirs)):
            start = perf_counter()
            next(side)
            times[name].append(perf_counter() - start)
    ratios = [b / a for a, b in zip(*(times[name][WARM_UP:] for name in ("ours", "textbook")), strict=True)]
    return {
        "chosen": f"{tuned.precision}, {tuned.memory_format}",
        "ours": BATCH / median(times["ours"][WARM_UP:]),
        "textbook": BATCH / median(times["textbook"][WARM_UP:]),
        "ratio": median(ratios),
    }


def _steps(trainer: Trainer) -> Iterator[None]:
    """Yields after each complete step with its reports and sample grids."""
    for event in trainer.events():
        if isinstance(event, Stepped):
            yield


if __name__ == "__main__":
    print(json.dumps(measure()))
