"""Prepared datasets that were copied from another machine. They are opened by their fingerprint: `copied:FINGERPRINT`.

They stay outside the cache's limit of size, because the original images are not on this machine.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.config.preparation import Preparation
from core.data.cache.entries import LARGEST_META, cache_folder, load
from core.data.cache.exclusions import without
from core.data.dataset import Dataset
from core.data.names import content
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _

PREFIX = "copied:"
EXCLUDED = "excluded.json"
"""File with the names of the images that are left out."""
NAME = re.compile(r"[0-9a-f]{16,128}(-[0-9a-f]{32})?")
"""Name of a copy: the fingerprint of its images, and the digest of the names that are left out, if any are."""


def opens(source: str) -> bool:
    """Returns whether a source is the name of a copied dataset."""
    return source.startswith(PREFIX)


def copies_folder() -> Path:
    """Returns the folder of copied datasets, beside the cache's own."""
    return cache_folder().with_name("copied")


def copy_folder(name: str) -> Path:
    """Returns the folder of a copy; it need not exist. Raises `UserError` for an invalid name."""
    if not NAME.fullmatch(name):
        raise _absent(name)
    return copies_folder() / name


def dataset(source: str, how: Preparation) -> Dataset:
    """Opens a copied dataset without the images that are left out. Raises `UserError` if it is not there, or was
    prepared at another size."""
    name = source.removeprefix(PREFIX)
    folder = copy_folder(name)
    try:
        meta = json.loads(content(folder / "meta.json", LARGEST_META))
        found = load(folder, str(meta["source"]), str(meta["title"]), fresh=True)
        excluded = [str(each) for each in json.loads(content(folder / EXCLUDED, LARGEST_META))]
    except FOREIGN_ERRORS as error:
        raise _absent(name) from error
    if found is None:
        raise _absent(name)
    if how.size not in (None, found.size):
        raise UserError(
            _("The copied images of {title} have {width} x {height} px.").format(
                title=found.title, width=found.size[0], height=found.size[1]
            ),
            _("Add the training again with the new size, which copies the images at that size."),
        )
    return without(found, excluded)


def _absent(name: str) -> UserError:
    return UserError(
        _("The copied images {name} are not on this machine.").format(name=name[:40]),
        _("Add the training again, which copies them."),
    )
