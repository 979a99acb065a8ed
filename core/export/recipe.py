"""Recipes: checkpoint and latent request of an image, stored in its PNG, from which it can be rendered again."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from core.data.decode import header_size
from core.data.formats.image_files import LARGEST_FILE
from core.data.names import opened_regular, printable
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _
from core.latent.request import MOST_PLACES, ForeignRequest, LatentRequest
from core.runs.pinned_generators import FOLDER

if TYPE_CHECKING:
    from core.latent.sampler import Sampler

KEY = "gan-studio"
"""Keyword of the text chunk in a PNG."""
TRANSLATION = "gan-studio-translation"
"""Keyword of the text chunk that tells which translator a PNG was made with, as JSON."""
FORMAT = 1
FOLDERS = "checkpoints", FOLDER
"""Folders of a run that may hold the generator."""
LONGEST = 2**20
"""Maximum bytes of a recipe; Pillow refuses images with longer text."""
LONGEST_FILE, LONGEST_DIGEST = 2**12, 2**8
"""Characters."""
_PNG, _KEY = b"\x89PNG\r\n\x1a\n", KEY.encode() + b"\0"
_MOST_CHUNKS, _FRAME = 10_000, 1000
"""Maximum chunks of a PNG before its pixels, and bytes of the text chunk before the recipe."""


@dataclass(frozen=True)
class Recipe:
    """Recipe of an image. `checkpoint`: digest, empty for a running training. `file`: names of run and file.

    It holds no whole paths, which would disclose the user's folders.
    """

    request: ForeignRequest
    checkpoint: Annotated[str, Field(max_length=LONGEST_DIGEST)]
    file: Annotated[str, Field(max_length=LONGEST_FILE)]
    step: Annotated[int, Field(ge=0, lt=2**63)]

    @classmethod
    def of(cls, sampler: Sampler, request: LatentRequest) -> Recipe:
        return cls(request, sampler.digest, stored_name(sampler.path), sampler.meta.step)

    def text(self) -> str:
        """Returns the text that `read` reads; empty if it is too long."""
        if max(len(self.request.positions), len(self.request.trajectory.points)) > MOST_PLACES:
            return ""
        facts = {"format": FORMAT, "checkpoint": self.checkpoint, "file": self.file, "step": self.step}
        text = f'{json.dumps(facts, ensure_ascii=False)[:-1]}, "request": {self.request.json()}}}'
        return text if len(text.encode()) <= LONGEST else ""


_RECIPES = TypeAdapter(Recipe)


def stored_name(checkpoint: Path | None) -> str:
    """Returns the names of run and file of a checkpoint, or of the file outside of a run; empty for None."""
    if checkpoint is None:
        return ""
    is_in_run = checkpoint.parent.name in FOLDERS
    return printable(f"{checkpoint.parent.parent.name}/{checkpoint.name}" if is_in_run else checkpoint.name)


def read(path: Path) -> Recipe | None:
    """Returns the recipe in a PNG; None if there is none.

    Raises `UserError` for a recipe that cannot be read, and `OSError` for a file that is not an image or is too large.
    """
    with opened_regular(path, LARGEST_FILE) as file:
        is_png = file.read(len(_PNG)) == _PNG
        file.seek(0)
        try:
            header_size(file)
        except Exception as error:  # decoders raise any exception for a damaged file
            raise OSError(str(error)) from error
        if not is_png:
            return None
        try:
            text = _text(file)
            return None if text is None else _recipe(text, path)
        except (*FOREIGN_ERRORS, zlib.error) as error:
            raise UserError(
                _("The recipe in {file} cannot be read.").format(file=path.name),
                _("It is damaged or was written by another version. Update GAN Studio, or open the checkpoint itself."),
                str(error),
            ) from error


def _recipe(text: bytes, path: Path) -> Recipe:
    facts = json.loads(text)
    if facts.get("format", 0) > FORMAT:
        what = _("The recipe in {file} was written by a newer GAN Studio.").format(file=path.name)
        raise UserError(what, _("Update GAN Studio and open the image again."))
    return _RECIPES.validate_json(text)


def _text(file: IO[bytes]) -> bytes | None:
    """Returns the text chunk with our keyword before the pixels of a PNG; None if there is none.

    Nothing else of the file is read. Raises `ValueError` for a damaged or too long text.
    """
    file.seek(len(_PNG))
    for _chunk in range(_MOST_CHUNKS):
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in (b"IDAT", b"IEND", b""):
            return None
        begun = file.read(min(length, len(_KEY))) if kind == b"iTXt" else b""
        if begun == _KEY:
            if length > LONGEST + _FRAME:
                raise ValueError(f"{length:,} bytes")
            data = begun + file.read(length - len(begun))
            if zlib.crc32(kind + data) != int.from_bytes(file.read(4), "big"):
                raise ValueError("wrong checksum")
            return _unpacked(data)
        file.seek(length - len(begun) + 4, 1)
    return None


def _unpacked(data: bytes) -> bytes:
    """Returns the text of an iTXt chunk, decompressed; it follows keyword, compression, language and translation."""
    is_packed, method = data[len(_KEY)], data[len(_KEY) + 1]
    text = data[len(_KEY) + 2 :].split(b"\0", 2)[2]
    if is_packed:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(text, LONGEST + 1) if method == 0 else b""
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST:,} bytes")
    return text
