"""Export of a generator for other programs: ONNX, or torch's own `.pt2`.

ONNX is read by ONNX Runtime, browsers, game engines and most other tools, without Python. `.pt2` is read by
`torch.export.load` of the same or a similar version of torch. It is a zip of JSON and raw weights, and ours holds
nothing pickled; but as its reader would unpickle data in a foreign file, only files written here are opened.
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
from core.language import _, one_of
from core.latent.sampler import Sampler

SUFFIXES = (".onnx", ".pt2")
MOST_ONNX_BYTES = 2**31 - 2**24
"""Maximum size of the weights. Protobuf files are limited to 2 GB; the rest is for the graph."""
CHILD = "import sys; from core.export.onnx_pt2 import main; main(*sys.argv[1:])"
LOG = "log.txt"
WAIT = 0.1
"""Seconds between two checks of the other process."""
_STAGES = (
    Progress(_("Exporting the generator"), 0, 2),
    Progress(_("Comparing its images"), 1, 2),
    Progress(_("Comparing its images"), 2, 2),
)


def note_of(target: Path) -> Path:
    """Returns the path of the usage example of an exported generator."""
    return target.with_name(f"{target.name}.txt")


def export_generator(sampler: Sampler, target: Path, overwrite: bool = False) -> Generator[Progress, None, Saved]:
    """Writes the generator of the sampler to `target` (.onnx or .pt2), and beside it a usage example (`note_of`).

    See `core.export.onnx_pt2.Exported` for inputs and outputs of the file. The file appears only if its images equal
    those of the original within `TOLERANCE`. All work is done on the CPU in another process, see there. Yields
    `Progress` of the two stages, repeatedly, so that the caller can stop; returns `Saved`. Raises `UserError`, before
    anything is written if a file exists and `overwrite` is not set.
    """
    weights = {f"G_ema.{name}": value for name, value in sampler.weights().items()}
    return (yield from export_checkpoint(Checkpoint(sampler.meta, weights), target, overwrite))


def export_checkpoint(checkpoint: Checkpoint, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
    """Works as `export_generator`, from the tensors `G_ema.*` of a checkpoint, whose generator may also be a
    translator."""
    target = target.absolute()
    weights = {name: value for name, value in checkpoint.tensors.items() if name.startswith("G_ema.")}
    checkpoint = Checkpoint(checkpoint.meta, weights)
    _refuse_kind(checkpoint, target)
    refuse_taken(target.parent, [target.name, note_of(target).name], overwrite)
    with replaced(note_of(target)) as note, replaced(target) as partial:
        partial.touch()  # an unwritable folder raises now, not after the work
        yield from _made(checkpoint, partial, target)
        note.write_text(usage(target.name, checkpoint.meta), "utf-8")
    return Saved(target, checkpoint.meta.step)


def _refuse_kind(checkpoint: Checkpoint, target: Path) -> None:
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            _("{file} is neither .onnx nor .pt2.").format(file=target.name),
            _("Use the extension {suffixes}.").format(suffixes=one_of(SUFFIXES)),
        )
    if suffix == ".onnx" and sum(value.nbytes for value in checkpoint.tensors.values()) > MOST_ONNX_BYTES:
        raise UserError(
            _("This generator is too large for ONNX, which is limited to 2 GB."),
            _("Export it as {suffixes}.").format(suffixes=".pt2"),
        )


def _made(checkpoint: Checkpoint, partial: Path, target: Path) -> Iterator[Progress]:
    """Starts a process that writes `partial` and compares it; yields `Progress` until it ends."""
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
                process.kill()  # no effect if it has ended
        if (work / PROBLEM).exists():
            raise UserError(*json.loads((work / PROBLEM).read_text("utf-8")))
        if process.returncode:
            what = _("The process that exports the generator failed with exit code {code}.").format(
                code=process.returncode
            )
            details = (work / LOG).read_text("utf-8", "replace")
            raise UserError(what, _("Free memory and try again, or choose the other format."), details)
        yield _STAGES[2]


def _started(work: Path, partial: Path, target: Path, log: BinaryIO) -> subprocess.Popen[bytes]:
    paths = (os.fspath(path) for path in (work, partial, target))
    # No GPU, whose memory a training may need; and warnings must not become errors.
    environment = {"CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "default"}
    return own_process("-c", CHILD, *paths, stdout=log, stderr=log, environment=environment)
