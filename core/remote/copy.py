"""Copying a prepared dataset or a checkpoint to another machine: once, by its fingerprint, and resumed where it was cut
off."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from core.config.preparation import Preparation
from core.data.builtin import samples, toys
from core.data.cache.copied import EXCLUDED, PREFIX
from core.data.cache.exclusions import excluded
from core.data.cache.row_reader import entry_folder
from core.data.names import digest, opened_regular
from core.data.prepare import prepare_whole
from core.errors import UserError, refused_by_system
from core.events import Event, Progress
from core.language import _
from core.remote.connection import Connection, pauses
from core.remote.operations.receive import BLOCK, CHECKPOINT, FILES
from core.remote.ssh import NoConnectionError

FINISH_SECONDS = 1800.0
"""Seconds for the comparison of the whole copy there."""
TURN_SECONDS = 0.1
"""Seconds between two yields while there is no connection."""
PATIENCE_SECONDS = 600.0
"""Seconds without a connection after which copying is given up; the next try goes on from there."""


@dataclass(frozen=True)
class PreparedCopy:
    """Dataset to be copied: its name there, and the path or the bytes of each of its files."""

    name: str
    files: Mapping[str, Path | bytes]

    @property
    def source(self) -> str:
        """Name by which a copied dataset is opened on the other machine."""
        return PREFIX + self.name

    @property
    def sizes(self) -> dict[str, int]:
        """Size in bytes of each file. Raises `OSError`."""
        return {
            name: len(file) if isinstance(file, bytes) else file.stat().st_size for name, file in self.files.items()
        }

    def piece(self, file: str, offset: int) -> bytes:
        """Returns at most `BLOCK` bytes of a file. Raises `OSError`."""
        found = self.files[file]
        if isinstance(found, bytes):
            return found[offset : offset + BLOCK]
        with opened_regular(found, None) as opened:
            opened.seek(offset)
            return opened.read(BLOCK)

    def digest(self, file: str) -> str:
        """Returns the SHA-256 of a file as hex digits. Raises `OSError`."""
        state, offset = sha256(), 0
        while piece := self.piece(file, offset):
            state.update(piece)
            offset += len(piece)
        return state.hexdigest()


def prepared_copy(source: str, how: Preparation) -> Generator[Event, None, PreparedCopy | None]:
    """Prepares a source here, and returns what is to be copied; None for a built-in source, which is the same
    everywhere. Raises `UserError`."""
    if toys.opens(source) or samples.opens(source):
        return None
    dataset = yield from prepare_whole(source, how)
    folder = entry_folder(dataset.images)
    assert folder is not None
    names = excluded(dataset.source)
    left_out = json.dumps(names).encode()
    name = f"{dataset.fingerprint}-{digest(left_out)}" if names else dataset.fingerprint
    there = {file: folder / file for file in sorted(FILES) if (folder / file).is_file()}
    return PreparedCopy(name, {**there, EXCLUDED: left_out})


def checkpoint_copy(path: Path) -> Generator[Event, None, PreparedCopy]:
    """Returns what is to be copied of a checkpoint, whose name is its SHA-256. Raises `UserError`."""
    yield Progress(_("Reading {file}").format(file=path.name), 0, 0)
    try:
        name = PreparedCopy("", {CHECKPOINT: path}).digest(CHECKPOINT)
    except OSError as error:
        raise refused_by_system(error) from error
    return PreparedCopy(name, {CHECKPOINT: path})


def copy(connection: Connection, copied: PreparedCopy) -> Generator[Event, None, None]:
    """Copies files; yields `Progress` in bytes. Does nothing if they are there.

    A connection that is lost is made again for `PATIENCE_SECONDS`, and what has arrived is not sent again. Raises
    `UserError`.
    """
    lost_at, waits = None, pauses()
    while True:
        try:
            for event in _copy(connection, copied):
                lost_at, waits = None, pauses()
                yield event
            return
        except NoConnectionError:
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > PATIENCE_SECONDS:
                raise
            until = time.monotonic() + next(waits)
            while time.monotonic() < until:
                yield Progress(_("Waiting for {host}").format(host=connection.host.name), 0, 0)
                time.sleep(TURN_SECONDS)
        except OSError as error:
            what = _("The files to be copied can no longer be read.")
            raise UserError(what, _("Check their disk, then try again."), str(error)) from error


def _copy(connection: Connection, copied: PreparedCopy) -> Generator[Event, None, None]:
    sizes = copied.sizes
    state = connection.call("copy_state", name=copied.name, files=sizes).header
    if state["is_complete"]:
        return
    text, total = _("Copying to {host}").format(host=connection.host.name), sum(sizes.values())
    done = 0
    for file, size in sizes.items():
        offset = min(int(state["have"][file]), size)
        while offset < size:
            yield Progress(text, done + offset, total, in_bytes=True)
            piece = copied.piece(file, offset)
            if not piece:
                raise OSError(f"{file} was truncated")
            connection.call("put_piece", piece, name=copied.name, file=file, offset=offset, checksum=crc32(piece))
            offset += len(piece)
        done += size
    yield Progress(_("Comparing the copy on {host}").format(host=connection.host.name), total, total, in_bytes=True)
    digests = {file: copied.digest(file) for file in sizes}
    connection.call("finish_copy", seconds=FINISH_SECONDS, name=copied.name, digests=digests)
