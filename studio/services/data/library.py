"""Service that lists, deletes and downloads datasets on this disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.errors import UserError
from core.events import Progress
from core.language import _
from studio.background.workers import Workers
from studio.model.data import DownloadRow, Downloads, InceptionRow, Prepared, PreparedRow

if TYPE_CHECKING:
    from core.data.cache.quota import Entry
    from core.data.download.catalog import Download

WEIGHTS_ARE_HERE = _("The Inception weights are ready. During a training, Ctrl+M measures with them.")


class DataLibrary(QObject):
    """Lists and changes datasets on disk, one request after another, so that the later of two changes counts.

    Failures are the workers' `problem`.
    """

    rows_listed = Signal(object)
    """`Prepared`, `Downloads`, or an `InceptionRow`."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._waiting: deque[tuple[Callable[[], object], Callable[[object], object]]] = deque()

    def list_prepared(self) -> None:
        self.ask(list_prepared, self.rows_listed.emit)

    def delete_prepared(self, folders: Sequence[Path]) -> None:
        """Deletes prepared datasets and lists the remaining ones."""
        self.ask(partial(delete_prepared, folders))
        self.list_prepared()

    def limit_prepared(self, gigabytes: float) -> None:
        """Limits their disk space from the next preparation on, and lists them."""
        self.ask(partial(limit_prepared, gigabytes))
        self.list_prepared()

    def list_downloads(self) -> None:
        self.ask(list_downloads, self.rows_listed.emit)

    def find_weights(self) -> None:
        """Looks for the Inception weights."""
        self.ask(find_weights, self.rows_listed.emit)

    def ask(self, call: Callable[[], object], done: Callable[[object], object] = lambda result: None) -> None:
        """Calls a function in a thread, after earlier requests."""
        self._waiting.append((call, done))
        if len(self._waiting) == 1:
            self._next()

    def _next(self) -> None:
        call, done = self._waiting[0]
        self._workers.spawn(lambda: as_generator(call), done=done, end=self._end)

    def _end(self) -> None:
        self._waiting.popleft()
        if self._waiting:
            self._next()


def list_prepared() -> Prepared:
    """Returns the prepared datasets on this disk."""
    from core.data.cache.entries import cache_folder
    from core.data.cache.quota import GB, VARIABLE, entries, limit, limit_is_fixed

    held, most = entries(), limit()
    over = sum(entry.bytes for entry in held) > most
    rows = tuple(_prepared_row(entry) for entry in held)
    return Prepared(rows, cache_folder(), most / GB, over, VARIABLE if limit_is_fixed() else "")


def delete_prepared(folders: Sequence[Path]) -> None:
    """Deletes the prepared datasets in these folders; raises the `UserError` of the last failure."""
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
    """Stores the limit of disk space for prepared datasets, from the next preparation on."""
    from core.data.cache.quota import set_limit

    set_limit(gigabytes)


def list_downloads() -> Downloads:
    """Returns the downloadable datasets."""
    from core.data.download.catalog import DOWNLOADS

    return Downloads(tuple(_download_row(download) for download in DOWNLOADS.values()))


def fetch(name: str) -> Generator[Progress, None, str]:
    """Downloads missing files of a dataset, and returns its source."""
    from core.data.download.catalog import known
    from core.data.download.fetch import fetch as receive

    yield from receive(name)
    return known(name).source


def find_weights() -> InceptionRow:
    """Returns whether the Inception weights are here, and otherwise their download."""
    from core.evaluation.features.weights import INCEPTION

    return InceptionRow(INCEPTION.is_here(), INCEPTION.bytes, INCEPTION.page, INCEPTION.license)


def fetch_weights() -> Generator[Progress, None, str]:
    """Downloads the Inception weights with `Progress`, and returns a message."""
    from core.data.download.fetch import fetch as receive
    from core.evaluation.features.weights import INCEPTION

    yield from receive(INCEPTION)
    return WEIGHTS_ARE_HERE


def adopt_weights(file: Path) -> Generator[Progress, None, str]:
    """Copies the Inception weights from a file, and returns a message."""
    from core.data.download.fetch import adopt
    from core.evaluation.features.weights import INCEPTION

    yield from adopt(file, INCEPTION)
    return WEIGHTS_ARE_HERE


def _prepared_row(entry: Entry) -> PreparedRow:
    size = "{} × {} px".format(*entry.size) if entry.count else ""
    return PreparedRow(
        entry.folder, entry.title, entry.source, entry.count, size, entry.bytes, entry.used, entry.in_use
    )


def _download_row(download: Download) -> DownloadRow:
    here = download.is_here()
    if here:
        where = _("Saved in {folder}").format(folder=download.folder())
    elif download.is_manual:
        where = download.manual_instructions()
    else:
        where = _("Will be saved in {folder}").format(folder=download.folder())
    facts = _("{title}. {license}. {page}").format(title=download.title, license=download.license, page=download.page)
    return DownloadRow(
        download.name,
        download.source,
        download.title,
        download.images,
        download.classes,
        download.bytes,
        f"{facts}\n{where}",
        here,
        download.is_manual and not here,
    )
