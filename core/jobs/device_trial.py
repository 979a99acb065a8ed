"""Trial of a device: a few seconds of training on built-in images, in a process of its own.

A damaged driver may crash the process or never respond, and a training draws from the random generator of its process,
which another training may be using.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from core.concurrency import own_process
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Progress, Report, Tuned
from core.language import _, number, sentences

SECONDS = 10.0
PRESET, RESOLUTION, IMAGES = "dcgan", 32, 512
PATIENCE = 120.0
"""Seconds in addition to the training time after which a trial is given up; imports and the first step take time."""
POLL_SECONDS = 0.05
LONGEST_REASON, LONGEST_LINE = 300, 2**12
"""Maximum characters of a reason that is shown, and maximum bytes of it that are read."""


@dataclass(frozen=True)
class DeviceTrial:
    """Result of a trial. `rate`: images per second in single precision, 0 if it failed. `problem`: what failed."""

    rate: float = 0.0
    steps: int = 0
    problem: str = ""


def try_device(name: str, seconds: float) -> Generator[Progress, None, DeviceTrial]:
    """Trains on a device for `seconds` and returns the result. Closing the generator ends the training."""
    what = _("Training on {device} for {seconds} s").format(device=name, seconds=f"{seconds:g}")
    waiting, until = Progress(what, 0, 0), monotonic() + seconds + PATIENCE
    with TemporaryDirectory(prefix="gan-studio-", ignore_cleanup_errors=True) as folder:
        said, complaint = Path(folder, "said"), Path(folder, "complaint")
        with (
            said.open("wb") as out,
            complaint.open("wb") as errors,
            own_process("-m", __name__, name, str(seconds), stdout=out, stderr=errors) as process,
        ):
            try:
                while process.poll() is None and monotonic() < until:
                    yield waiting
                    sleep(POLL_SECONDS)
                if process.returncode is None:
                    late = _("It did not respond within {seconds} s.").format(seconds=number(seconds + PATIENCE))
                    return DeviceTrial(problem=late)
            finally:
                process.kill()
        return _read(_last_line(said), _last_line(complaint), process.returncode)


def _last_line(file: Path) -> str:
    with file.open("rb") as opened:
        opened.seek(max(opened.seek(0, os.SEEK_END) - LONGEST_LINE, 0))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _read(said: str, complaint: str, code: int) -> DeviceTrial:
    with suppress(*FOREIGN_ERRORS):
        return DeviceTrial(**json.loads(said))
    reason = signal.strsignal(-code) if code < 0 else _("exit code {code}").format(code=code)
    ended = _("The process ended ({reason}).").format(reason=reason)
    return DeviceTrial(problem=sentences(ended, complaint)[:LONGEST_REASON].strip())


def train(name: str, seconds: float) -> DeviceTrial:
    """Trains on a device in this process. Never raises."""
    import numpy as np

    from core.data.builtin import digits
    from core.data.dataset import Dataset
    from core.data.records import Records
    from core.presets import preset
    from core.trainer import Trainer

    rates: list[float] = []
    steps = 0
    try:
        settings = preset(PRESET).apply(
            resolution=RESOLUTION, width=32, batch=32, device=name, minutes=seconds / 60, precision="fp32"
        )
        labels = np.arange(IMAGES) % len(digits.CLASSES)
        images = digits.draw(labels, settings.size, np.random.default_rng(0))
        dataset = Dataset("sample:digits", "digits", settings.size, images, None, (), (), "trial", Records.none())
        trainer = Trainer(settings, dataset, Tuned(name.partition(":")[0], "fp32", "contiguous", {}), signals=False)
        for event in trainer.events():
            if isinstance(event, Report):
                rates.append(event.stats["Timing/images_per_sec"])
                steps = event.step
    except UserError as problem:
        return DeviceTrial(steps=steps, problem=str(problem))
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0]
        return DeviceTrial(steps=steps, problem=f"{type(error).__name__}: {reason}"[:LONGEST_REASON])
    return DeviceTrial(round(median(rates[len(rates) // 2 :]), 1), steps)  # the first ones prepare kernels


if __name__ == "__main__":
    print(json.dumps(asdict(train(sys.argv[1], float(sys.argv[2])))))
