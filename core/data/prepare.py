"""Preparation of a source into a `Dataset`: finds the format, lists the images, and reads them unless they are
cached."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from core.config.preparation import Preparation
from core.data.builtin import samples, toys
from core.data.cache import copied
from core.data.cache.entries import build, cache_folder, entry_of, load, resolution_of
from core.data.cache.exclusions import without_excluded
from core.data.cache.quota import limit, make_room
from core.data.dataset import Dataset
from core.data.download import catalog
from core.data.formats.image_files import Files
from core.data.formats.tar_archive import Tar
from core.data.names import quoted
from core.data.sides import two_sources
from core.data.source import DataFormat, Source
from core.errors import UserError
from core.events import FirstImages, Progress
from core.language import _
from core.registry import module, ranked

AUTOMATIC = Preparation()
JUST_USED = 60.0
"""Seconds after its last use in which a prepared dataset is not deleted; another process may be about to open it."""


def prepare(
    source: str | Path, how: Preparation = AUTOMATIC, cache: Path | None = None
) -> Generator[Progress | FirstImages, None, Dataset]:
    """Opens a source of images; yields `Progress` and perhaps `FirstImages`, and returns the `Dataset`.

    `source`: a folder, a zip or tar, arrays (.npy, .npz, .mat, IDX, CIFAR), a video, "sample:NAME", "download:NAME"
    after it was downloaded, "pair:A|B" (see `core.data.sides.two_sources`), "copied:FINGERPRINT" (see
    `core.data.cache.copied`), or "toy:NAME", which needs no cache.
    Without a size in `how`, images become squares of the largest power of two not above the median of their shorter
    sides, 64 px at most. `cache` replaces `cache_folder()`. Raises `UserError` for problems that the user can fix.
    Closing the generator stops at once.
    """
    whole = yield from prepare_whole(source, how, cache)
    return whole if whole.points or copied.opens(str(source)) else without_excluded(whole, cache)


def prepare_whole(
    source: str | Path, how: Preparation = AUTOMATIC, cache: Path | None = None
) -> Generator[Progress | FirstImages, None, Dataset]:
    """Prepares like `prepare`, but keeps images that the user left out."""
    if toys.opens(str(source)):
        return toys.dataset(str(source))
    if copied.opens(str(source)):
        return copied.dataset(str(source), how)
    return (yield from _prepare(str(source), how, cache if cache is not None else cache_folder()))


def opens(source: str) -> bool:
    """Returns whether `prepare` can open the source, by its name and first bytes.

    Raises `UserError` if it cannot be accessed.
    """
    if catalog.opens(source) or two_sources.opens(source) or copied.opens(source):
        return True
    with _reached(source):
        return _opener(source) is not None


def scan(name: str, how: Preparation = AUTOMATIC) -> Generator[Progress | FirstImages, None, Source]:
    """Lists the contents of a source of images without reading them, and returns the source: all of it, or the part or
    the halves that `how` says. Raises `UserError`."""
    if two_sources.opens(name):
        return (yield from _two_sources(name, replace(how, side_by_side="no")))
    if not catalog.opens(name):
        kind, path = _kind(name)
        return _part((yield from kind.scan(path)), how)
    download = catalog.known(name)
    kind, path = _kind(str(download.located()))
    return catalog.Downloaded(_part((yield from kind.scan(path)), how), download)


def _two_sources(name: str, how: Preparation) -> Generator[Progress | FirstImages, None, Source]:
    inputs, targets = two_sources.parts(name)
    for part in (inputs, targets):
        if toys.opens(part):
            raise UserError(
                _("{name} holds points, which cannot be one of two kinds of images.").format(name=quoted(part)),
                _("Open two folders of images."),
            )
    source = two_sources.TwoSources((yield from scan(inputs, how)), (yield from scan(targets, how)))
    if source.inputs.name == source.targets.name:
        raise UserError(
            _("{name} was given twice, as the inputs and as the targets.").format(name=quoted(source.inputs.name)),
            _("Open another folder as the targets, or choose a task that makes its own inputs, such as Denoise."),
        )
    return source


def _part(source: Source, how: Preparation) -> Source:
    if not isinstance(source, Files | Tar):
        return source
    if how.split == "train":
        source = source.for_training()
    return source if how.side_by_side == "no" else source.cut(how.side_by_side)


def _prepare(name: str, how: Preparation, base: Path) -> Generator[Progress | FirstImages, None, Dataset]:
    listed = yield from scan(name, how)
    if how.size is None:
        side = yield from resolution_of(listed, base)
        how = how.at((side, side))
    entry = entry_of(listed, how, base)
    dataset = load(entry, listed.name, listed.title)
    if dataset is None:
        most = limit(base)  # raises for an invalid limit before the work
        yield from build(entry, listed, how)
        dataset = load(entry, listed.name, listed.title, fresh=True)
        make_room(most, base, JUST_USED)
    if dataset is None:
        raise UserError(
            _("The prepared images in {folder} cannot be read.").format(folder=quoted(str(entry))),
            _("Check that disk, or set the environment variable GAN_STUDIO_CACHE to another folder."),
        )
    return dataset


def _kind(name: str) -> tuple[DataFormat, str]:
    """Returns the format that opens `name`, and `name` with a leading ~ replaced by the home folder."""
    with _reached(name):
        for path in (name, _home(name)) if name.startswith("~") else (name,):
            if kind := _opener(path):
                return kind, path
        if name and _exists(name):
            raise UserError(
                _("GAN Studio cannot read images from {name}.").format(name=quoted(name)),
                _("Open a folder of images, a zip or tar of images, .npy, .npz, MNIST or CIFAR files, or a video."),
            )
    raise UserError(
        _("{name} does not exist.").format(name=quoted(name)), _("Check the path, or try the built-in sample:digits.")
    )


@contextlib.contextmanager
def _reached(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # no permission for a parent folder, or an invalid name
        raise UserError(
            _("{name} cannot be accessed.").format(name=quoted(name[:200])),
            _("Check the path and its permissions."),
            str(error),
        ) from error


def _opener(path: str) -> DataFormat | None:
    # Path("") would be the current folder.
    return next((kind for kind in _formats() if path and kind.opens(path)), None)


@cache
def _formats() -> tuple[DataFormat, ...]:
    """Returns the built-in samples and downloads, which have a prefix, then the formats by rank."""
    found = (cast(DataFormat, module("data.formats", component.name)) for component in ranked("data.formats"))
    return samples, *found


def _exists(name: str) -> bool:
    """Returns whether a path exists. Raises `OSError` if that is unknown, unlike `Path.exists` of Python 3.14."""
    try:
        Path(name).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name with a null byte
        return False
    return True


def _home(name: str) -> str:
    try:
        return str(Path(name).expanduser())
    except RuntimeError:  # ~name of an unknown user
        return name
