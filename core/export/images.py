"""Images to files, to a zip, or to a contact sheet."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from core.data.pool import in_order
from core.errors import Problem
from core.events import Images, Progress, Saved
from core.export.recipe import KEY, Recipe
from core.sampler import Sampler
from core.selection import Format, Selection, Shape
from core.writing import replaced, unwritable

T = TypeVar("T")

SUFFIXES: dict[Format, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
QUALITY = 95
"""Of JPEG and WebP, in percent."""
AT_ONCE = 64
"""Images that are made before the next ones are asked for."""
MOST_ON_SHEET = 10_000
CAPTION = 14
"""Height of a name on a contact sheet, where tiles are wide enough for one."""
_NARROW = 48


class Named(NamedTuple):
    """An image, HWC, what its file is called without the suffix, and how it was made."""

    name: str
    image: Images
    recipe: str


def export_images(
    sampler: Sampler, selection: Selection, target: Path, shape: Shape | None = None, overwrite: bool = False
) -> Generator[Progress | Saved, None, None]:
    """Makes images and writes each under its name into the folder `target`, or all into the file `target`.

    Every PNG carries its recipe. Yields `Progress`, and `Saved` with the target at the end. Raises `Problem` before
    anything is written when a file exists and `overwrite` is not set.
    """
    shape = shape or Shape()
    with_recipe = shape.format == "png"

    def made() -> Iterator[Named]:
        for start in range(0, len(selection), AT_ONCE):
            part = selection.part(start, start + AT_ONCE)
            for index, image in enumerate(sampler.render(part, steady=True)):
                single = Recipe.of(sampler, part.part(index, index + 1)).text() if with_recipe else ""
                yield Named(selection.name(start + index), image, single)

    names = (selection.name(index) for index in range(len(selection)))
    if shape.packing == "sheet":
        _refuse_many(len(selection))
        whole = Recipe.of(sampler, selection.part(0, len(selection))).text() if with_recipe else ""
    else:
        whole = ""
    # On a processor, packing beside the generator takes cores from under its threads, which wait for one another.
    beside = sampler.device.type != "cpu"
    yield from _write(made(), names, len(selection), target, shape, overwrite, whole, beside)
    yield Saved(target, sampler.meta.step)


def export_pictures(
    images: Iterable[Images], names: Sequence[str], target: Path, shape: Shape | None = None, overwrite: bool = False
) -> Generator[Progress | Saved, None, None]:
    """The same for images that are there already, and of which nobody knows how they were made."""
    made = (Named(name, image, "") for name, image in zip(names, images, strict=True))
    yield from _write(made, iter(names), len(names), target, shape or Shape(), overwrite, "", beside=True)
    yield Saved(target, 0)


def encoded(image: Images, format: Format = "png", recipe: str = "") -> bytes:
    """One image, HWC, as a file's bytes. Transparent parts of a JPEG become white."""
    picture, file = _picture(image), io.BytesIO()
    if format == "png":
        notes = PngImagePlugin.PngInfo()
        if recipe:
            notes.add_itxt(KEY, recipe, zip=len(recipe) > 1000)
        picture.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=notes)
    elif format == "jpeg":
        if picture.mode == "RGBA":
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
        picture.save(file, "JPEG", quality=QUALITY, subsampling=0)
    else:
        picture.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()


def enlarged(image: Images, scale: int, smooth: bool) -> Images:
    """HWC, `scale` times as high and wide."""
    if scale == 1:
        return image
    if not smooth:
        return image.repeat(scale, 0).repeat(scale, 1)
    picture = _picture(image)
    larger = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS)
    return np.asarray(larger).reshape(larger.height, larger.width, -1)


