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
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import platformdirs
from numpy.typing import NDArray

from core.config.preparation import LARGEST, SMALLEST, Preparation
from core.data.cache.pixel_writer import PixelWriter
from core.data.cache.stored_array import StoredArray
from core.data.dataset import Dataset
from core.data.items import REMEDIES, Picture, Skipped
from core.data.names import content, digest, quoted
from core.data.records import Records, RecordWriter
from core.data.source import LONGEST_CLASS, MOST_CLASSES, Source
from core.durable_write import PARTIAL, flush, flush_folder, written
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Progress

POLICY = "4"  # raise it when the same files would give other pixels, classes or records: old entries are not found then

LARGEST_META = 2**28  # bytes of a file with a line for each picture
LONGEST_NUMBER = 100  # bytes
_BETWEEN_PROGRESS = 0.05  # seconds
_ABANDONED = 24 * 3600  # seconds after which an unfinished folder belongs to a process that died
_UNFINISHED = ".unfinished-"
_opened: WeakValueDictionary[tuple[Path, int], StoredArray] = WeakValueDictionary()  # by entry and identity


def cache_folder() -> Path:
    """Where prepared datasets are kept: the platform's cache folder, or below GAN_STUDIO_CACHE when that is set."""
    base = os.environ.get("GAN_STUDIO_CACHE")
    return (Path(base) if base else platformdirs.user_cache_path("gan-studio")) / "datasets"


def resolution_of(source: Source, base: Path) -> Generator[Progress, None, int]:
    """The suggested side of squares, remembered so that a second opening reads no headers."""
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
    """The folder that holds this source as it is to be prepared, whether or not it exists yet."""
    return base / digest(POLICY, source.key, how.key)


def load(entry: Path, source: Source, fresh: bool = False) -> Dataset | None:
    """The prepared dataset, or None when it is missing or, as far as can be seen at a glance, damaged.

    Unless it is `fresh`, one that lacks files that may be read by now does not count.
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
            source=source.name,
            title=source.title,
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
    with contextlib.suppress(OSError):  # a cache that may only be read
        os.utime(entry / "meta.json", follow_symlinks=os.utime not in os.supports_follow_symlinks)
    return dataset


def opened_at(entry: Path) -> float:
    """When an entry was last opened, in seconds since 1970. Raises `OSError`."""
    meta = entry / "meta.json"
    return (meta if meta.exists() else entry).stat().st_mtime


def is_open(entry: Path) -> bool:
    """Whether something in this process still has the images of an entry."""
    return any(reference.key[0] == entry.absolute() for reference in _opened.valuerefs())


def remove(entry: Path) -> None:
    """Delete an entry, whole or damaged. Raises `OSError`, where Windows does so for files that are open anywhere."""
    # It leaves its place first, because deleting a folder takes more than one step.
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=entry.parent, ignore_cleanup_errors=True) as trash:
        entry.replace(Path(trash, entry.name))


def build(entry: Path, source: Source, how: Preparation) -> Generator[Progress, None, None]:
    """Read the source into a new `entry`. Closing the generator at any point leaves nothing behind.

    Raises `UserError` when fewer than two pictures can be read, or when the disk does not take them.
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
            pictures.close()  # ends its threads now, not when the collector comes by
        # The last bytes may still be buffered, and a full disk would refuse them a second time here.
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
    """Classes of which at least one picture could be read, renumbered; one class alone is none."""
    used, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2 or len(used) < 2:
        return None, ()
    return numbers.astype(np.int64), tuple(classes[index] for index in used)


def _enough(source: Source, count: int, skipped: list[Skipped]) -> None:
    if count >= 2:
        return
    reasons = "; ".join(f"{quoted(each.name)}: {each.reason}" for each in skipped[:3])
    more = f", and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    details = "\n".join(f"{each.name}: {each.reason}" for each in skipped[:100])
    title = quoted(source.title)
    if count == 1:
        rest = f" The others: {reasons}{more}." if skipped else ""
        raise UserError(
            f"There is only one readable image in {title}; a GAN needs at least 2, better several hundred.",
            f"Add images, or open another folder.{rest}",
            details,
        )
    kinds = Counter(each.kind for each in skipped)
    if kinds["unreadable"] or not kinds:
        what, remedy = f"None of the images in {title} can be read", "Open another folder."
    else:  # nothing is wrong with those files
        what, remedy = f"There are no images to read in {title}", REMEDIES[kinds.most_common(1)[0][0]]
    raise UserError(f"{what} ({reasons}{more}).", remedy, details)


def _skipped(name: Any, reason: Any, passing: Any, kind: Any) -> Skipped:
    """Raises `ValueError` for a kind that there is not."""
    if kind not in REMEDIES:
        raise ValueError(f"there is no kind {kind!r}")
    return Skipped(str(name), str(reason), bool(passing), kind)


def _labels(entry: Path, count: int, classes: int) -> NDArray[np.int64]:
    stored = StoredArray(entry / "labels.npy")
    if stored.shape != (count,) or stored.dtype != np.int64:
        raise ValueError("labels do not belong to the images")
    labels: NDArray[np.int64] = np.asarray(stored)
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError("labels do not belong to the classes")
    return labels


def _publish(unfinished: Path, entry: Path) -> None:
    """Give the finished folder its name, in one step that either happened or did not."""
    if entry.exists():  # damaged
        remove(entry)
    try:
        unfinished.replace(entry)
        flush_folder(entry.parent)
    except OSError:
        if not (entry / "meta.json").exists():  # else another process was faster with the same work
            raise


def _sweep(base: Path) -> None:
    """Remove what killed processes left unfinished."""
    for left in base.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - left.lstat().st_mtime <= _ABANDONED:
                continue
            if left.name.startswith(_UNFINISHED):
                shutil.rmtree(left, ignore_errors=True)
            elif PARTIAL.fullmatch(left.name):
                left.unlink()


def write_note(file: Path, value: object) -> None:
    """A small JSON file, whole or not at all. Raises `OSError`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with written(file) as partial:
        partial.write_text(json.dumps(value, indent=0), "utf-8")


@contextlib.contextmanager
def writing(base: Path, what: str = "the prepared images", variable: str = "GAN_STUDIO_CACHE") -> Iterator[None]:
    """Turns errors of the disk into a `UserError`. Only around writes to `base`, never around a `yield`.

    `variable` is what moves that folder elsewhere.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"The disk is full: {what} do not fit in {quoted(str(base))}.",
                f"Free some space there, or let the environment variable {variable} name another folder.",
                str(error),
            ) from error
        raise UserError(
            f"{what[0].upper()}{what[1:]} cannot be written to {quoted(str(base))}.",
            f"Let the environment variable {variable} name a folder that you may write to.",
            str(error),
        ) from error
