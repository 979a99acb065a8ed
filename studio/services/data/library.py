"""What of images lies on this disk: datasets that were prepared, and those that were downloaded; runs in threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from core.events import Event, Notice
from studio.model.data import DownloadRow, Downloads, Fetched, InceptionRow, Prepared, PreparedRow

if TYPE_CHECKING:
    from core.data.cache.quota import Entry
    from core.data.download.catalogue import Download

WEIGHTS_ARE_HERE = Notice("Inception's weights are here. While it trains, Ctrl+M measures with them.")


def list_prepared() -> Generator[Event, None, None]:
    """Yields `Prepared`."""
    from core.data.cache.entries import cache_folder
    from core.data.cache.quota import GB, VARIABLE, entries, limit, limit_is_fixed

    held, most = entries(), limit()
    over = sum(entry.bytes for entry in held) > most
    rows = tuple(_prepared_row(entry) for entry in held)
    yield Prepared(rows, cache_folder(), most / GB, over, VARIABLE if limit_is_fixed() else "")


def delete_prepared(folders: Sequence[Path]) -> Generator[Event, None, None]:
    """Deletes what is in these folders, yields what is left, and raises the `UserError` of the last that stayed."""
    from core.data.cache.quota import delete, entries

    failed: UserError | None = None
    for entry in entries():
        if entry.folder in folders:
            try:
                delete(entry)
            except UserError as problem:
                failed = problem
    yield from list_prepared()
    if failed:
        raise failed


def limit_prepared(gigabytes: float) -> Generator[Event, None, None]:
    """Remembers how much they may take from the next preparation on, and yields `Prepared`."""
    from core.data.cache.quota import set_limit

    set_limit(gigabytes)
    yield from list_prepared()


def list_downloads() -> Generator[Event, None, None]:
    """Yields `Downloads`."""
    from core.data.download.catalogue import DOWNLOADS

    yield Downloads(tuple(_download_row(download) for download in DOWNLOADS.values()))


def fetch(name: str) -> Generator[Event, None, None]:
    """Downloads what is missing, with `Progress`, then yields `Fetched`."""
    from core.data.download.catalogue import known
    from core.data.download.fetch import fetch as receive

    yield from receive(name)
    yield Fetched(known(name).source)


def find_weights() -> Generator[Event, None, None]:
    """Yields `InceptionRow`."""
    from core.evaluation.features.weights import INCEPTION

    yield InceptionRow(INCEPTION.is_here(), INCEPTION.bytes, INCEPTION.page, INCEPTION.licence)


def fetch_weights() -> Generator[Event, None, None]:
    """Downloads those of Inception, with `Progress`, then yields a `Notice`."""
    from core.data.download.fetch import fetch as receive
    from core.evaluation.features.weights import INCEPTION

    yield from receive(INCEPTION)
    yield WEIGHTS_ARE_HERE


def adopt_weights(file: Path) -> Generator[Event, None, None]:
    """Takes them from a file of the person's, likewise."""
    from core.data.download.fetch import adopt
    from core.evaluation.features.weights import INCEPTION

    yield from adopt(file, INCEPTION)
    yield WEIGHTS_ARE_HERE


def _prepared_row(entry: Entry) -> PreparedRow:
    size = "{} × {} px".format(*entry.size) if entry.count else ""
    return PreparedRow(
        entry.folder, entry.title, entry.source, entry.count, size, entry.bytes, entry.used, entry.in_use
    )


def _download_row(download: Download) -> DownloadRow:
    here = download.is_here()
    if here:
        where = f"It is {download.folder()}"
    elif download.by_hand:
        where = f"No program may download it: {download.by_yourself()}."
    else:
        where = f"It comes to {download.folder()}"
    return DownloadRow(
        download.name,
        download.source,
        download.title,
        download.images,
        download.classes,
        download.bytes,
        f"{download.title}. {download.licence}. {download.page}\n{where}",
        here,
        download.by_hand and not here,
    )
