"""Preparation of a source into a `Dataset`: finds the format, lists, looks in the cache, and reads only what is
missing."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import cast

from core.config.preparation import Preparation, Split
from core.data.builtin import samples, toys
from core.data.cache.entries import build, cache_folder, entry_of, load, resolution_of
from core.data.cache.exclusions import without_excluded
from core.data.cache.quota import limit, make_room
from core.data.dataset import Dataset
from core.data.download import catalogue
from core.data.formats.image_files import Files
from core.data.formats.tar_archive import Tar
from core.data.names import quoted
from core.data.source import DataFormat, Source
from core.errors import UserError
from core.events import FirstImages, Progress
from core.registry import module, ranked

AUTOMATIC = Preparation()
JUST_USED = 60.0
"""Seconds for which a prepared dataset is not deleted: another process may be about to open it."""


def prepare(
    source: str | Path, how: Preparation = AUTOMATIC, cache: Path | None = None
) -> Generator[Progress | FirstImages, None, Dataset]:
    """Opens a source of images; yields `Progress` and perhaps `FirstImages`, and returns the `Dataset`.

    `source` is a folder, a zip or tar, arrays (.npy, .npz, .mat, IDX, CIFAR), a video, "sample:NAME", "download:NAME"
    once that was downloaded, or "toy:NAME", which is not prepared and needs no cache.
    Without a size images get the one that suits them: squares of the power of two below or equal to the median of
    their shorter sides, 64 px at most. `cache` replaces `cache_folder()`.
    Raises `UserError` for whatever a person can mend; closing the generator stops at once.
    """
    whole = yield from prepare_whole(source, how, cache)
    return whole if whole.points else without_excluded(whole, cache)


def prepare_whole(
    source: str | Path, how: Preparation = AUTOMATIC, cache: Path | None = None
) -> Generator[Progress | FirstImages, None, Dataset]:
    """Does the same as `prepare`, but keeps the images that the person left out."""
    if toys.opens(str(source)):
        return toys.dataset(str(source))
    return (yield from _prepare(str(source), how, cache if cache is not None else cache_folder()))


def opens(source: str) -> bool:
    """Whether it is something to prepare, by its name and its first bytes. Raises `UserError` if it cannot be
    reached."""
    if catalogue.opens(source):
        return True
    with _reached(source):
        return _opener(source) is not None


def scan(name: str, split: Split = "all") -> Generator[Progress | FirstImages, None, Source]:
    """Lists what is in a source of any kind but points, as `prepare` does first, and returns it. Raises `UserError`."""
    if not catalogue.opens(name):
        kind, path = _kind(name)
        return _part((yield from kind.scan(path)), split)
    download = catalogue.known(name)
    kind, path = _kind(str(download.located()))
    return catalogue.Downloaded(_part((yield from kind.scan(path)), split), download)


def _part(source: Source, split: Split) -> Source:
    return source.for_training() if split == "train" and isinstance(source, Files | Tar) else source


def _prepare(name: str, how: Preparation, base: Path) -> Generator[Progress | FirstImages, None, Dataset]:
    listed = yield from scan(name, how.split)
    if how.size is None:
        side = yield from resolution_of(listed, base)
        how = how.at((side, side))
    entry = entry_of(listed, how, base)
    dataset = load(entry, listed)
    if dataset is None:
        most = limit(base)  # what is wrong with it is said before the work
        yield from build(entry, listed, how)
        dataset = load(entry, listed, fresh=True)
        make_room(most, base, JUST_USED)
    if dataset is None:
        raise UserError(
            f"The images that were prepared in {quoted(str(entry))} cannot be read back.",
            "Check that disk, or let the environment variable GAN_STUDIO_CACHE name another folder.",
        )
    return dataset


def _kind(name: str) -> tuple[DataFormat, str]:
    """Who opens `name`, and `name` as it is to be opened (a leading ~ means the home folder)."""
    with _reached(name):
        for path in (name, _home(name)) if name.startswith("~") else (name,):
            if kind := _opener(path):
                return kind, path
        if name and _exists(name):
            raise UserError(
                f"{quoted(name)} is nothing that images can be read from.",
                "Open a folder of images, a zip or tar of them, .npy, .npz, MNIST's or CIFAR's files, or a video.",
            )
    raise UserError(f"{quoted(name)} does not exist.", "Check the path, or try the built-in sample:digits.")


@contextlib.contextmanager
def _reached(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # a folder above it that may not be entered, or a name that no disk would take
        raise UserError(
            f"{quoted(name[:200])} cannot be reached.", "Check the path and who may read it.", str(error)
        ) from error


def _opener(path: str) -> DataFormat | None:
    # Path("") is the current folder, which nobody asked for.
    return next((kind for kind in _formats() if path and kind.opens(path)), None)


@cache
def _formats() -> tuple[DataFormat, ...]:
    """The built-in samples, which go by a prefix, and then the formats by their ranks."""
    found = (cast(DataFormat, module("data.formats", component.name)) for component in ranked("data.formats"))
    return samples, *found


def _exists(name: str) -> bool:
    """As `Path.exists`, which from Python 3.14 on hides why it could not look. Raises `OSError`."""
    try:
        Path(name).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name with a zero in it
        return False
    return True


def _home(name: str) -> str:
    try:
        return str(Path(name).expanduser())
    except RuntimeError:  # ~somebody who has no home here
        return name
