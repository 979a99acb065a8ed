"""`make bench`: table of speed and latency. Both sides of a comparison run alternately; medians are printed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import machine, row  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side of the window's comparison")
    parser.add_argument("--seconds", type=float, default=30, help="length of each of them")
    parser.add_argument("--data", default="sample:digits", help="dataset that is opened a second time")
    options = parser.parse_args()
    os.environ["BENCH_SECONDS"] = str(options.seconds)
    print(f"{machine()}\n")
    row("what", "measured", "target")
    _training()
    _opening(options.data)
    _first_window()
    _scrolling()
    _window(options.rounds)


def _training() -> None:
    figures = _child("benchmarks.training")
    row("dcgan 64 px, batch 64, textbook loop", f"{figures['textbook']:.1f} images/s")
    row(f"the same, GAN Studio ({figures['chosen']})", f"{figures['ours']:.1f} images/s")
    row("ratio, median of pairs", f"{figures['ratio']:.2f}", "1.8 with AMX, 1.0 anywhere")


def _opening(data: str) -> None:
    from core.data.prepare import prepare

    for _ in prepare(data):
        pass
    times = []
    for _ in range(5):
        start = perf_counter()
        for _ in prepare(data):
            pass
        times.append(perf_counter() - start)
    row(f"second open of {Path(data).name}", f"{median(times):.3f} s", "0.5 s")


def _first_window() -> None:
    runs = [_child("benchmarks.first_window") for _ in range(5)]
    imported = "torch imported" if any(run["torch"] for run in runs) else "torch not imported"
    row("first paint after process start", f"{median(run['seconds'] for run in runs):.2f} s, {imported}", "1.0 s")


def _window(rounds: int) -> None:
    with_window, without, ratios = [], [], []
    for _ in range(rounds):
        without.append(_child("benchmarks.headless"))
        with_window.append(_child("benchmarks.window"))
        ratios.append(with_window[-1]["images_per_sec"] / without[-1]["images_per_sec"])

    def middle(name: str) -> float:
        return float(median(run[name] for run in with_window))

    row("training rate without a window", f"{median(run['images_per_sec'] for run in without):.1f} images/s")
    row("with the window, 1,000,000 points", f"{middle('images_per_sec'):.1f} images/s")
    row("ratio, median of pairs", f"{100 * median(ratios):.1f} %", "95 %")
    row("event loop delay, 99th percentile", f"{middle('heartbeat_ms_p99'):.1f} ms", "16 ms")
    row("event loop delay, maximum", f"{middle('heartbeat_ms_max'):.1f} ms", "50 ms")
    row("slider to image, 95th percentile", f"{middle('slider_ms_p95'):.1f} ms", "60 ms")
    row("Stop to saved", f"{middle('stop_seconds'):.2f} s", "3 s")


def _scrolling() -> None:
    figures = _child("benchmarks.scrolling")
    for side in (32, 96, 256):
        frame, busy = figures[f"frame_ms_p95_{side}"], figures[f"busy_ms_p95_{side}"]
        row(f"frame, 100,000 images of {side} px, 95th percentile", f"{frame:.1f} ms, {busy:.1f} ms of work", "16 ms")
    more = (figures["memory_after"] - figures["memory_before"]) / 2**20
    row("memory, after scrolling through them", f"{more:.0f} MB more", "100 MB")


def _child(module: str) -> Any:
    environment = {**os.environ, "BENCH_START": repr(time())}
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
