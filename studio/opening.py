"""Files and folders that the person opens: generators that recognise and read them away from the GUI thread."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.errors import Problem
from core.events import Event, Images, Progress, Report
from core.run_folder import is_run
from studio.history import History

if TYPE_CHECKING:
    from core.config import Settings
    from core.data import Dataset

Kind = Literal["data", "run", "checkpoint"]
SHEET = 100
"""Images in the sheet that shows a dataset."""


@dataclass(frozen=True)
class Recognised(Event):
    """What a person opened: images, a run's folder, or a checkpoint."""

    source: str
    kind: Kind


@dataclass(frozen=True)
class DataFacts:
    """What is said of a dataset. `sizes` and `classes` are counts by name, `skipped` pairs of name and reason."""

    title: str
    source: str
    count: int
    colour: str
    resolution: int
    sizes: Mapping[str, int]
    classes: Mapping[str, int]
    skipped: Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class OpenedDataset(Event):
    """A prepared dataset with all that is shown of it."""

    dataset: Dataset
    facts: DataFacts
    sheet: Images


@dataclass(frozen=True, eq=False)
class Sheet(Event):
    """Other images of the dataset that is open."""

    images: Images


@dataclass(frozen=True, eq=False)
class OpenedRun(Event):
    """A run's folder, read. `checkpoint` is its newest; `samples` its newest grid."""

    folder: Path
    settings: Settings
    dataset: str
    step: int
    checkpoint: Path
    history: History
    last: Report | None
    samples: Images


def recognise(source: str) -> Generator[Event, None, None]:
    """Looks at what was dropped or chosen. Raises `Problem` for a file that is none of ours."""
    path = Path(source)
    if source.startswith("sample:") or path.suffix.lower() == ".zip":
        yield Recognised(source, "data")
    elif path.is_dir():
        yield Recognised(source, "run" if is_run(path) else "data")
    elif not path.exists():
        raise Problem(f"{source} is not there any more.", "Choose another folder or file.")
    elif path.suffix.lower() in {".safetensors", ".pt", ".pth", ".ckpt", ".pkl"}:
        yield Recognised(source, "checkpoint")
    else:
        raise Problem(
            f"{path.name} is not something to open here.",
            "Drop a folder or a zip of images, a run's folder, or a .safetensors checkpoint.",
        )


def scan(source: str, resolution: int | None) -> Generator[Event, None, None]:
    """Prepares images: `Progress`, then an `OpenedDataset`."""
    from core.data import Dataset, prepare

    for event in prepare(source, resolution):
        if isinstance(event, Dataset):
            yield OpenedDataset(event, _facts(event), event.sheet(SHEET))
        else:
            yield event


def draw_sheet(dataset: Dataset, count: int, seed: int) -> Generator[Event, None, None]:
    """Another random sheet of a dataset."""
    yield Sheet(dataset.sheet(count, seed))


def read_run(folder: Path) -> Generator[Event, None, None]:
    """Reads a run: `Progress`, then an `OpenedRun`. Raises `Problem` if it cannot be continued."""
    from core.checkpoint import summary
    from core.run import Run, tiles

    yield Progress("Opening the run", 0, 0)
    run = Run(folder)
    checkpoints = run.checkpoints()
    if not checkpoints:
        raise Problem(f"{folder} holds no checkpoint.", "Open another run.")
    newest = summary(checkpoints[-1])
    reports = list(run.reports())
    keys = dict.fromkeys(key for report in reports for key in report.stats)
    history = History()
    history.extend(
        [report.step for report in reports],
        [report.seconds for report in reports],
        {key: np.array([report.stats.get(key, np.nan) for report in reports]) for key in keys},
    )
    samples = run.samples()
    meta = newest.meta
    images = newest.preview[None]
    if samples:
        images = tiles(_read_png(samples[-1]), meta.settings.resolution, meta.settings.samples)
    last = reports[-1] if reports else None
    yield OpenedRun(folder, meta.settings, meta.dataset, meta.step, checkpoints[-1], history, last, images)


def _facts(dataset: Dataset) -> DataFacts:
    counts = np.zeros(0, int) if dataset.labels is None else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return DataFacts(
        dataset.title,
        dataset.source,
        len(dataset.images),
        "grey" if dataset.images.shape[1] == 1 else "colour",
        dataset.resolution,
        dataset.sizes,
        dict(zip(dataset.classes, counts.tolist(), strict=False)),
        [(skipped.name, skipped.reason) for skipped in dataset.skipped],
    )


def _read_png(path: Path) -> Images:
    from PIL import Image

    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
