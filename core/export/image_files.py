"""Export of images as files, as a zip, or as a contact sheet."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from threadpoolctl import ThreadpoolController

from core.concurrency import in_order
from core.devices.memory import REMEDY
from core.durable_write import replaced, unwritable
from core.errors import UserError
from core.events import Images, Notice, Progress, Saved
from core.export.content_credentials import credentials
from core.export.recipe import KEY, TRANSLATION, Recipe
from core.export.selection import FileOptions, ImageFormat, Selection
from core.imaging import provenance
from core.language import _, plural
from core.latent.request import LatentRequest
from core.latent.sampler import STEADY, Sampler
from core.translation.apply import AppliedTranslator
from core.translation.tiles import whole

T = TypeVar("T")

SUFFIXES: dict[ImageFormat, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
QUALITY = 95
"""Quality of JPEG and WebP in percent."""
SMALL = 64 * 64
"""Pixels of an image up to which CPU cores are used for several images at once rather than for one."""
MOST_ON_SHEET = 10_000
CAPTION = 14
"""Height in pixels of a name on a contact sheet, if tiles are wide enough for names."""
_NARROW = 48


class NamedImage(NamedTuple):
    """Image, HWC, with its file name without extension, texts of its PNG by keyword, and whether it was generated."""

    name: str
    image: Images
    texts: Mapping[str, str] = {}
    generated: bool = True


class Enlarger(NamedTuple):
    """Trained model that enlarges images before they are written. `text`: about it, for PNGs, as JSON."""

    translator: AppliedTranslator
    text: str

    def enlarge_next(self, images: Iterator[NamedImage]) -> list[NamedImage]:
        """Takes an image, and returns it enlarged, as a `Part` does. Raises `UserError` if memory is full."""
        named = next(images)
        planes = np.ascontiguousarray(named.image.transpose(2, 0, 1))
        tiles = self.translator.translate(planes, remedy=REMEDY)  # an export has no choice of tiles
        return [named._replace(image=whole(tiles))]


Part = Callable[[], Iterable[NamedImage]]
"""Function that makes some of the images."""


class WorkerPool(NamedTuple):
    """Threads that make and encode images. `alone`: torch uses no further threads in them."""

    workers: int
    alone: bool = False

    @classmethod
    def of(cls, sampler: Sampler) -> WorkerPool:
        width, height = sampler.meta.settings.size
        if sampler.device.type != "cpu":
            return PACKERS
        return cls(torch.get_num_threads(), alone=True) if width * height <= SMALL else cls(1)

    def limits(self) -> Callable[[], AbstractContextManager[Any]]:
        """Returns a context for the jobs of workers that limits torch's threads; other threads are unaffected."""
        if not self.alone:
            return nullcontext
        pools = ThreadpoolController()

        def limit() -> AbstractContextManager[Any]:
            torch.get_num_threads()  # initializes a thread count that would override the limit later
            limited: AbstractContextManager[Any] = pools.limit(limits=1, user_api="openmp")
            return limited

        return limit


PACKERS = WorkerPool(min(4, os.cpu_count() or 1))


