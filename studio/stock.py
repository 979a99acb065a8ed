"""What of images lies on this disk: datasets that were prepared, and those that were downloaded; runs in threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.catalogue import Download
from core.data.storage import Entry
from core.errors import Problem
from core.events import Event


@dataclass(frozen=True)
class Prepared(Event):
    """The prepared datasets in `folder`, the last used first. `limit`: GB that they may take; `fixed` by whoever
    started the program."""

    entries: tuple[Entry, ...]
    folder: Path
    limit: float
    fixed: bool


@dataclass(frozen=True)
class Downloads(Event):
    """What can be downloaded, those that are here by their names, and the folder where they are."""

    known: tuple[Download, ...]
    here: frozenset[str]
    folder: Path


@dataclass(frozen=True)
class Fetched(Event):
    """A download is complete, and can be opened as `source`."""

    source: str


def list_prepared() -> Generator[Event, None, None]:
    """Yields `Prepared`."""
    from core.data import cache_folder
    from core.data.storage import GB, entries, limit, limit_is_fixed

    yield Prepared(tuple(entries()), cache_folder(), limit() / GB, limit_is_fixed())


def delete_prepared(chosen: Sequence[Entry]) -> Generator[Event, None, None]:
    """Deletes these, yields what is left, and raises the `Problem` of the last that could not be deleted."""
    from core.data.storage import delete

    failed: Problem | None = None
    for entry in chosen:
        try:
            delete(entry)
        except Problem as problem:
            failed = problem
    yield from list_prepared()
    if failed:
        raise failed


def limit_prepared(gigabytes: float) -> Generator[Event, None, None]:
    """Remembers how much they may take from the next preparation on, and yields `Prepared`."""
    from core.data.storage import set_limit

    set_limit(gigabytes)
    yield from list_prepared()


def list_downloads() -> Generator[Event, None, None]:
    """Yields `Downloads`."""
    from core.data.catalogue import DOWNLOADS, downloads_folder

    here = frozenset(name for name, download in DOWNLOADS.items() if download.is_here())
    yield Downloads(tuple(DOWNLOADS.values()), here, downloads_folder())


def fetch(name: str) -> Generator[Event, None, None]:
    """Downloads what is missing, with `Progress`, then yields `Fetched`."""
    from core.data.catalogue import known
    from core.data.fetch import fetch as receive

    yield from receive(name)
    yield Fetched(known(name).source)
