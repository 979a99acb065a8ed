"""Files and folders that the person opens: generators that recognise and read them away from the GUI thread."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.diagnosis import Course, Facts
from core.diagnosis.course import OLDER, RECENT
from core.errors import Problem
from core.events import Event, Images, Points, Progress, Report, Samples
from core.run_folder import is_checkpoint, is_run
from core.seeds import Conditions
from studio.history import History, Rows
from studio.torch_import import import_torch

if TYPE_CHECKING:
    from core.checkpoint import Summary
    from core.config import Settings
    from core.data import Dataset
    from core.preparation import Preparation
    from core.report_table import ReportTable
    from core.run import Run

Kind = Literal["data", "run", "checkpoint", "recipe", "picture"]
COLOURS = {1: "grey", 3: "colour", 4: "colour with transparency"}
"""By the number of channels."""
BUILT_IN = ("sample:", "toy:")
"""How the names begin of what the program draws itself."""
DOWNLOADED = "download:"
"""And of what it downloaded."""
FILES = (
    "Images in one file (*.zip *.tar *.tgz *.tbz2 *.txz *.gz *.bz2 *.xz *.npy *.npz *-ubyte *.bin"
    " *.mp4 *.mov *.mkv *.webm *.avi);;All files (*)"
)
"""What a dialog that opens data shows."""
DRAWN = ("Loss/", "Score/")
"""How the keys begin of the curves that are seen as soon as a run is open."""
SHEET = 100
"""Images in the sheet that shows a dataset."""


@dataclass(frozen=True)
class Recognised(Event):
    """What a person opened: images, a run's folder, a checkpoint, an image that says how it was made, or any other
    picture."""

    source: str
    kind: Kind


@dataclass(frozen=True)
class DataFacts:
    """What is said of a dataset.

    `size`: width and height as prepared. `sizes`, `classes`: counts by name. `transparent`: whether any original is,
    whatever became of it. `excluded`: names of the images that the person left out.
    """

    title: str
    source: str
    count: int
    colour: str
    size: tuple[int, int]
    sizes: Mapping[str, int]
    classes: Mapping[str, int]
    transparent: bool
    video: bool
    excluded: Sequence[str]
    points: bool


@dataclass(frozen=True, eq=False)
class OpenedDataset(Event):
    """A prepared dataset with all that is shown of it, and how it was prepared, with the size that it got."""

    dataset: Dataset
    how: Preparation
    facts: DataFacts
    sheet: Images


@dataclass(frozen=True, eq=False)
class Sheet(Event):
    """Other images of the dataset that is open, and what is to be said under them."""

    images: Images
    caption: str = ""


@dataclass(frozen=True, eq=False)
class OpenedRun(Event):
    """A run's folder, read. `checkpoint` is its newest; `samples` its newest grid, or points. Where `complete` is False
    the history holds some of the reports, and a `Replayed` follows with all of them."""

    folder: Path
    settings: Settings
    dataset: str
    step: int
    checkpoint: Path
    history: History
    complete: bool
    samples: Samples | Points
    classes: Sequence[str]
    course: Course
    facts: Facts
    """`course` and these are what a diagnosis is made from."""


@dataclass(frozen=True, eq=False)
class Replayed(Event):
    """Every report of a run that was opened."""

    history: History


def recognise(source: str) -> Generator[Event, None, None]:
    """Looks at what was dropped or chosen. Raises `Problem` for a file that is none of ours."""
    from core.data import opens

    path = Path(source)
    if source.startswith((*BUILT_IN, DOWNLOADED)):
        yield Recognised(source, "data")
    elif path.is_dir():
        yield Recognised(source, "run" if is_run(path) else "data")
    elif not path.exists():
        raise Problem(f"{source} is not there any more.", "Choose another folder or file.")
    elif is_checkpoint(path):
        yield Recognised(source, "checkpoint")
    elif opens(source):
        yield Recognised(source, "data")
    elif (kind := _picture(path)) is not None:
        yield Recognised(source, kind)
    else:
        raise Problem(
            f"{path.name} is not something to open here.",
            "Drop a folder of images, a zip, tar, array or video of them, a run's folder, a checkpoint, or a picture.",
        )


def scan(source: str, how: Preparation) -> Generator[Event, None, None]:
    """Prepares images, to look at them: `Progress`, perhaps a `Glimpse`, then an `OpenedDataset`."""
    from core.data import Dataset, prepare

    for event in prepare(source, how):
        if isinstance(event, Dataset):
            done = how if event.points else how.at(event.size)
            yield OpenedDataset(event, done, _facts(event), event.sheet(SHEET))
        else:
            yield event


def draw_sheet(dataset: Dataset, count: int, seed: int) -> Generator[Event, None, None]:
    """Another random sheet of a dataset."""
    yield Sheet(dataset.sheet(count, seed))


def draw_seen(dataset: Dataset, settings: Settings, count: int, seed: int) -> Generator[Event, None, None]:
    """A random sheet of a dataset as the discriminator would be shown it."""
    import_torch()
    from core.seen import sheet

    yield Sheet(sheet(dataset.sheet(count, seed), settings, seed), "As the discriminator will see them")


def read_run(folder: Path) -> Generator[Event, None, None]:
    """Reads a run: `Progress`, an `OpenedRun`, and where that was thinned out a `Replayed`. Raises `Problem` if it
    cannot be continued."""
    from core.checkpoint import summary
    from core.run import Run

    yield Progress("Opening the run", 0, 0)
    run = Run(folder)
    newest = summary(run.newest())
    is_open = False
    for event in run.table():
        if isinstance(event, Progress):
            yield event
        elif is_open:
            yield Replayed(_history(event))
        else:
            yield _opened(run, newest, event)
            is_open = True


def _opened(run: Run, newest: Summary, table: ReportTable) -> OpenedRun:
    meta = newest.meta
    return OpenedRun(
        run.folder,
        meta.settings,
        meta.dataset,
        meta.step,
        newest.path,
        _history(table),
        table.complete,
        _look_back(newest) if meta.settings.points else _newest_grid(run, newest),
        meta.classes,
        _course(table),
        Facts(run.images(), tuple(run.edits()), tuple(run.rewinds())),
    )


def _course(table: ReportTable) -> Course:
    """What the reports mean is seen in the last ones, and in some of those before."""
    count = len(table.steps)
    rows = [*range(0, max(count - RECENT, 0), max(count // OLDER, 1)), *range(max(count - RECENT, 0), count)]
    course = Course()
    for row in rows:
        there = np.flatnonzero(np.isfinite(table.values[row]))
        stats = {table.keys[column]: float(table.values[row, column]) for column in there}
        course.append(Report(int(table.steps[row]), 0, float(table.seconds[row]), stats))
    return course


def _history(table: ReportTable) -> History:
    history = History()
    history.add(Rows(table.keys, table.steps, table.seconds, table.values))
    history.fold(key for key in table.keys if key.startswith(DRAWN))
    return history


def _picture(path: Path) -> Literal["recipe", "picture"] | None:
    from core.export.recipe import read

    try:
        return "picture" if read(path) is None else "recipe"
    except OSError:  # no image
        return None


def _newest_grid(run: Run, newest: Summary) -> Samples:
    from core.run import read_png, tiles

    samples, meta = run.samples(), newest.meta
    if not samples:
        return Samples(meta.step, newest.preview[None])
    conditions = Conditions.of(meta.settings, len(meta.classes))
    images = tiles(read_png(samples[-1]), meta.settings.size, conditions.grid_count(meta.settings.samples))
    return Samples(int(samples[-1].stem), images, conditions.column_names(meta.classes))


def _look_back(newest: Summary) -> Points:
    import_torch()
    from core.checkpoint import load
    from core.data import Dataset, prepare
    from core.playground import look_back

    dataset = next(event for event in prepare(newest.meta.dataset) if isinstance(event, Dataset))
    return look_back(load(newest.path), dataset)


def _facts(dataset: Dataset) -> DataFacts:
    from core.data.video import ENDINGS

    counts = np.zeros(0, int) if dataset.labels is None else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return DataFacts(
        dataset.title,
        dataset.source,
        len(dataset.images),
        "points" if dataset.points else COLOURS[dataset.images.shape[1]],
        dataset.size,
        dataset.records.sizes(),
        dict(zip(dataset.classes, counts.tolist(), strict=False)),
        bool(dataset.records.table["transparent"].any()),
        dataset.source.lower().endswith(ENDINGS),
        dataset.excluded,
        dataset.points,
    )
