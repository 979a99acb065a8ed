"""Export of a generator for other programs: ONNX, or torch's own `.pt2`.

ONNX is read by ONNX Runtime, browsers, game engines and most other tools, without Python. `.pt2` is read by
`torch.export.load`, of the torch that wrote it or a near one. It is a zip of JSON and of the weights' bytes, and ours
holds nothing pickled; but its reader would unpickle what another file tells it to, so we open none but our own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from core.checkpoint import Checkpoint, save
from core.concurrency import own_process
from core.durable_write import replaced
from core.errors import UserError
from core.events import Progress, Saved
from core.export.image_files import refuse_taken
from core.export.onnx_pt2 import COMPARING, PROBLEM, WEIGHTS
from core.export.usage_example import usage
from core.latent.sampler import Sampler

SUFFIXES = (".onnx", ".pt2")
MOST_ONNX_BYTES = 2**31 - 2**24
"""Protobuf ends at 2 GB; this leaves room for what stands beside the weights."""
CHILD = "import sys; from core.export.onnx_pt2 import main; main(*sys.argv[1:])"
LOG = "log.txt"
WAIT = 0.1
"""Seconds between two looks at the other process."""
_STAGES = (
    Progress("Exporting the generator", 0, 2),
    Progress("Comparing its images", 1, 2),
    Progress("Comparing its images", 2, 2),
)


def note_of(target: Path) -> Path:
    """Where it is written how to use an exported generator."""
    return target.with_name(f"{target.name}.txt")


def export_generator(sampler: Sampler, target: Path, overwrite: bool = False) -> Generator[Progress, None, Saved]:
    """Writes the sampler's generator to `target`, which ends in .onnx or .pt2, and beside it three lines of Python that
    make an image with it (`note_of`). See `core.export.onnx_pt2.Exported` for what the file takes and returns.

    The file appears only when its images were the original's, within `TOLERANCE`. All of it happens on the CPU, in
    another process: see there. Yields `Progress` for the two stages, again and again while one lasts, so that whoever
    pulls can stop in between; returns `Saved`. Raises `UserError`, before anything is written if a file exists
    and `overwrite` is not set.
    """
    target = target.absolute()
    checkpoint = Checkpoint(sampler.meta, {f"G_ema.{name}": value for name, value in sampler.weights().items()})
    _refuse_kind(checkpoint, target)
    refuse_taken(target.parent, [target.name, note_of(target).name], overwrite)
    with replaced(note_of(target)) as note, replaced(target) as partial:
        partial.touch()  # a place that cannot be written to shows now, and not after all the work
        yield from _made(checkpoint, partial, target)
        note.write_text(usage(target.name, checkpoint.meta), "utf-8")
    return Saved(target, checkpoint.meta.step)


def _refuse_kind(checkpoint: Checkpoint, target: Path) -> None:
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{target.name} is neither ONNX nor .pt2.", f"End its name in {' or '.join(SUFFIXES)}.")
    if suffix == ".onnx" and sum(value.nbytes for value in checkpoint.tensors.values()) > MOST_ONNX_BYTES:
        raise UserError("This generator is too large for ONNX, whose files end at 2 GB.", "Export it as .pt2.")


def _made(checkpoint: Checkpoint, partial: Path, target: Path) -> Iterator[Progress]:
    """Has another process write `partial` and compare it."""
    with TemporaryDirectory(prefix="gan-studio-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        yield _STAGES[0]
        save(checkpoint, work / WEIGHTS)
        with (work / LOG).open("wb") as log, _started(work, partial, target, log) as process:
            try:
                while process.poll() is None:
                    comparing = (work / COMPARING).exists()
                    yield _STAGES[comparing]
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(WAIT)
            finally:
                process.kill()  # does nothing to one that has ended
        if (work / PROBLEM).exists():
            raise UserError(*json.loads((work / PROBLEM).read_text("utf-8")))
        if process.returncode:
            what = f"The process that was to export the generator ended with {process.returncode}."
            details = (work / LOG).read_text("utf-8", "replace")
            raise UserError(what, "Free some memory, or choose the other format.", details)
        yield _STAGES[2]


def _started(work: Path, partial: Path, target: Path, log: BinaryIO) -> subprocess.Popen[bytes]:
    paths = (os.fspath(path) for path in (work, partial, target))
    # It needs no GPU, whose memory is the training's; and no warning must stop it.
    environment = {"CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "default"}
    return own_process("-c", CHILD, *paths, stdout=log, stderr=log, environment=environment)
