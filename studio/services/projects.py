"""Service that lists runs and datasets for the Home workspace, in a thread and without torch.

Reads only the runs folder and the cache of prepared datasets: a dataset itself is not touched until a person opens it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.errors import FOREIGN_ERRORS, UserError
from core.events import Event, Images
from core.language import _, number, plural, sentences
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.home import Project, ProjectRead, ProjectsListed

MOST_RUNS, MOST_DATASETS = 24, 12
"""Most cards of each kind, the newest."""
MOST_FOLDERS = 5000
"""Most folders examined among the runs."""
TILES, SIDE = 8, 128
"""Number of images in a card's preview, and their longer side in pixels."""
MOST_PIXELS = 2**24
"""Most pixels of a sample grid that is read for a card."""
MOST_TRIES = 3
"""Checkpoints, and sample grids, to try before a run counts as damaged, or shows its checkpoint's preview."""
NO_IMAGES = np.zeros((0, 1, 1, 3), np.uint8)


class Projects(QObject):
    """Lists recent projects. Damaged ones are shown as such, without an error."""

    listed = Signal(object)
    """`ProjectsListed`."""
    read = Signal(object)
    """A `ProjectRead` for each listed project."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task = NewestTask(workers)

    def list(self, runs: Path) -> None:
        """Reads the runs of a folder, and the datasets opened on this computer."""
        self._task.start(lambda: read_projects(runs), self._show)

    def _show(self, event: Event) -> None:
        (self.listed if isinstance(event, ProjectsListed) else self.read).emit(event)


def read_projects(runs: Path) -> Generator[ProjectsListed | ProjectRead, None, None]:
    """Yields all projects at once, then a `ProjectRead` for each."""
    trained, opened = _runs(runs), dict(_datasets())
    yield ProjectsListed(tuple(trained), tuple(opened))
    for project in trained:
        yield _read_run(project.source)
    for project, folder in opened.items():
        yield ProjectRead(project.source, _dataset_images(folder))


def _runs(folder: Path) -> list[Project]:
    from core.runs.run import is_run

    found: list[tuple[float, Path]] = []
    with suppress(OSError), os.scandir(folder) as entries:  # no training yet
        for _index, entry in zip(range(MOST_FOLDERS), entries, strict=False):
            with suppress(OSError):
                path = folder / entry.name
                if not entry.name.startswith(".") and entry.is_dir() and is_run(path):
                    found.append(((path / "stats.jsonl").stat().st_mtime, path))
    return [_run(path, time) for time, path in sorted(found, reverse=True)[:MOST_RUNS]]


def _run(folder: Path, time: float) -> Project:
    from core.runs.retention import numbered
    from core.runs.run_name import run_title

    steps = numbered(folder / "checkpoints")
    step = int(steps[-1].stem) if steps else -1
    facts = _("step {step}").format(step=number(step)) if steps else _("No checkpoint")
    return Project(str(folder), run_title(folder), True, step, facts, datetime.fromtimestamp(time))


def _read_run(folder: str) -> ProjectRead:
    from core.checkpoint import summary
    from core.runs.run import Run
    from core.runs.sample_grid import GridColumns

    problem = _("The run has no checkpoint.")
    with suppress(UserError, *FOREIGN_ERRORS):  # deleted meanwhile
        run = Run(Path(folder))
        for path in reversed(run.checkpoints()[-MOST_TRIES:]):
            try:
                newest = summary(path)
            except UserError as error:
                problem = sentences(error.what, error.remedy)
                continue
            settings = newest.meta.settings
            images = _newest_tiles(run.samples(), (0, 0) if settings.points else settings.size)
            if images is None:
                return ProjectRead(folder, _small(newest.preview[None]))
            row = len(GridColumns.of(settings, newest.meta.classes).titles) if settings.translates else 0
            return ProjectRead(folder, _small(images[: TILES // row * row] if row else images), row=row)
    return ProjectRead(folder, NO_IMAGES, problem)


def _newest_tiles(grids: list[Path], size: tuple[int, int]) -> Images | None:
    """Returns the first images of the newest readable sample grid, or all of it if it shows points (size 0)."""
    from core.runs.sample_grid import read_pixels, read_tiles

    for path in reversed(grids[-MOST_TRIES:]):
        with suppress(UserError):
            return read_tiles(path, size, TILES, MOST_PIXELS) if any(size) else read_pixels(path, MOST_PIXELS)[None]
    return None


def _datasets() -> Iterator[tuple[Project, Path]]:
    """Returns the prepared datasets, most recently used first, each once, with the folder of its newest preparation."""
    from core.data.cache.quota import entries

    sources: set[str] = set()
    for entry in entries():
        if entry.count and entry.source not in sources and len(sources) < MOST_DATASETS:
            sources.add(entry.source)
            width, height = entry.size
            facts = plural(
                "{count} image · {width} × {height} px",
                "{count} images · {width} × {height} px",
                entry.count,
                width=width,
                height=height,
            )
            date = entry.used.astimezone().replace(tzinfo=None)
            yield Project(entry.source, entry.title, False, -1, facts, date), entry.folder


def _dataset_images(folder: Path) -> Images:
    from core.data.cache.stored_array import StoredArray

    with suppress(UserError, *FOREIGN_ERRORS):  # deleted or damaged meanwhile: prepared again when opened
        images = StoredArray(folder / "images.npy")
        count, channels, height, width = images.shape
        if images.dtype == np.uint8 and channels in (1, 3, 4) and 0 < channels * height * width <= MOST_PIXELS:
            rows = np.linspace(0, count - 1, min(TILES, count)).astype(np.int64)  # of several classes, if there are any
            return _small(images[rows].transpose(0, 2, 3, 1))
    return NO_IMAGES


def _small(images: NDArray[np.uint8]) -> Images:
    """Returns the first images, (N, H, W, C), reduced to a card's size by means of pixel squares."""
    count, height, width, channels = images[:TILES].shape
    factor = max(max(height, width) // SIDE, 1)
    rows, columns = height // factor, width // factor
    if factor == 1 or not rows or not columns:
        return np.ascontiguousarray(images[:TILES])
    cut = images[:TILES, : rows * factor, : columns * factor]
    squares = cut.reshape(count, rows, factor, columns, factor, channels)
    return np.asarray(squares.mean((2, 4), np.float32).round(), np.uint8)
