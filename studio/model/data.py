"""Values shown by the Data workspace: sources, the open dataset, and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Preparation
from core.data.health.findings import HealthFinding, HealthReport, RowNumbers
from core.errors import UserError
from core.events import Event, Images
from core.imaging.packed import Packed

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.data.records import Records

Image = NDArray[np.uint8]
"""One image, (H, W, C)."""
SourceKind = Literal["data", "run", "checkpoint", "recipe", "picture"]
BUILT_IN = ("sample:", "toy:")
"""How the names begin of what the program draws itself."""
DOWNLOADED = "download:"
"""And of what it downloaded."""
FILES = (
    "Images in one file (*.zip *.tar *.tgz *.tbz2 *.txz *.gz *.bz2 *.xz *.npy *.npz *.mat *-ubyte *.bin"
    " *.mp4 *.m4v *.mov *.3gp *.mkv *.webm *.avi);;All files (*)"
)
"""What a dialog that opens data shows."""
SHEET = 100
"""Images in the sheet that shows a dataset."""


@dataclass(frozen=True)
class PreparedRow:
    """A dataset as it was prepared once: `count` images of `size` (0 and empty if it is damaged), in `bytes`."""

    folder: Path
    title: str
    source: str
    count: int
    size: str
    bytes: int
    used: datetime
    in_use: bool


@dataclass(frozen=True)
class Prepared:
    """The prepared datasets in `folder`, the last used first.

    `limit`: GB that they may take; `over`: whether they take more now. `fixed`: what says the limit in the person's
    place, empty if nothing does.
    """

    rows: tuple[PreparedRow, ...]
    folder: Path
    limit: float
    over: bool
    fixed: str


@dataclass(frozen=True)
class DownloadRow:
    """A dataset that can be downloaded, or is `here` already; `is_manual`, if no program may do it.

    `classes`: 0 if it has no labels. `facts`: whose it is, and where it is or how it comes.
    """

    name: str
    source: str
    title: str
    images: int
    classes: int
    bytes: int
    facts: str
    here: bool
    is_manual: bool


@dataclass(frozen=True)
class Downloads:
    """All of them."""

    rows: tuple[DownloadRow, ...]


@dataclass(frozen=True)
class InceptionRow:
    """Whether Inception's weights are on this disk, and else what there is to download, from where, and whose it is."""

    here: bool
    bytes: int
    page: str
    license: str


@dataclass(frozen=True, eq=False)
class Examined:
    """What was found in a dataset; `suggested` are the images that it would be better without."""

    report: HealthReport
    suggested: RowNumbers


@dataclass(frozen=True, eq=False)
class Tile:
    """An image that a finding is about: its row, and the number of its group."""

    row: int
    group: int
    name: str
    picture: Image


@dataclass(frozen=True, eq=False)
class Page:
    """Some images of a finding, of all its `pages` the one of that `number`."""

    finding: HealthFinding
    number: int
    pages: int
    tiles: Sequence[Tile]


@dataclass(frozen=True, eq=False)
class Pair:
    """An original, scaled down and whole, and what a network is shown of it."""

    name: str
    before: Image
    after: Image


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """Originals beside what becomes of them; where there are none, `reason` says why."""

    pairs: Sequence[Pair]
    reason: str = ""


@dataclass(frozen=True)
class Recognized(Event):
    """What a person opened: images, a run's folder, a checkpoint, an image that says how it was made, or any other
    picture."""

    source: str
    kind: SourceKind


@dataclass(frozen=True)
class DataFacts:
    """What is said of a dataset.

    `count`: images to train on, which those that are left out are not. `size`: width and height as prepared. `sizes`,
    `classes`: counts by name. `transparent`: whether any original is, whatever became of it. `parts`:
    folders that divide the dataset, one of which is for training; only that one if only its images are used.
    """

    title: str
    source: str
    count: int
    color: str
    size: tuple[int, int]
    sizes: Mapping[str, int]
    classes: Mapping[str, int]
    transparent: bool
    video: bool
    points: bool
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ImageIndex:
    """All images of the open dataset by their rows, also those that are left out.

    `size`: width and height of each. `labels` (N,) are indices into `classes`; None where there are no classes.
    """

    source: str
    size: tuple[int, int]
    records: Records
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    left_out: frozenset[int]

    def __len__(self) -> int:
        return len(self.records.table)

    def name(self, row: int) -> str:
        """Returns the name of an image inside its source."""
        return self.records.name(row)

    def class_of(self, row: int) -> str:
        """The class of an image; empty where there are no classes."""
        return "" if self.labels is None else self.classes[int(self.labels[row])]


@dataclass(frozen=True)
class TileRequest:
    """Rows of images that are to be shown, the most urgent first, and the width and height of each tile in pixels."""

    rows: tuple[int, ...]
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Pixels (n, H, W) of some rows of the dataset that has these `records`, in the `size` that was asked for."""

    records: Records
    size: tuple[int, int]
    rows: tuple[int, ...]
    pixels: Packed


@dataclass(frozen=True)
class DataRequest:
    """Asks for images to be prepared.

    `how`: the way that was chosen, or why none can be; it counts only when the source turns out to be images.
    `augment`: the setting, which decides what an examination of few images suggests.
    """

    source: str
    how: Preparation | UserError
    augment: str


@dataclass(frozen=True, eq=False)
class OpenedDataset(Event):
    """A prepared dataset with all that is shown of it, and how it was prepared, with the size that it got.

    `whole`: the same with the images that are left out.
    """

    dataset: Dataset
    whole: Dataset
    how: Preparation
    facts: DataFacts
    index: ImageIndex
    sheet: Images


@dataclass(frozen=True, eq=False)
class DatasetSheet(Event):
    """Other images of the dataset that is open, and what is to be said under them."""

    images: Images
    caption: str = ""