def export_images(
    sampler: Sampler,
    selection: Selection,
    target: Path,
    file_options: FileOptions | None = None,
    overwrite: bool = False,
    enlarger: Enlarger | None = None,
) -> Generator[Progress | Notice, None, Saved]:
    """Renders images and writes each by name into the folder `target`, or all into the file `target`.

    Every file is marked as generated (`core.imaging.provenance`), and a PNG holds its recipe if the options say so, and
    names the model of `enlarger`, which enlarges the images first. Yields `Progress`, and returns `Saved` with the
    target. Raises `UserError` before anything is written if a file exists and `overwrite` is not set.
    """
    file_options = file_options or FileOptions()
    with_recipe = file_options.format == "png" and file_options.recipe
    pool = WorkerPool.of(sampler) if enlarger is None else WorkerPool(1)
    turn = nullcontext() if pool.alone else Lock()  # not every device supports several threads

    def texts(request: LatentRequest) -> dict[str, str]:
        if not with_recipe:
            return {}
        found = {KEY: Recipe.of(sampler, request).text(), TRANSLATION: enlarger.text if enlarger else ""}
        return {keyword: text for keyword, text in found.items() if text}

    def made(start: int) -> Iterator[NamedImage]:
        part = selection.part(start, start + STEADY)
        with turn:
            images = sampler.render(part, steady=True)
        for index, image in enumerate(images):
            yield NamedImage(selection.name(start + index), image, texts(part.part(index, index + 1)))

    starts = range(0, len(selection), STEADY)
    parts: Iterator[Part] = (partial(made, start) for start in starts)
    if enlarger is not None:
        if enlarger.translator.colors == 1 and sampler.meta.channels >= 3:
            yield Notice(_("This model takes gray pictures, so colors are removed first."))
        # One by one in one worker, so that each shows in the progress, and canceling waits for one only.
        rendered = (named for start in starts for named in made(start))
        parts = repeat(partial(enlarger.enlarge_next, rendered), len(selection))
    names = (selection.name(index) for index in range(len(selection)))
    whole_texts: Mapping[str, str] = {}
    if file_options.packing == "sheet":
        _refuse_many(len(selection))
        whole_texts = texts(selection.part(0, len(selection)))
    yield from _write(parts, names, len(selection), target, file_options, overwrite, whole_texts, pool)
    return Saved(target, sampler.meta.step)


def export_pictures(
    images: Iterable[Images],
    names: Sequence[str],
    target: Path,
    file_options: FileOptions | None = None,
    overwrite: bool = False,
    *,
    generated: bool,
) -> Generator[Progress, None, Saved]:
    """Exports existing images like `export_images`, without recipes. `generated`: whether they are marked."""
    made = (NamedImage(name, image, {}, generated) for name, image in zip(names, images, strict=True))
    parts = (lambda named=named: [named] for named in made)
    yield from _write(parts, iter(names), len(names), target, file_options or FileOptions(), overwrite, {}, PACKERS)
    return Saved(target, 0)


def encoded(image: Images, format: ImageFormat, texts: Mapping[str, str] | None = None, *, generated: bool) -> bytes:
    """Encodes one image, HWC, marked if it was `generated`, and signed if content credentials are set.

    `texts`: of a PNG, by keyword. Transparent parts become white in a JPEG.
    """
    texts = texts or {}
    picture, file = _picture(image), io.BytesIO()
    mark = provenance.mark(format) if generated else {}
    if format == "png":
        notes = mark.get("pnginfo", PngImagePlugin.PngInfo())
        for keyword, text in texts.items():
            notes.add_itxt(keyword, text, zip=len(text) > 1000)
        picture.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=notes)
    elif format == "jpeg":
        if picture.mode == "RGBA":
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
        picture.save(file, "JPEG", quality=QUALITY, subsampling=0, **mark)
    else:
        picture.save(file, "WEBP", quality=QUALITY, method=4, **mark)
    owner = credentials() if generated else None
    return owner.sign(file.getvalue(), f"image/{format}", texts.get(TRANSLATION, "")) if owner else file.getvalue()


def enlarged(image: Images, scale: int, smooth: bool) -> Images:
    """Returns an image HWC enlarged by an integer factor."""
    if scale == 1:
        return image
    if not smooth:
        return image.repeat(scale, 0).repeat(scale, 1)
    picture = _picture(image)
    larger = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS)
    return np.asarray(larger).reshape(larger.height, larger.width, -1)


def _write(
    parts: Iterable[Part],
    names: Iterator[str],
    count: int,
    target: Path,
    file_options: FileOptions,
    overwrite: bool,
    whole_texts: Mapping[str, str],
    pool: WorkerPool,
) -> Iterator[Progress]:
    """Writes images as files, zip or sheet. `whole_texts`: of a PNG of all images; `count`: their number."""
    suffix = SUFFIXES[file_options.format]
    credentials()  # raises for invalid credentials before the work
    if file_options.packing == "folder":
        refuse_taken(target, (f"{name}{suffix}" for name in names), overwrite)
    else:
        refuse_taken(target.parent, [target.name], overwrite)
    if file_options.packing == "sheet":
        yield from _to_sheet(parts, count, target, file_options, whole_texts, pool)
        return

    def packed(named: NamedImage) -> tuple[str, bytes]:
        image = enlarged(named.image, file_options.scale, file_options.smooth)
        return f"{named.name}{suffix}", encoded(image, file_options.format, named.texts, generated=named.generated)

    def save(named: NamedImage) -> None:
        name, data = packed(named)
        _save(target / name, data)

    if file_options.packing == "folder":
        for done, _saved in _each(parts, save, pool):
            yield Progress(_("Exporting images"), done, count)
        return
    with replaced(target) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.comment = provenance.packet()
        for done, file in _each(parts, packed, pool):
            if file is not None:
                archive.writestr(*file)
            yield Progress(_("Exporting images"), done, count)


