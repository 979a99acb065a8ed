"""`make bench-explore`: latency of the Explore sliders and speed of exports, idle and during a training."""

from __future__ import annotations

import argparse
import sys
import tempfile
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import machine, row  # noqa: E402  # the path first

BURST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of a drag, and of the pause that it is compared with")
    parser.add_argument("--drags", type=int, default=24)
    parser.add_argument("--images", type=int, default=10_000, help="that are exported")
    parser.add_argument("--exports", type=int, default=3)
    parser.add_argument("--only", choices=["sliders", "export"])
    options = parser.parse_args()
    print(f"{machine()}\n")
    row("what, dcgan 64 px", "measured", "target")
    if options.only != "export":
        _sliders(options.seconds, options.drags)
    if options.only != "sliders":
        _export(options.images, options.exports)


def _sliders(seconds: float, drags: int) -> None:
    from benchmarks.window import drag, training_window, until, wait
    from studio.main_window import EXPLORE
    from studio.model.train import TrainingState

    studio = training_window()
    studio.window.show_workspace(EXPLORE)
    wait(8)
    reports: list[Any] = []
    studio.session.workers.reported.connect(reports.extend)
    kept, busy = [], []
    for _ in range(drags):
        alone = _rate(reports, lambda: wait(seconds))
        beside = _rate(reports, lambda: busy.extend(drag(studio, seconds)))
        kept.append(100 * beside / alone)
    studio.session.training.stop()
    until(lambda: studio.session.training.state is TrainingState.IDLE)
    wait(2)
    idle = drag(studio, seconds)
    late, answers = _burst(studio)
    studio.window.close()
    scatter = stdev(kept) / sqrt(len(kept))
    row("slider to image, idle, 95th percentile", f"{np.percentile(idle, 95):.1f} ms", "35 ms")
    row("slider to image, while training, 95th percentile", f"{np.percentile(busy, 95):.1f} ms", "60 ms")
    row("training rate during a drag, mean of pairs", f"{mean(kept):.1f} ± {scatter:.1f} %", "95 %")
    row(f"{BURST} moves at once: last image after", f"{late:.0f} ms, {answers} images rendered", "no backlog")


def _rate(reports: list[Any], during: Any) -> float:
    reports.clear()
    during()
    first, last = reports[0], reports[-1]
    return float((last.images - first.images) / (last.seconds - first.seconds))


def _burst(studio: Any) -> tuple[float, int]:
    """Returns milliseconds from the last of many moves at once to its image, and the number of images rendered."""
    from benchmarks.window import timeline_slider, until

    answers: list[object] = []

    def answer(slot: str, request: object, _: object) -> None:
        if slot == "image":
            answers.append(request)

    studio.session.explore.rendered.connect(answer)
    slider = timeline_slider(studio)
    for move in range(BURST):
        slider.setValue(move % slider.maximum())
    wanted, begun = studio.window.explore.current_request(), perf_counter()
    until(lambda: wanted in answers)
    studio.session.explore.rendered.disconnect(answer)
    return 1e3 * (perf_counter() - begun), len(answers)


def _export(count: int, exports: int) -> None:
    from core.concurrency import run_to_end
    from core.export.image_files import export_images
    from core.export.selection import SeedSelection
    from core.latent.request import LatentRequest
    from core.latent.sampler import CHUNK, Sampler

    sampler = _untrained(Sampler)
    selection = SeedSelection(tuple(range(count)))
    alone, exported = [], []
    for _ in range(exports):
        begun = perf_counter()
        for start in range(0, count, CHUNK):
            sampler.render(LatentRequest.of_seeds(range(start, min(start + CHUNK, count))))
        alone.append(count / (perf_counter() - begun))
        with tempfile.TemporaryDirectory() as folder:
            begun = perf_counter()
            run_to_end(export_images(sampler, selection, Path(folder)))
            exported.append(count / (perf_counter() - begun))
    share = 100 * median(b / a for a, b in zip(alone, exported, strict=True))
    row(f"{count:,} images made", f"{median(alone):.0f} images/s")
    row(f"{count:,} images exported as PNG", f"{median(exported):.0f} images/s")
    row("share, median of pairs", f"{share:.0f} %", "80 %")


def _untrained(kind: Any) -> Any:
    """Returns a sampler of the untrained `dcgan` preset at 64 px; training does not change the speed."""
    from core.concurrency import run_to_end
    from core.config.preparation import Preparation
    from core.data.prepare import prepare
    from core.devices import resolve
    from core.jobs.autotune import trial
    from core.presets import preset
    from core.trainer import Trainer

    settings = preset("dcgan").apply(resolution=64, width=64, device="cpu", batch=8)
    dataset = run_to_end(prepare("sample:shapes", Preparation((64, 64))))
    tried = trial(settings, dataset, resolve("cpu"))
    trainer = Trainer(settings, dataset, run_to_end(tried))
    return kind(trainer.meta(), trainer.published(), "cpu")


if __name__ == "__main__":
    main()
