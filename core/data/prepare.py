"""From what a person opens to a `Dataset`: find the kind, list, look in the cache, and read only what is missing."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from core.data import archive, folder, samples, toys
from core.data.cache import build, cache_folder, entry_of, load, resolution_of
from core.data.dataset import Dataset
from core.data.source import LARGEST, SMALLEST, Kind, Size, quoted
from core.errors import Problem
from core.events import Progress

KINDS: tuple[Kind, ...] = (samples, folder, archive)


def prepare(
    source: str | Path, size: Size | None = None, alpha: bool = False, cache: Path | None = None
) -> Generator[Progress | Dataset, None, None]:
    """Yields `Progress` while it works and at the end exactly one `Dataset`.

    `source` is a folder, a zip, "sample:NAME", or "toy:NAME", which has no size and needs no cache.
    `size` is the width and height that images are cropped and resized to, each in [8, 1024]; None takes the squares
    that suit them: of the power of two below or equal to the median of their shorter sides, 64 at most. `alpha` makes
    them RGBA if one of them is not opaque everywhere; else all lie on white. `cache` replaces `cache_folder()`.
    Raises `Problem` for whatever a person can mend; closing the generator stops at once.
    """
    if toys.opens(str(source)):
        yield toys.dataset(str(source))
        return
    if size is not None and not all(SMALLEST <= side <= LARGEST for side in size):
        raise Problem(
            "Images cannot be prepared at {} x {} px.".format(*size),
            f"Choose a width and a height from {SMALLEST} to {LARGEST} px.",
        )
    yield from _prepare(str(source), size, alpha, cache)


def _prepare(name: str, size: Size | None, alpha: bool, base: Path | None) -> Generator[Progress | Dataset, None, None]:
    base = base if base is not None else cache_folder()
    kind, path = _kind(name)
    listed = yield from kind.scan(path)
    if size is None:
        side = yield from resolution_of(listed, base)
        size = side, side
    entry = entry_of(listed, size, alpha, base)
    dataset = load(entry, listed)
    if dataset is None:
        yield from build(entry, listed, size, alpha)
        dataset = load(entry, listed)
    if dataset is None:
        raise Problem(
            f"The images that were prepared in {quoted(str(entry))} cannot be read back.",
            "Check that disk, or let the environment variable GAN_STUDIO_CACHE name another folder.",
        )
    yield dataset


def _kind(name: str) -> tuple[Kind, str]:
    """Who opens `name`, and `name` as it is to be opened (a leading ~ means the home folder)."""
    try:
        for path in (name, _home(name)) if name.startswith("~") else (name,):
            for kind in KINDS:
                if kind.opens(path):
                    return kind, path
        if name and _exists(name):
            raise Problem(
                f"{quoted(name)} is neither a folder nor a zip.", "Open a folder of images, or a zip of them."
            )
    except OSError as error:  # a folder above it that may not be entered, or a name that no disk would take
        raise Problem(
            f"{quoted(name[:200])} cannot be reached.", "Check the path and who may read it.", str(error)
        ) from error
    raise Problem(f"{quoted(name)} does not exist.", "Check the path, or try the built-in sample:digits.")


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
