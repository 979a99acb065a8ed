"""Downloads of datasets on request: resumed if the server supports it, and verified before use."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from core.data.cache.entries import writing
from core.data.download.catalog import Download, Remote, downloads_folder, known
from core.data.names import opened_regular, quoted
from core.durable_write import remove_partials, rename, without_links, written
from core.errors import UserError
from core.events import Progress
from core.language import _, sentences

TIMEOUT = 30.0
"""Seconds without data after which a connection fails."""
_PIECE = 2**18
_MOMENT = 0.1  # seconds

_writing = partial(writing, what="downloads", variable="GAN_STUDIO_DOWNLOADS")


def fetch(what: str | Download, base: Path | None = None) -> Generator[Progress, None, None]:
    """Downloads the missing files of a dataset of `core.data.download.catalog`, or of another download; yields
    `Progress` in bytes.

    Closing the generator keeps the received data as `NAME.part`; the next call resumes. `base` replaces
    `downloads_folder()`. Raises `UserError` if the network, the server or the disk fails, or if a file does not match
    its checksum.
    """
    download = known(what) if isinstance(what, str) else what
    base = base or downloads_folder()
    folder = download.folder(base)
    done = 0
    for remote in download.files:
        if not all((folder / local_files).is_file() for local_files in remote.local_files):
            if download.is_manual:
                raise UserError(
                    _("{name} can only be downloaded by hand.").format(name=download.title),
                    download.manual_instructions(base),
                )
            with _writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
            yield from _File(download, remote, folder, done).fetch()
        done += remote.bytes


def adopt(file: Path, download: Download, base: Path | None = None) -> Generator[Progress, None, None]:
    """Copies a file that the user has already instead of downloading it, for downloads of a single file.

    Raises `UserError` if it is another file, or cannot be read or copied.
    """
    (remote,) = download.files
    folder = download.folder(base)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    yield from _File(download, remote, folder, 0).adopt(file)


class _File:
    """File of a download. `done`: bytes of the files before it."""

    def __init__(self, download: Download, remote: Remote, folder: Path, done: int) -> None:
        self._download, self._remote, self._folder, self._done = download, remote, folder, done
        self._part = folder / f"{remote.name}.part"

    def adopt(self, origin: Path) -> Generator[Progress, None, None]:
        text = _("Copying {name}")
        yield self._progress(text, 0)
        self._part_size()  # makes room
        try:
            yield from self._copy(origin, text)
        except BaseException as error:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)  # a download must not resume from another file
            if isinstance(error, OSError):
                what = _("{name} cannot be read.").format(name=quoted(origin.name))
                raise UserError(what, _("Choose another file."), str(error)) from error
            raise
        yield from self._store()

    def _copy(self, origin: Path, text: str) -> Generator[Progress, None, None]:
        """Copies the file; of a longer one, only enough to detect that it is another file."""
        size = 0
        with opened_regular(origin, None) as own, self._opened("wb") as file:
            while size <= self._remote.bytes and (piece := own.read(_PIECE)):
                with _writing(self._folder):
                    size += _write(file, piece)
                yield self._progress(text, size)

    def fetch(self) -> Generator[Progress, None, None]:
        yield from self._receive()
        yield from self._store()

    def _store(self) -> Generator[Progress, None, None]:
        yield self._progress(_("Checking {name}"), self._remote.bytes)
        self._check()
        if self._remote.members:
            yield from self._unpack()
        with _writing(self._folder):
            if self._remote.members:
                self._part.unlink()
            else:
                rename(self._part, self._folder / self._remote.name)

    def _receive(self) -> Generator[Progress, None, None]:
        """Downloads the file from the first address that works."""
        failures: list[tuple[str, Exception]] = []
        for address in self._remote.addresses:
            try:
                yield from self._receive_from(address)
                return
            except (OSError, HTTPException) as error:
                failures.append((address, error))
                if isinstance(error, HTTPError):
                    error.close()
        server, first = urlsplit(failures[0][0]).netloc, failures[0][1]
        code, what = 0, _("{name} could not be downloaded: {server} could not be reached.")
        if isinstance(first, HTTPError):
            code, what = first.code, _("{name} could not be downloaded: {server} answered {code}.")
        raise UserError(
            what.format(name=self._download.title, server=server, code=code),
            sentences(_("Check the connection and try again; the download resumes."), self._manual_instructions),
            "\n".join(f"{address}: {error}" for address, error in failures),
        )

    def _receive_from(self, address: str) -> Generator[Progress, None, None]:
        size = self._part_size()
        if size >= self._remote.bytes:
            return
        text = _("Downloading {name}")
        headers = {"User-Agent": "gan-studio"} | ({"Range": f"bytes={size}-"} if size else {})
        with _Waiting(partial(urlopen, Request(address, headers=headers), timeout=TIMEOUT)) as waiting:
            response = yield from waiting.result(self._progress(text, size))
            if response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
                size = 0  # the server ignores the range and sends the whole file
            with self._opened("ab" if size else "wb") as file:
                while size <= self._remote.bytes:
                    waiting.begin(partial(response.read1, _PIECE))
                    piece = yield from waiting.result(self._progress(text, size))
                    if not piece:
                        break
                    with _writing(self._folder):
                        size += _write(file, piece)
                    yield self._progress(text, size)
        if size < self._remote.bytes:
            raise ConnectionError(f"the connection ended after {size} of {self._remote.bytes} bytes")

    def _part_size(self) -> int:
        """Returns the bytes received so far; removes anything that is not a regular file, such as a link."""
        with _writing(self._folder):
            if not self._part.is_symlink() and self._part.is_file():
                return self._part.stat().st_size
            self._part.unlink(missing_ok=True)
            return 0

    def _opened(self, mode: str) -> FileIO:
        """Opens the partial file for unbuffered writing."""
        with _writing(self._folder):
            return FileIO(self._part, mode, opener=without_links)

    def _check(self) -> None:
        expected = self._remote.hash
        with _writing(self._folder), opened_regular(self._part, None) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            size = file.tell()
        if (size, found) != (self._remote.bytes, expected):
            with _writing(self._folder):
                self._part.unlink()
            raise UserError(
                _("The file {file} is not from {dataset}, or is damaged.").format(
                    file=quoted(self._remote.name), dataset=self._download.title
                ),
                sentences(_("Try again."), self._manual_instructions),
                f"{size} bytes, {found}; expected {self._remote.bytes} bytes, {expected}",
            )

    def _unpack(self) -> Generator[Progress, None, None]:
        """Extracts regular files of the known names into the folder, regardless of their paths in the archive."""
        with _writing(self._folder):
            remove_partials(self._folder)
        with tarfile.open(self._part) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                content = archive.extractfile(member) if member.isreg() and name in self._remote.members else None
                if content:
                    with _writing(self._folder), written(self._folder / name) as partial, partial.open("wb") as file:
                        shutil.copyfileobj(content, file)
                yield self._progress(_("Unpacking {name}"), self._remote.bytes)

    @property
    def _manual_instructions(self) -> str:
        return self._download.manual_instructions(self._folder.parent, is_second=True)

    def _progress(self, text: str, size: int) -> Progress:
        done = self._done + min(size, self._remote.bytes)
        return Progress(text.format(name=self._download.title), done, self._download.bytes, in_bytes=True)


class _Waiting:
    """Connection whose calls block in a thread of their own, so that the caller can stop waiting at any time."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="download")
        self._connected = self._last = self._pool.submit(connect)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.submit(self._close)  # after the blocking call
        self._pool.shutdown(wait=False)

    def begin(self, call: Callable[[], Any]) -> None:
        self._last = self._pool.submit(call)

    def result(self, progress: Progress) -> Generator[Progress, None, Any]:
        """Yields `Progress` until the latest call ends; returns its result or raises its exception."""
        while not wait([self._last], _MOMENT).done:
            yield progress
        return self._last.result()

    def _close(self) -> None:
        if self._connected.exception() is None:
            self._connected.result().close()


def _write(file: FileIO, piece: bytes) -> int:
    """Writes all bytes, unlike a single `write`; returns their number."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]
    return len(piece)
