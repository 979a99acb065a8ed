"""Size limit of the cache of prepared datasets, and eviction of the least recently used entries."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config.preparation import Size
from core.data.cache.entries import LARGEST_META, cache_folder, is_open, opened_at, remove, write_note, writing
from core.data.names import content, quoted
from core.errors import FOREIGN_ERRORS, UserError

LIMIT_GB = 20.0
VARIABLE = "GAN_STUDIO_CACHE_LIMIT_GB"
GB = 10**9
LONGEST = 2**15
"""Characters of a path, and of a title."""


@dataclass(frozen=True)
class Entry:
    """A dataset as it was prepared once: `count` images of `size`, taking `bytes` on the disk.

    Of one that is damaged only the folder, the bytes and the time are known. `in_use`: by this process.
    """

    folder: Path
    title: str
    source: str
    count: int
    size: Size
    bytes: int
    used: datetime
    in_use: bool


def entries(base: Path | None = None) -> list[Entry]:
    """Every prepared dataset, the last used first. `base` replaces `cache_folder()`."""
    found = []
    with contextlib.suppress(OSError):  # nothing was ever prepared
        for folder in (base or cache_folder()).iterdir():
            with contextlib.suppress(OSError):  # deleted by somebody else at this moment
                if folder.is_dir() and not folder.name.startswith("."):
                    found.append(_entry(folder))
    return sorted(found, key=lambda entry: entry.used, reverse=True)


def delete(entry: Entry) -> None:
    """Raises `UserError` for one that is in use. What was excluded of it by hand stays remembered."""
    name = quoted(entry.title)
    remedy = "Close what uses it, in this program or another, and try again."
    if is_open(entry.folder):
        raise UserError(f"The prepared images of {name} are in use.", remedy)
    try:
        remove(entry.folder)
    except OSError as error:
        raise UserError(f"The prepared images of {name} cannot be deleted.", remedy, str(error)) from error


def limit(base: Path | None = None) -> int:
    """Bytes that the cache may take: what GAN_STUDIO_CACHE_LIMIT_GB says, or `set_limit` said, or 20 GB.

    Raises `UserError` for what is no number.
    """
    if text := os.environ.get(VARIABLE):
        return round(_gigabytes(text, f"Let the environment variable {VARIABLE} be a number, such as 20.") * GB)
    with contextlib.suppress(UserError, *FOREIGN_ERRORS):  # nothing was ever chosen, or damaged
        return round(_gigabytes(json.loads(content(_chosen_limit(base)))["gigabytes"], "") * GB)
    return round(LIMIT_GB * GB)


def limit_is_fixed() -> bool:
    """Whether the environment says what the limit is, over whatever a person chooses."""
    return bool(os.environ.get(VARIABLE))


def set_limit(gigabytes: float, base: Path | None = None) -> None:
    """Remembers how much the cache may take from the next preparation on. Raises `UserError`."""
    number = _gigabytes(gigabytes, "Choose a number, such as 20.")
    file = _chosen_limit(base)
    with writing(file.parent, "the settings of the cache"):
        write_note(file, {"gigabytes": number})


def make_room(most: int, base: Path | None = None, idle: float = 0) -> list[Entry]:
    """Deletes what was not used for the longest time until the cache takes `most` bytes, and returns what it deleted.

    What is in use stays, and what was used less than `idle` seconds ago, even if that is too much.
    """
    deleted = []
    held = entries(base)
    total = sum(entry.bytes for entry in held)
    now = datetime.now(UTC)
    for entry in reversed(held):
        if total <= most or (now - entry.used).total_seconds() < idle:
            break
        with contextlib.suppress(UserError):
            delete(entry)
            deleted.append(entry)
            total -= entry.bytes
    return deleted


def _gigabytes(value: str | float, remedy: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise UserError(f"The cache cannot be limited to {value!r} GB.", remedy)
    return number


def _chosen_limit(base: Path | None) -> Path:
    return (base or cache_folder()) / "limit.json"


def _entry(folder: Path) -> Entry:
    title, source, count, size = folder.name, "", 0, (0, 0)
    with contextlib.suppress(*FOREIGN_ERRORS):
        meta = json.loads(content(folder / "meta.json", LARGEST_META))
        width, height = meta["size"]
        source, count, size = str(meta["source"])[:LONGEST], int(meta["count"]), (int(width), int(height))
        title = str(meta.get("title", Path(source).name))[:LONGEST]
    return Entry(
        folder=folder,
        title=title,
        source=source,
        count=count,
        size=size,
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        used=datetime.fromtimestamp(opened_at(folder), UTC),
        in_use=is_open(folder),
    )
