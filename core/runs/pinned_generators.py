"""Generators of pins: the EMA weights that a pin was made with, each stored as a small checkpoint.

Files are in the folder `pinned`, named by step and fingerprint of the weights, apart from the checkpoints that a
training prunes. Each is kept while a pin needs it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.checkpoint import Checkpoint, save
from core.durable_write import flush_folder
from core.errors import UserError
from core.language import _
from core.latent.explore_state import Maker

if TYPE_CHECKING:
    from torch import Tensor

    from core.checkpoint import Meta

FOLDER = "pinned"
NAME = re.compile(r"[0-9]{9,18}-[0-9a-f]{16}\.safetensors")


def generator_file(run: Path, maker: Maker) -> Path:
    """Returns the path of the generator of a pin, which need not exist."""
    return run / FOLDER / f"{maker.step:09d}-{maker.weights}.safetensors"


def keep_generator(run: Path, maker: Maker, meta: Meta, weights: dict[str, Tensor], preview: Tensor) -> Path:
    """Writes the EMA weights of a generator unless they exist, and returns their file.

    `preview`: uint8 HWC. Raises `UserError` if they cannot be written.
    """
    file = generator_file(run, maker)
    if file.parent.is_symlink():
        raise UserError(
            _("{folder} in {run} is a link to another folder.").format(folder=FOLDER, run=run.name),
            _("Remove the link and pin again."),
        )
    if not file.is_file():
        save(
            Checkpoint(meta, {**{f"G_ema.{name}": value for name, value in weights.items()}, "preview": preview}), file
        )
    return file


def remove_unneeded(run: Path, needed: Collection[Maker]) -> None:
    """Deletes generators that no pin needs; ignores errors of the disk, and files with other names."""
    kept = {generator_file(run, maker).name for maker in needed}
    folder = run / FOLDER
    with suppress(OSError):
        if folder.is_symlink():
            return
        for file in list(folder.iterdir()):
            if NAME.fullmatch(file.name) and file.name not in kept:
                file.unlink()
        flush_folder(folder)