def refuse_taken(folder: Path, files: Iterable[str], overwrite: bool) -> None:
    """Creates the folder. Raises `UserError` if one of the files exists in it and `overwrite` is not set."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise unwritable(folder, error) from error
    if taken := [name for name in files if name in there] if there and not overwrite else []:
        what = plural(
            "{file} already exists in {folder}.",
            "{count} of the files already exist in {folder}, such as {file}.",
            len(taken),
            file=taken[0],
            folder=folder,
        )
        raise UserError(what, _("Choose another folder or name, or allow overwriting."))


def _each(parts: Iterable[Part], pack: Callable[[NamedImage], T], pool: WorkerPool) -> Iterator[tuple[int, T | None]]:
    """Yields the number of finished images, and the result of `pack` for the latest; None if there is nothing new, so
    that the caller can stop."""
    limit = pool.limits()

    def job(part: Part) -> list[T]:
        with limit():
            return [pack(named) for named in part()]

    jobs = (partial(job, part) for part in parts)
    with closing(in_order(jobs, pool.workers, ahead=2 * pool.workers)) as results:
        done = 0
        for result in results:
            if result is None:
                yield done, None
                continue
            for packed in result:
                done += 1
                yield done, packed


def _save(path: Path, data: bytes) -> None:
    with replaced(path) as partial:
        partial.write_bytes(data)


def _refuse_many(count: int) -> None:
    if count > MOST_ON_SHEET:
        raise UserError(
            plural(
                "{count} image is too many for a contact sheet.",
                "{count} images are too many for a contact sheet.",
                count,
            ),
            plural(
                "Choose at most {count} image, or export to a folder.",
                "Choose at most {count} images, or export to a folder.",
                MOST_ON_SHEET,
            ),
        )


def _to_sheet(
    parts: Iterable[Part],
    count: int,
    target: Path,
    file_options: FileOptions,
    whole_texts: Mapping[str, str],
    pool: WorkerPool,
) -> Iterator[Progress]:
    """Writes all images as one contact sheet, with names if there is room."""
    sheet: Image.Image | None = None
    columns = max(round(count**0.5), 1)

    def tile_of(named: NamedImage) -> tuple[str, Image.Image]:
        return named.name, _picture(enlarged(named.image, file_options.scale, file_options.smooth))

    for done, made in _each(parts, tile_of, pool):
        if made is not None:
            name, tile = made
            caption = CAPTION if tile.width >= _NARROW else 0
            if sheet is None:
                rows = -(-count // columns)
                mode = "RGBA" if tile.mode == "RGBA" else "RGB"
                sheet = Image.new(mode, (columns * tile.width, rows * (tile.height + caption)), "white")
            x, y = (done - 1) % columns * tile.width, (done - 1) // columns * (tile.height + caption)
            sheet.paste(tile, (x, y))
            if caption:
                _name(sheet, name, (x, y + tile.height), tile.width)
        yield Progress(_("Drawing the sheet"), done, count)
    assert sheet is not None
    _save(target, encoded(np.asarray(sheet), file_options.format, whole_texts, generated=True))


def _name(sheet: Image.Image, name: str, position: tuple[int, int], width: int) -> None:
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION - 4)
    while name and pen.textlength(name, font) > width - 2:
        name = name[1:]  # keeps the end, which has the number
    pen.text((position[0] + 1, position[1]), name, "black", font)


def _picture(image: Images) -> Image.Image:
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
