"""Values of an export of images: what can be exported, what was chosen, and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.export.selection import FileOptions, ImageFormat, Packing, Selection
from core.language import _, plural
from core.latent.request import LatentRequest, Point
from core.runs.enlarging_model import EnlargingModel

FORMATS: dict[ImageFormat, tuple[str, str]] = {
    "png": (_("PNG"), _("Lossless; stores the recipe. Dropped on the window, it restores all settings.")),
    "jpeg": (_("JPEG"), _("Small files for photos; lossy, without transparency.")),
    "webp": (_("WebP"), _("Smaller than JPEG; lossy.")),
}
PACKINGS: dict[Packing, str] = {"folder": _("Separate files"), "zip": _("One zip"), "sheet": _("Contact sheet")}
ENDINGS: dict[ImageFormat, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
RECIPE_TIP = _(
    "Store the checkpoint's name and the latents in each PNG; dropped on the window, it restores all settings. "
    "Every file is marked as generated either way."
)


@dataclass(frozen=True)
class ExportChoice:
    """Choice of an export. `selection` is None for the selected images on screen. `target`: a folder, or one file."""

    selection: Selection | None
    target: Path
    file_options: FileOptions
    overwrite: bool
    enlarger: Path | None = None
    """Checkpoint that enlarges the images before they are written."""


@dataclass(frozen=True)
class Exportable:
    """Possible sources of an export.

    `shown`: the images on screen as a request, or None where only their pixels are known, `pictures` of them. `like`:
    the request whose settings other seeds take over. `size`: width and height, where known.
    """

    shown: LatentRequest | None = None
    pictures: int = 0
    like: Point = field(default_factory=Point)
    classes: Sequence[str] = ()
    size: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        """Number of images on screen."""
        return len(self.shown.positions) if self.shown else self.pictures

    @property
    def title(self) -> str:
        """Description of what is on screen."""
        if self.count == 1:
            return _("Image on screen") if self.shown else _("Selected image")
        return plural("{count} selected image", "{count} selected images", self.count)


def export_text(what: Exportable, choice: ExportChoice, model: EnlargingModel | None) -> str:
    """Returns what an export writes, and where. `model`: that of `choice.enlarger`."""
    count = what.count if choice.selection is None else len(choice.selection)
    options = choice.file_options
    scale = options.scale * (model.factor if model else 1)
    width, height = (side * scale for side in what.size or (0, 0))
    if options.packing == "sheet":
        return _("Contact sheet of {images}: {file}").format(images=_images(count, width, height), file=choice.target)
    images = _images_of_format(FORMATS[options.format][0], count, width, height)
    if options.packing == "folder":
        return _("{images} into {folder}").format(images=images, folder=choice.target)
    return _("{images} in {file}").format(images=images, file=choice.target)


def _images(count: int, width: int, height: int) -> str:
    """Returns the number of images and their size; a width of 0 is unknown."""
    if not width:
        return plural("{count} image", "{count} images", count)
    return plural(
        "{count} image of {width} × {height} px",
        "{count} images of {width} × {height} px",
        count,
        width=width,
        height=height,
    )


def _images_of_format(format: str, count: int, width: int, height: int) -> str:
    if not width:
        return plural("{count} {format} image", "{count} {format} images", count, format=format)
    return plural(
        "{count} {format} image of {width} × {height} px",
        "{count} {format} images of {width} × {height} px",
        count,
        format=format,
        width=width,
        height=height,
    )
