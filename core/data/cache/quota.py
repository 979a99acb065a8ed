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
from core.language import _

LIMIT_GB = 20.0
VARIABLE = "GAN_STUDIO_CACHE_LIMIT_GB"
GB = 10**9
LONGEST = 2**15
"""Maximum length of a path and of a title in characters."""


@dataclass(frozen=True)
class Entry:
    """Prepared dataset in the cache: `count` images of `size`, `bytes` on the disk.

    If it is damaged, only folder, bytes and time are known. `in_use`: whether this process uses it.
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
    """Returns all prepared datasets, most recently used first. `base` replaces `cache_folder()`."""
    found = []
    with contextlib.suppress(OSError):  # nothing was prepared yet
        for folder in (base or cache_folder()).iterdir():
            with contextlib.suppress(OSError):  # deleted meanwhile by another process
                if folder.is_dir() and not folder.name.startswith("."):
                    found.append(_entry(folder))
    return sorted(found, key=lambda entry: entry.used, reverse=True)


def delete(entry: Entry) -> None:
    """Deletes a prepared dataset. Raises `UserError` if it is in use. Its exclusions are kept."""
    name = quoted(entry.title)
    remedy = _("Close the dataset here and in other programs, then try again.")
    if is_open(entry.folder):
        raise UserError(_("The prepared images of {name} are in use.").format(name=name), remedy)
    try:
        remove(entry.folder)
    except OSError as error:
        what = _("The prepared images of {name} cannot be deleted.").format(name=name)
        raise UserError(what, remedy, str(error)) from error


def limit(base: Path | None = None) -> int:
    """Returns the size limit of the cache in bytes: GAN_STUDIO_CACHE_LIMIT_GB, else that of `set_limit`, else 20 GB.

    Raises `UserError` if the variable is not a number.
    """
    if text := os.environ.get(VARIABLE):
        remedy = _("Set the environment variable {name} to a number, such as 20.").format(name=VARIABLE)
        return round(_gigabytes(text, remedy) * GB)
    with contextlib.suppress(UserError, *FOREIGN_ERRORS):  # never set, or the file is damaged
        return round(_gigabytes(json.loads(content(_chosen_limit(base)))["gigabytes"], "") * GB)
    return round(LIMIT_GB * GB)


def limit_is_fixed() -> bool:
    """Returns whether the environment variable sets the limit, overriding `set_limit`."""
    return bool(os.environ.get(VARIABLE))


def set_limit(gigabytes: float, base: Path | None = None) -> None:
    """Stores the size limit of the cache, in force from the next preparation on. Raises `UserError`."""
    number = _gigabytes(gigabytes, _("Choose a number, such as 20."))
    file = _chosen_limit(base)
    with writing(file.parent, "settings"):
        write_note(file, {"gigabytes": number})


def make_room(most: int, base: Path | None = None, idle: float = 0) -> list[Entry]:
    """Deletes least recently used datasets until the cache takes at most `most` bytes; returns the deleted ones.

    Datasets in use, or used less than `idle` seconds ago, are kept even if they exceed the limit.
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
        raise UserError(_("The cache limit {value!r} GB is invalid.").format(value=value), remedy)
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
