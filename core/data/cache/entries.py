"""Cache entries of prepared datasets: each is a folder of arrays, records and `meta.json`, complete or absent."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

import numpy as np
import platformdirs
from numpy.typing import NDArray

from core.config.preparation import LARGEST, SMALLEST, Preparation
from core.data.cache.pixel_writer import PixelWriter
from core.data.cache.stored_array import StoredArray
from core.data.dataset import Dataset
from core.data.items import REMEDIES, Picture, Skipped, listed
from core.data.names import content, digest, quoted
from core.data.records import Records, RecordWriter
from core.data.source import LONGEST_CLASS, MOST_CLASSES, Source
from core.durable_write import PARTIAL, flush, flush_folder, written
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Progress
from core.language import _, sentences, titled

POLICY = "4"  # increase it when the same files give other pixels, classes or records, so that old entries are not found

LARGEST_META = 2**28  # bytes
LONGEST_NUMBER = 100  # bytes
_BETWEEN_PROGRESS = 0.05  # seconds
_ABANDONED = 24 * 3600  # seconds after which an unfinished folder is left over from a killed process
_UNFINISHED = ".unfinished-"
Written = Literal["images", "settings", "downloads"]
_FULL: Mapping[Written, str] = {
    "images": _("The disk is full: the prepared images do not fit in {folder}."),
    "settings": _("The disk is full: the settings of the cache do not fit in {folder}."),
    "downloads": _("The disk is full: the downloaded files do not fit in {folder}."),
}
_REFUSED: Mapping[Written, str] = {
    "images": _("The prepared images cannot be written to {folder}."),
    "settings": _("The settings of the cache cannot be written to {folder}."),
    "downloads": _("The downloaded files cannot be written to {folder}."),
}
_opened: WeakValueDictionary[tuple[Path, int], StoredArray] = WeakValueDictionary()  # by entry and identity


def cache_folder() -> Path:
    """Returns the folder of prepared datasets: below GAN_STUDIO_CACHE if set, else in the platform's cache folder."""
    base = os.environ.get("GAN_STUDIO_CACHE")
    return (Path(base) if base else platformdirs.user_cache_path("gan-studio")) / "datasets"


def resolution_of(source: Source, base: Path) -> Generator[Progress, None, int]:
    """Returns the suggested resolution, stored so that opening again reads no headers."""
    note = base / f"{digest(POLICY, source.key)}.resolution"
    with contextlib.suppress(OSError, ValueError):
        remembered = int(content(note, LONGEST_NUMBER))
        if SMALLEST <= remembered <= LARGEST:
            return remembered
    suggested = yield from source.suggest()
    with writing(base):
        write_note(note, suggested)
    return suggested


def entry_of(source: Source, how: Preparation, base: Path) -> Path:
    """Returns the folder of the source prepared as `how` says; it need not exist yet."""
    return base / digest(POLICY, source.key, how.key)


def load(entry: Path, source: str, title: str, fresh: bool = False) -> Dataset | None:
    """Returns the prepared dataset; None if it is missing or visibly damaged.

    `source` and `title`: those of the dataset. Unless `fresh`, also returns None if files were skipped for a temporary
    reason.
    """
    try:
        meta = json.loads(content(entry / "meta.json", LARGEST_META))
        if meta["passing"] and not fresh:
            return None
        width, height = meta["size"]
        shape = (meta["count"], meta["channels"], height, width)
        images = StoredArray(entry / "images.npy")
        if images.shape != shape or images.dtype != np.uint8:
            return None
        records = Records.open(entry, len(images))
        classes = tuple(str(name)[:LONGEST_CLASS] for name in meta["classes"])
        if len(classes) > MOST_CLASSES:
            return None
        dataset = Dataset(
            source=source,
            title=title,
            size=(int(width), int(height)),
            images=images,
            labels=_labels(entry, len(images), len(classes)) if classes else None,
            classes=classes,
            skipped=tuple(_skipped(*each) for each in meta["skipped"]),
            fingerprint=str(meta["fingerprint"]),
            records=records,
        )
    except FOREIGN_ERRORS:
        return None
    _opened[entry.absolute(), id(images)] = images
    with contextlib.suppress(OSError):  # read-only cache
        os.utime(entry / "meta.json", follow_symlinks=os.utime not in os.supports_follow_symlinks)
    return dataset


def opened_at(entry: Path) -> float:
    """Returns the time when an entry was last opened, in seconds since 1970. Raises `OSError`."""
    meta = entry / "meta.json"
    return (meta if meta.exists() else entry).stat().st_mtime


def is_open(entry: Path) -> bool:
    """Returns whether this process still uses the images of an entry."""
    return any(reference.key[0] == entry.absolute() for reference in _opened.valuerefs())


def remove(entry: Path) -> None:
    """Deletes an entry, complete or damaged. Raises `OSError`, on Windows also if its files are open anywhere."""
    # Renamed first, because deleting a folder is not atomic.
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=entry.parent, ignore_cleanup_errors=True) as trash:
        entry.replace(Path(trash, entry.name))


