"""Measures the cost of durable writes: the fraction of wall time in which a training waits for the disk.

Runs a complete training, like the command line, with reports, sample grids and automatic checkpoints, and times every
flush.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.table import machine, row
from core.events import Saved, Stepped
from core.jobs.training_job import TrainingJob
from core.presets import preset

LIMIT = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sample:shapes")
    parser.add_argument("--preset", default="studio")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=6.0, help="an automatic checkpoint is written every five")
    parser.add_argument("--folder", type=Path, help="on the disk that is measured")
    options = parser.parse_args()
    print(machine())
    waited: list[float] = []
    flush = os.fsync

    def timed(fd: Any) -> None:
        start = perf_counter()
        flush(fd)
        waited.append(perf_counter() - start)

    os.fsync = timed
    given = {"resolution": options.resolution, "minutes": options.minutes}
    with TemporaryDirectory(dir=options.folder) as place:
        job = TrainingJob(preset(options.preset).apply(**given), options.data, out=Path(place, "run"), given=given)
        start, checkpoints = perf_counter(), 0
        for event in job.events():
            if isinstance(event, Stepped) and event.step == 1:
                start = perf_counter()
                waited.clear()
            checkpoints += isinstance(event, Saved)
        total = perf_counter() - start
        row("training", f"{total:.0f} s, {checkpoints} checkpoints")
        row("flushes", f"{len(waited)}, {1000 * sum(waited) / len(waited):.1f} ms each")
        row("waiting for the disk", f"{100 * sum(waited) / total:.3f} % of the time", f"< {100 * LIMIT:g} %")


if __name__ == "__main__":
    main()