def _write(
    made: Iterable[Named],
    names: Iterator[str],
    count: int,
    target: Path,
    shape: Shape,
    overwrite: bool,
    whole: str,
    beside: bool,
) -> Iterator[Progress]:
    """`whole`: the recipe of all; `beside`: whether images are packed while others are made."""
    suffix = SUFFIXES[shape.format]
    if shape.packing == "folder":
        refuse_taken(target, (f"{name}{suffix}" for name in names), overwrite)
    else:
        refuse_taken(target.parent, [target.name], overwrite)
    if shape.packing == "sheet":
        yield from _to_sheet(made, count, target, shape, whole)
    elif shape.packing == "zip":
        with replaced(target) as partial, zipfile.ZipFile(partial, "w") as archive:
            for done, (name, data) in _packed(made, shape, lambda name, data: (name, data), beside):
                archive.writestr(f"{name}{suffix}", data)
                yield Progress("Exporting images", done, count)
    else:
        saved = _packed(made, shape, lambda name, data: _save(target / f"{name}{suffix}", data), beside)
        for done, _ in saved:
            yield Progress("Exporting images", done, count)


def refuse_taken(folder: Path, files: Iterable[str], overwrite: bool) -> None:
    """Makes the folder. Raises `Problem` when one of the files is in it already and `overwrite` is not set."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise unwritable(folder, error) from error
    if taken := [name for name in files if name in there] if there and not overwrite else []:
        what = f"{len(taken)} of the files exist already in {folder}, such as {taken[0]}."
        raise Problem(
            f"{taken[0]} exists already in {folder}." if len(taken) == 1 else what,
            "Choose another place or name, or allow overwriting.",
        )


def _packed(
    made: Iterable[Named], shape: Shape, keep: Callable[[str, bytes], T], beside: bool
) -> Iterator[tuple[int, T]]:
    """What `keep` makes of each name and file, counted."""

    def job(named: Named) -> T:
        image = enlarged(named.image, shape.scale, shape.smooth)
        return keep(named.name, encoded(image, shape.format, named.recipe))

    if not beside:
        yield from enumerate(map(job, made), 1)
        return
    done = 0
    jobs = (partial(job, named) for named in made)
    with closing(in_order(jobs, min(4, os.cpu_count() or 1), ahead=AT_ONCE)) as results:
        for result in results:
            if result is not None:
                done += 1
                yield done, result


def _save(path: Path, data: bytes) -> Path:
    with replaced(path) as partial:
        partial.write_bytes(data)
    return path


def _refuse_many(count: int) -> None:
    if count > MOST_ON_SHEET:
        what = f"{count:,} images are too many for one sheet."
        raise Problem(what, f"Choose at most {MOST_ON_SHEET:,}, or a folder.")


def _to_sheet(made: Iterable[Named], count: int, target: Path, shape: Shape, whole: str) -> Iterator[Progress]:
    """All of them in one picture, named where there is room."""
    sheet: Image.Image | None = None
    columns = max(round(count**0.5), 1)
    for index, (name, image, _) in enumerate(made):
        tile = _picture(enlarged(image, shape.scale, shape.smooth))
        caption = CAPTION if tile.width >= _NARROW else 0
        if sheet is None:
            rows = -(-count // columns)
            mode = "RGBA" if tile.mode == "RGBA" else "RGB"
            sheet = Image.new(mode, (columns * tile.width, rows * (tile.height + caption)), "white")
        x, y = index % columns * tile.width, index // columns * (tile.height + caption)
        sheet.paste(tile, (x, y))
        if caption:
            _name(sheet, name, (x, y + tile.height), tile.width)
        yield Progress("Drawing the sheet", index + 1, count)
    assert sheet is not None
    _save(target, encoded(np.asarray(sheet), shape.format, whole))


def _name(sheet: Image.Image, name: str, place: tuple[int, int], width: int) -> None:
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION - 4)
    while name and pen.textlength(name, font) > width - 2:
        name = name[1:]  # numbers stand at the end
    pen.text((place[0] + 1, place[1]), name, "black", font)


def _picture(image: Images) -> Image.Image:
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