def build(entry: Path, source: Source, how: Preparation) -> Generator[Progress, None, None]:
    """Yields `Progress` and reads the source into a new `entry`. Closing the generator leaves nothing behind.

    Raises `UserError` if fewer than two images can be read, or if they cannot be written.
    """
    with writing(entry.parent):
        entry.parent.mkdir(parents=True, exist_ok=True)
        _sweep(entry.parent)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
    try:
        yield from _fill(unfinished, source, how)
        with writing(entry.parent):
            _publish(unfinished, entry)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(folder: Path, source: Source, how: Preparation) -> Generator[Progress, None, None]:
    with writing(folder.parent):
        writer = PixelWriter(folder / "images.npy", how.sized)
    labels: list[int] = []
    records = RecordWriter()
    skipped = list(source.skipped)
    pictures = source.read(how)
    try:
        yield Progress(source.doing, 0, source.total)
        reported = time.monotonic()
        done = 0
        for picture in pictures:
            if isinstance(picture, Picture):
                with writing(folder.parent):
                    writer.add(picture.pixels)
                labels.append(picture.label)
                records.add(picture)
            elif picture is not None:
                skipped.append(picture)
            done += picture is not None
            if picture is None or done % 32 == 0 or time.monotonic() - reported > _BETWEEN_PROGRESS:
                yield Progress(source.doing, done, source.total)
                reported = time.monotonic()
        _enough(source, writer.count, skipped)
        with writing(folder.parent):
            _complete(folder, writer, source, labels, records, skipped)
    finally:
        if isinstance(pictures, Generator):
            pictures.close()  # ends its threads now, not at garbage collection
        # Bytes may still be buffered, and a full disk would raise again here.
        with contextlib.suppress(OSError):
            writer.close()


def _complete(
    folder: Path, writer: PixelWriter, source: Source, labels: list[int], records: RecordWriter, skipped: list[Skipped]
) -> None:
    numbers, classes = _without_empty_classes(np.asarray(labels, np.int64), source.classes)
    if numbers is not None:
        np.save(folder / "labels.npy", numbers, allow_pickle=False)
    records.finish(folder)
    meta = {
        "source": source.name,
        "title": source.title,
        "count": writer.count,
        "channels": writer.channels,
        "size": writer.size,
        "classes": classes,
        "passing": any(each.passing for each in skipped),
        "skipped": [[each.name, each.reason, each.passing, each.kind] for each in skipped],
        "fingerprint": writer.finish(numbers),
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), "utf-8")
    for file in folder.iterdir():
        flush(file)
    flush_folder(folder)


def _without_empty_classes(
    labels: NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Returns labels and classes without empty classes, renumbered; no labels if only one class is left."""
    used, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2 or len(used) < 2:
        return None, ()
    return numbers.astype(np.int64), tuple(classes[index] for index in used)


def _enough(source: Source, count: int, skipped: list[Skipped]) -> None:
    if count >= 2:
        return
    reasons = listed([titled(quoted(each.name), each.reason) for each in skipped], 3)
    details = "\n".join(f"{each.name}: {each.reason}" for each in skipped[:100])
    title = quoted(source.title)
    if count == 1:
        rest = _("Skipped files: {reasons}.").format(reasons=reasons) if skipped else ""
        raise UserError(
            _("{name} has only one readable image; a GAN needs at least 2, better several hundred.").format(name=title),
            sentences(_("Add images, or open another folder."), rest),
            details,
        )
    kinds = Counter(each.kind for each in skipped)
    if kinds["unreadable"] or not kinds:
        what, remedy = _("None of the images in {name} can be read ({reasons})."), _("Open another folder.")
    else:  # the files are not damaged
        what = _("There are no supported images in {name} ({reasons}).")
        remedy = REMEDIES[kinds.most_common(1)[0][0]]
    raise UserError(what.format(name=title, reasons=reasons), remedy, details)


def _skipped(name: Any, reason: Any, passing: Any, kind: Any) -> Skipped:
    """Returns a skipped item from stored values. Raises `ValueError` for an unknown kind."""
    if kind not in REMEDIES:
        raise ValueError(f"unknown kind {kind!r}")
    return Skipped(str(name), str(reason), bool(passing), kind)


def _labels(entry: Path, count: int, classes: int) -> NDArray[np.int64]:
    stored = StoredArray(entry / "labels.npy")
    if stored.shape != (count,) or stored.dtype != np.int64:
        raise ValueError("labels do not match the images")
    labels: NDArray[np.int64] = np.asarray(stored)
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError("labels do not match the classes")
    return labels


def _publish(unfinished: Path, entry: Path) -> None:
    """Renames the finished folder to its final name, atomically."""
    if entry.exists():  # damaged
        remove(entry)
    try:
        unfinished.replace(entry)
        flush_folder(entry.parent)
    except OSError:
        if not (entry / "meta.json").exists():  # else another process has finished the same entry
            raise


def _sweep(base: Path) -> None:
    """Removes unfinished folders of killed processes."""
    for left in base.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - left.lstat().st_mtime <= _ABANDONED:
                continue
            if left.name.startswith(_UNFINISHED):
                shutil.rmtree(left, ignore_errors=True)
            elif PARTIAL.fullmatch(left.name):
                left.unlink()


def write_note(file: Path, value: object) -> None:
    """Writes a small JSON file atomically. Raises `OSError`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with written(file) as partial:
        partial.write_text(json.dumps(value, indent=0), "utf-8")


@contextlib.contextmanager
def writing(base: Path, what: Written = "images", variable: str = "GAN_STUDIO_CACHE") -> Iterator[None]:
    """Turns `OSError` into a `UserError`. Use it only around writes to `base`, never around a `yield`.

    `what`: the data that is written; `variable`: environment variable that sets another folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                _FULL[what].format(folder=quoted(str(base))),
                _("Free disk space, or set the environment variable {name} to another folder.").format(name=variable),
                str(error),
            ) from error
        raise UserError(
            _REFUSED[what].format(folder=quoted(str(base))),
            _("Set the environment variable {name} to a folder that you can write to.").format(name=variable),
            str(error),
        ) from error
