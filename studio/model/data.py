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
from core.language import _
from core.registry import components

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.data.dataset import Dataset
    from core.data.records import Records

Image = NDArray[np.uint8]
"""One image, (H, W, C)."""
SourceKind = Literal["data", "run", "checkpoint", "recipe", "picture"]
BUILT_IN = ("sample:", "toy:")
"""Prefixes of built-in data."""
DOWNLOADED = "download:"
"""Prefix of downloaded datasets."""
PATTERNS = (
    "*.zip *.tar *.tgz *.tbz2 *.txz *.gz *.bz2 *.xz *.npy *.npz *.mat *-ubyte *.bin *.mp4 *.m4v *.mov *.3gp *.mkv"
    " *.webm *.avi"
)
"""Name patterns of files that hold many images."""
FILES = _("Images in one file ({patterns});;All files (*)").format(patterns=PATTERNS)
"""File filter of the dialog that opens data."""
SHEET = 100
"""Number of images in a sheet of a dataset."""


@dataclass(frozen=True)
class PreparedRow:
    """A prepared dataset: `count` images of `size` (0 and empty if it is damaged), in `bytes`."""

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
    """Prepared datasets in `folder`, the most recently used first.

    `limit`: disk space in GB that they may use; `over`: whether they use more now. `fixed`: the environment variable
    that sets the limit; empty if none does.
    """

    rows: tuple[PreparedRow, ...]
    folder: Path
    limit: float
    over: bool
    fixed: str


@dataclass(frozen=True)
class DownloadRow:
    """A dataset that can be downloaded, or is `here` already; `is_manual`: must be downloaded by hand.

    `classes`: 0 if it has no labels. `facts`: license and page, and where it is or will be stored.
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
    """All downloadable datasets."""

    rows: tuple[DownloadRow, ...]


@dataclass(frozen=True)
class InceptionRow:
    """Presence of the Inception weights on this disk, or else size, page and license of the download."""

    here: bool
    bytes: int
    page: str
    license: str


@dataclass(frozen=True, eq=False)
class Examined:
    """Findings about a dataset; `suggested`: images that should be left out."""

    report: HealthReport
    suggested: RowNumbers


@dataclass(frozen=True, eq=False)
class Tile:
    """An image of a finding: its row, and the number of its group."""

    row: int
    group: int
    name: str
    picture: Image


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a finding's images: `number` of `pages`."""

    finding: HealthFinding
    number: int
    pages: int
    tiles: Sequence[Tile]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two images of one kind of content: a scaled-down, uncropped original and its prepared image, or the input and the
    target of a translation."""

    name: str
    before: Image
    after: Image


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """Originals beside their prepared images; if there are none, `reason` says why."""

    pairs: Sequence[Pair]
    reason: str = ""


@dataclass(frozen=True)
class ExampleRequest:
    """Request for `count` examples of what a translation with these settings learns from, shown at a `place`.

    `seed`: of their choice.
    """

    place: Literal["settings", "data"]
    settings: Settings
    count: int
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets of some images of the open dataset; if there are none, `reason` says why."""

    request: ExampleRequest
    pairs: Sequence[Pair]
    reason: str = ""


@dataclass(frozen=True)
class Recognized(Event):
    """Kind of an opened source: images, a run folder, a checkpoint, an image with a recipe, or any other image."""

    source: str
    kind: SourceKind


@dataclass(frozen=True)
class SideCounts:
    """Numbers of inputs, of targets, and of pairs that match by name."""

    inputs: int
    targets: int
    pairs: int


def images_of_epoch(task: str, count: int, sides: SideCounts | None) -> int:
    """Returns how many of `count` images an epoch of a task has: if it needs two sides, as many as there are pairs, or
    as the smaller side holds. Returns `count` if the images do not suit the task, which a start refuses."""
    needs = components("translation.tasks")[task].facts
    if sides is None or needs["SIDES"] == 1:
        return count
    return (sides.pairs if needs["PAIRED"] else min(sides.inputs, sides.targets)) or count


@dataclass(frozen=True)
class DataFacts:
    """Facts about a dataset.

    `count`: training images, without the left-out ones. `size`: width and height as prepared. `sizes`, `classes`:
    counts by name. `transparent`: whether any original is. `parts`: folders that divide the dataset, one of them for
    training; only that one if only its images are used. `sides`: None if there is one kind of images. `may_be_halves`:
    whether the files are wide enough for two images side by side.
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
    sides: SideCounts | None = None
    may_be_halves: bool = False


@dataclass(frozen=True, eq=False)
class ImageIndex:
    """All images of the open dataset by row, including left-out ones.

    `size`: width and height of each. `labels` (N,) are indices into `classes`; None without classes.
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
        """Returns the class of an image; empty without classes."""
        return "" if self.labels is None else self.classes[int(self.labels[row])]


@dataclass(frozen=True)
class TileRequest:
    """Rows of images to show, the most urgent first, and width and height of each tile in pixels."""

    rows: tuple[int, ...]
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Pixels (n, H, W) of some rows of the dataset with these `records`, in the requested `size`."""

    records: Records
    size: tuple[int, int]
    rows: tuple[int, ...]
    pixels: Packed


@dataclass(frozen=True)
class DataRequest:
    """Request to prepare images.

    `how`: the chosen preparation, or why there is none; used only if the source turns out to be images. `augment`: the
    setting, which affects the suggestions for few images.
    """

    source: str
    how: Preparation | UserError
    augment: str


@dataclass(frozen=True, eq=False)
class OpenedDataset(Event):
    """A prepared dataset with its facts, and its preparation with the resulting size.

    `whole`: the same dataset including left-out images.
    """

    dataset: Dataset
    whole: Dataset
    how: Preparation
    facts: DataFacts
    index: ImageIndex
    sheet: Images


@dataclass(frozen=True, eq=False)
class DatasetSheet(Event):
    """Other images of the open dataset, and their caption."""

    images: Images
    caption: str = ""
