"""Service that writes files for the user, in a job thread and atomically.

Each function yields `Progress`, returns `Saved`, and raises `UserError` if the file cannot be written.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from core.durable_write import replaced
from core.events import Images, Progress, Saved
from core.export.selection import FileOptions
from core.language import _
from studio.background.job_runner import JobRunner
from studio.model.history import ReportRows

CHUNK = 20_000
"""Rows of numbers between two events, so that a long table can be canceled."""


class FileSaving:
    """Service that writes files as jobs: one at a time, with progress and cancel."""

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs

    def copy_checkpoint(self, origin: Path, target: Path) -> None:
        self._jobs.start(partial(copy_checkpoint, origin, target), title=_("Checkpoint copy"))

    def save_images(
        self,
        images: Images,
        names: Sequence[str],
        target: Path,
        file_options: FileOptions,
        overwrite: bool,
        *,
        generated: bool,
    ) -> None:
        """Writes visible images under their names; `generated` ones are marked as such."""

        def export() -> Generator[Progress, None, Saved]:
            from core.export.image_files import export_pictures

            return (yield from export_pictures(images, names, target, file_options, overwrite, generated=generated))

        self._jobs.start(export, title=_("Image export"))

    def save_grid(self, images: Images, path: Path, columns: int = 0, *, generated: bool) -> None:
        """Writes images as one PNG, marked if they are `generated`."""
        self._jobs.start(partial(save_grid, images, path, columns, generated), title=_("Image export"))

    def save_picture(self, picture: QImage, path: Path, *, generated: bool) -> None:
        """Writes a drawing as a PNG; `generated`: it shows points of a generator, not only curves."""
        self._jobs.start(partial(save_picture, picture, path, generated), title=_("Image export"))

    def save_numbers(self, rows: ReportRows, path: Path) -> None:
        """Writes the numbers of curves."""
        self._jobs.start(partial(save_numbers, rows, path), title=_("Table export"))


def copy_checkpoint(origin: Path, target: Path) -> Generator[Progress, None, Saved]:
    """Copies a checkpoint."""
    from core.checkpoint import summary

    yield Progress(_("Saving {name}").format(name=target.name), 0, 0)
    with replaced(target) as unfinished:
        shutil.copyfile(origin, unfinished)
    return Saved(target, summary(target).meta.step)


def save_grid(images: Images, path: Path, columns: int, generated: bool) -> Generator[Progress, None, Saved]:
    """Writes images as one PNG."""
    yield Progress(_("Saving {name}").format(name=path.name), 0, 0)
    from core.export.image_files import encoded
    from core.imaging.grid import grid

    with replaced(path) as unfinished:
        unfinished.write_bytes(encoded(grid(images, columns), "png", generated=generated))
    return Saved(path, 0)


def save_picture(picture: QImage, path: Path, generated: bool) -> Generator[Progress, None, Saved]:
    """Writes a drawing as a PNG."""
    yield Progress(_("Saving {name}").format(name=path.name), 0, 0)
    from core.imaging.grid import write_png

    shown = picture.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.width(), 4)
    write_png(path, pixels, generated)
    return Saved(path, 0)


def save_numbers(rows: ReportRows, path: Path) -> Generator[Progress, None, Saved]:
    """Writes reports as CSV: step, seconds and one column per key, empty where a report has no value."""
    count = len(rows.steps)
    with replaced(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "seconds", *rows.keys])
        for start in range(0, count, CHUNK):
            yield Progress(_("Saving {name}").format(name=path.name), start, count)
            part = slice(start, start + CHUNK)
            steps, seconds = rows.steps[part].tolist(), rows.seconds[part].tolist()
            for step, second, values in zip(steps, seconds, rows.values[part], strict=True):
                # str of a float32 has the stored digits; its float64 has nine digits of noise.
                writer.writerow([step, round(second, 3), *("" if value != value else str(value) for value in values)])
    return Saved(path, 0)
