"""Recipes: the checkpoint and latent request of an image, stored in its PNG, from which it can be restored."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, PngImagePlugin

from core.data.names import opened, printable
from core.errors import FOREIGN_ERRORS, UserError
from core.latent.request import LatentRequest, read_request

if TYPE_CHECKING:
    from core.latent.sampler import Sampler

KEY = "gan-studio"
"""Of the text in a PNG."""
FORMAT, MOST_PLACES = 1, 10_000
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
"""That are looked into: Pillow would start other programs for some others."""


@dataclass(frozen=True)
class Recipe:
    """`checkpoint`: its digest, empty for a training that was running. `file`: what it was called, run and file.

    Whole paths would tell whoever is given the image about the person's disk.
    """

    request: LatentRequest
    checkpoint: str
    file: str
    step: int

    @classmethod
    def of(cls, sampler: Sampler, request: LatentRequest) -> Recipe:
        path = sampler.path
        run = path.parent.parent if path and path.parent.name == "checkpoints" else None
        name = f"{run.name}/{path.name}" if run and path else path.name if path else ""
        return cls(request, sampler.digest, printable(name), sampler.meta.step)

    def text(self) -> str:
        """As `read` finds it."""
        facts = {"format": FORMAT, "checkpoint": self.checkpoint, "file": self.file, "step": self.step}
        return f'{json.dumps(facts, ensure_ascii=False)[:-1]}, "request": {self.request.json()}}}'


def read(path: Path) -> Recipe | None:
    """The recipe in a PNG; None where there is none. Raises `UserError` for one that cannot be read, `OSError` for a
    file that is no image."""
    try:
        with opened(path) as file, Image.open(file, formats=FORMATS) as image:
            if not isinstance(image, PngImagePlugin.PngImageFile) or KEY not in image.info:
                return None
            text = str(image.info[KEY])
    except (
        *FOREIGN_ERRORS,
        SyntaxError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:  # Pillow's for hostile ones
        raise OSError(str(error)) from error
    try:
        facts: dict[str, Any] = json.loads(text)
        request = read_request(json.dumps(facts["request"]))
        if len(request.positions) > MOST_PLACES:
            raise ValueError(f"{len(request.positions)} places")
        return Recipe(request, str(facts["checkpoint"]), str(facts["file"]), int(facts["step"]))
    except FOREIGN_ERRORS as error:
        raise UserError(
            f"The recipe in {path.name} cannot be read.", "It was changed, or made by another version.", str(error)
        ) from error
