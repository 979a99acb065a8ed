"""What the lists of datasets show, in plain types: read in a thread, shown in the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.events import Event


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
class Prepared(Event):
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
    """A dataset that can be downloaded, or is `here` already; `by_hand`, if no program may do it.

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
    by_hand: bool


@dataclass(frozen=True)
class Downloads(Event):
    """All of them."""

    rows: tuple[DownloadRow, ...]


@dataclass(frozen=True)
class Fetched(Event):
    """A download is complete, and can be opened as `source`."""

    source: str


@dataclass(frozen=True)
class InceptionRow(Event):
    """Whether Inception's weights are on this disk, and else what there is to download, from where, and whose it is."""

    here: bool
    bytes: int
    page: str
    licence: str
