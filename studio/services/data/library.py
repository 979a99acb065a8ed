"""Prepared and downloaded datasets, and Inception's weights, on this disk; all of it runs in threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from core.events import Notice, Progress
from studio.model.data import DownloadRow, Downloads, InceptionRow, Prepared, PreparedRow

if TYPE_CHECKING:
    from core.data.cache.quota import Entry
    from core.data.download.catalogue import Download

WEIGHTS_ARE_HERE = Notice("Inception's weights are here. While it trains, Ctrl+M measures with them.")


def list_prepared() -> Prepared:
    """The prepared datasets on this disk."""
    from core.data.cache.entries import cache_folder
    from core.data.cache.quota import GB, VARIABLE, entries, limit, limit_is_fixed

    held, most = entries(), limit()
    over = sum(entry.bytes for entry in held) > most
    rows = tuple(_prepared_row(entry) for entry in held)
    return Prepared(rows, cache_folder(), most / GB, over, VARIABLE if limit_is_fixed() else "")


def delete_prepared(folders: Sequence[Path]) -> None:
    """Deletes the prepared datasets in these folders; raises the `UserError` of the last that stayed."""
    from core.data.cache.quota import delete, entries

    failed: UserError | None = None
    for entry in entries():
        if entry.folder in folders:
            try:
                delete(entry)
            except UserError as problem:
                failed = problem
    if failed:
        raise failed


def limit_prepared(gigabytes: float) -> None:
    """Remembers how much prepared datasets may take from the next preparation on."""
    from core.data.cache.quota import set_limit

    set_limit(gigabytes)


def list_downloads() -> Downloads:
    """The datasets that can be downloaded."""
    from core.data.download.catalogue import DOWNLOADS

    return Downloads(tuple(_download_row(download) for download in DOWNLOADS.values()))


def fetch(name: str) -> Generator[Progress, None, str]:
    """Downloads what is missing of a dataset, and returns the source as which it can be opened."""
    from core.data.download.catalogue import known
    from core.data.download.fetch import fetch as receive

    yield from receive(name)
    return known(name).source


def find_weights() -> InceptionRow:
    """Inception's weights: whether they are here, and else what there is to download."""
    from core.evaluation.features.weights import INCEPTION

    return InceptionRow(INCEPTION.is_here(), INCEPTION.bytes, INCEPTION.page, INCEPTION.licence)


def fetch_weights() -> Generator[Progress | Notice, None, None]:
    """Downloads Inception's weights; yields `Progress`, and a `Notice` when they are here."""
    from core.data.download.fetch import fetch as receive
    from core.evaluation.features.weights import INCEPTION

    yield from receive(INCEPTION)
    yield WEIGHTS_ARE_HERE


def adopt_weights(file: Path) -> Generator[Progress | Notice, None, None]:
    """Takes Inception's weights from a file of the person's; yields the same."""
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
