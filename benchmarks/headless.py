"""Images/s of the `dcgan` preset at 64 px, batch 64, without a window: a child process that prints JSON."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import closing
from pathlib import Path

from core.events import Report
from core.jobs.training_job import TrainingJob
from core.presets import preset

WARM_UP_SECONDS = 8.0


def main() -> None:
    settings = preset("dcgan").apply(resolution=64, batch=64)
    training = TrainingJob(settings, "sample:shapes", runs=Path(tempfile.mkdtemp()))
    until = WARM_UP_SECONDS + float(os.environ.get("BENCH_SECONDS", "40"))
    reports: list[Report] = []
    with closing(training.events()) as events:
        for event in events:
            if isinstance(event, Report) and event.seconds >= WARM_UP_SECONDS:
                reports.append(event)
                if event.seconds >= until:
                    break
    first, last = reports[0], reports[-1]
    print(json.dumps({"images_per_sec": (last.images - first.images) / (last.seconds - first.seconds)}))


if __name__ == "__main__":
    main()
