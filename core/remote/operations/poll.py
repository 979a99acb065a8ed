"""Reading a run of this machine's queue for a mirror on another one: one call brings all news, and takes requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zlib import crc32

from core.data.names import content, opened_regular
from core.durable_write import replaced
from core.queue.folder import Listed, Queue
from core.runs.requests import ANSWER, FOLDER, MOST_BYTES, PAUSED, REQUEST
from core.runs.run_lock import OwnerWatch

LOGS = ("stats.jsonl", "edits.jsonl", "rewinds.jsonl", "log.txt")
"""Files that grow."""
WHOLE = re.compile(r"config\.json|name\.txt|reals\.png|samples/\d{9}\.png|checkpoints/\d{9}\.safetensors")
"""Files that are replaced as a whole."""
MARKS = ("open", PAUSED)
"""Empty files among the requests, by which the training tells its state."""
ASKED = re.compile(r"\d{20}-[0-9a-f]{8}")
"""Name of a request without its extension."""
TAIL = 512
"""Bytes before the end of a log by which it is recognized."""
MOST_PIECES = 2**22
"""Bytes of files that one answer carries."""


def poll(
    body: bytes,
    id: str,
    logs: Mapping[str, Sequence[int]],
    listing: int,
    want: Sequence[Sequence[Any]],
    requests: Mapping[str, str],
    received: Sequence[str],
    withdrawn: Sequence[str],
) -> tuple[dict[str, Any], bytes]:
    """Returns the state of an entry and its run, with the bytes that the mirror lacks.

    `logs`: for each log of the mirror its size and the checksum of its last `TAIL` bytes. `listing`: checksum of the
    list of files that the mirror has. `want`: names and offsets of files to send. `requests`: texts of requests by
    their names; `received`: those whose answers have arrived; `withdrawn`: those that are taken back. Raises
    `UserError` if there is no such entry. In the answer, `unreadable` has the names of files that cannot be read here.
    """
    entry = Queue().entry(id)
    run = entry.entry.out
    owner = OwnerWatch(run).owner()  # before the files, so that its last writes are sent too
    _pass_on(run, requests, received, withdrawn)
    pieces = _Pieces()
    for name in LOGS:
        _add_log(pieces, run / name, logs[name])
    files = _files(run)
    header: dict[str, Any] = {
        **entry.facts,
        "id": entry.id,
        "owner": asdict(owner) if owner else None,
        "has_ended": entry.state.has_ended,
        "answers": _answers(run, requests),
        "marks": [mark for mark in MARKS if (run / FOLDER / mark).is_file()],
    }
    if (present := crc32(json.dumps(files).encode())) != listing:
        header |= {"files": files, "listing": present}
    for name, offset in want:
        if WHOLE.fullmatch(name) and name in files:
            pieces.add(run / name, name, int(offset))
    header |= {"pieces": pieces.told, "unreadable": pieces.unreadable, "more": pieces.is_full}
    return header, pieces.body


def named_entry(name: str) -> Listed:
    """Returns an entry of the queue by the name of its run's folder, or by its ID. Raises `UserError`."""
    queue = Queue()
    named = [each for each in queue.entries() if each.entry.title == name]
    return named[-1] if named else queue.entry(name)


class _Pieces:
    """Pieces of files for one answer."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.unreadable: list[str] = []
        self.body = b""

    @property
    def is_full(self) -> bool:
        return len(self.body) >= MOST_PIECES

    def add(self, path: Path, name: str, offset: int) -> None:
        """Adds the bytes of a file from an offset on, as many as fit."""
        if self.is_full:
            return
        try:
            with opened_regular(path, None) as file:
                size = file.seek(0, 2)
                file.seek(offset)
                piece = file.read(MOST_PIECES - len(self.body))
        except FileNotFoundError:
            return  # it was pruned, and the next list of files is without it
        except OSError:
            self.unreadable.append(name)
            return
        self.told.append({"name": name, "offset": offset, "bytes": len(piece), "size": size})
        self.body += piece


def _add_log(pieces: _Pieces, path: Path, there: Sequence[int]) -> None:
    """Adds what a log has more than its mirror: all of it if it was replaced."""
    size, checksum = there
    try:
        with opened_regular(path, None) as file:
            present = file.seek(0, 2)
            file.seek(max(size - TAIL, 0))
            is_same = 0 <= size <= present and crc32(file.read(min(size, TAIL))) == checksum
    except FileNotFoundError:
        return
    except OSError:
        pieces.unreadable.append(path.name)
        return
    if not is_same or present > size:
        pieces.add(path, path.name, size if is_same else 0)


def _files(run: Path) -> dict[str, list[int]]:
    """Returns size and modification time of the files that are replaced as a whole, by name."""
    found = {}
    for path in (*run.glob("*"), *run.glob("samples/*"), *run.glob("checkpoints/*")):
        name = path.relative_to(run).as_posix()
        if WHOLE.fullmatch(name):
            with suppress(OSError):
                status = path.lstat()
                found[name] = [status.st_size, status.st_mtime_ns]
    return dict(sorted(found.items()))


def _pass_on(run: Path, requests: Mapping[str, str], received: Sequence[str], withdrawn: Sequence[str]) -> None:
    """Writes requests into a run; removes answers that have arrived, and requests that were taken back."""
    folder = run / FOLDER
    if folder.is_symlink() or not run.is_dir():
        return
    for name in filter(ASKED.fullmatch, (*received, *withdrawn)):
        for suffix in (REQUEST, ANSWER):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)
    for name, text in requests.items():
        path = folder / f"{name}{REQUEST}"
        if ASKED.fullmatch(name) and len(text) <= MOST_BYTES and not path.with_suffix(ANSWER).exists():
            folder.mkdir(exist_ok=True)
            if not path.exists():
                with replaced(path) as file:
                    file.write_text(text, "utf-8")


def _answers(run: Path, requests: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in filter(ASKED.fullmatch, requests):
        with suppress(OSError, ValueError):
            found[name] = content(run / FOLDER / f"{name}{ANSWER}", MOST_BYTES).decode()
    return found
