"""Job that applies a trained translator to pictures, folders of pictures and films, and writes the results."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from core.checkpoint import Checkpoint, load
from core.concurrency import run_to_end
from core.data.decode import TooLargeError, UnreadableError, decode_whole, has_more, reason
from core.data.formats import folder, video
from core.data.formats.image_files import LARGEST_FILE
from core.data.items import Skipped
from core.data.names import opened_regular, printable
from core.durable_write import replaced, unwritable
from core.errors import UserError
from core.events import Event, Notice, Progress
from core.export.content_credentials import credentials
from core.export.image_files import Enlarger
from core.export.recipe import FORMAT, TRANSLATION, stored_name
from core.imaging.png_stream import PngStream
from core.language import _, number, titled
from core.language import listed as joined
from core.runs.enlarging_model import enlarging_model
from core.translation.apply import AppliedTranslator
from core.translation.tiles import Planes

MASK = ".mask.png"
"""Ending of the mask of a picture: white where the task repair fills."""


@dataclass(frozen=True)
class Applied(Event):
    """Picture or film that was translated, and is complete on the disk."""

    source: str
    path: Path


@dataclass(frozen=True)
class Application:
    """Request to apply a translator to files.

    `sources`: pictures, folders and films. `target`: folder for the results. `strength`: from 0, the picture, to 1, the
    translation. `mask`: of every picture to repair, instead of their own. `recipe`: whether a PNG tells the checkpoint.
    `left_out`: files of the folders that are not translated.
    """

    sources: tuple[Path, ...]
    target: Path
    strength: float = 1.0
    mask: Path | None = None
    recipe: bool = True
    left_out: frozenset[Path] = frozenset()


class LoadedTranslator:
    """Translator of a checkpoint, with the text about it that goes into a PNG."""

    def __init__(self, checkpoint: Checkpoint, file: str = "", device: str = "auto", tile: int | None = None) -> None:
        """Builds the translator of a checkpoint. `file`: its name as `stored_name` returns it. Raises `UserError` as
        `AppliedTranslator` does."""
        settings = checkpoint.meta.settings
        self.translator = AppliedTranslator(settings, checkpoint.meta.channels, checkpoint.part("G_ema"), device, tile)
        self._facts = {"format": FORMAT, "checkpoint": checkpoint.digest, "file": file}
        self._facts |= {"step": checkpoint.meta.step, "task": settings.task}

    @classmethod
    def open(cls, path: Path, device: str = "auto", tile: int | None = None) -> LoadedTranslator:
        """Opens a checkpoint. Raises `UserError` as `core.checkpoint.load` and `AppliedTranslator` do, and for a
        training that makes images from noise."""
        checkpoint = load(path, ("G_ema",))
        if not checkpoint.meta.settings.translates:
            raise UserError(
                _("{file} makes images from noise, and cannot be applied to pictures.").format(file=path.name),
                _("Choose a checkpoint of a training from image to image."),
            )
        return cls(checkpoint, stored_name(path), device, tile)

    def recipe(self, strength: float) -> str:
        """Returns the text about a translation: the checkpoint's digest, name and step, the task and the strength."""
        return json.dumps(self._facts | {"strength": strength}, ensure_ascii=False)


def open_enlarger(path: Path, device: str = "auto") -> Enlarger:
    """Opens a checkpoint whose task is to enlarge, for `core.export.image_files.export_images`.

    Raises `UserError` as `enlarging_model` and `LoadedTranslator.open` do.
    """
    enlarging_model(path)  # refuses another one before its weights are read
    loaded = LoadedTranslator.open(path, device)
    return Enlarger(loaded.translator, loaded.recipe(1.0))


@dataclass(frozen=True)
class Source:
    """Picture or film: its name for people, the place of its result in the target folder, and how it is opened."""

    name: str
    place: Path
    open: Callable[[], IO[bytes]]
    path: Path
    is_film: bool = False

    @classmethod
    def of(cls, path: Path) -> Source:
        """Returns the picture or film in a file."""
        opened = partial(opened_regular, path, None)
        return cls(printable(path.name), Path(path.name), opened, path, video.opens(str(path)))


def apply(loaded: LoadedTranslator, application: Application) -> Generator[Event, None, tuple[Applied, ...]]:
    """Translates pictures and films one after another into the target folder, without replacing any file.

    A picture becomes a PNG, a film an .mp4; each name that is taken gets a number. Every file is marked as generated
    (`core.imaging.provenance`). Yields `Progress`, `Applied` for each result, and a `Notice` for what cannot be read.
    Closing it leaves no unfinished file. Raises `UserError` if nothing could be translated, or nothing be written.
    """
    sources, skipped = yield from listed(application.sources, loaded.translator.repairs, application.target)
    sources = [source for source in sources if source.path not in application.left_out]
    yield from (Notice(titled(each.name, each.reason)) for each in skipped)
    credentials()  # raises for invalid credentials before the work
    results: list[Applied] = []
    problems: list[UserError] = []
    said: set[Event] = set()
    created = _folders_to_create({(application.target / source.place).parent for source in sources})
    try:
        for index, source in enumerate(sources):
            work = _film(loaded, application, source) if source.is_film else _picture(loaded, application, source)
            try:
                with closing(work):
                    while True:
                        try:
                            event = next(work)
                        except StopIteration as end:
                            results.append(Applied(source.name, end.value))
                            yield results[-1]
                            break
                        if isinstance(event, Progress):
                            yield event if len(sources) == 1 else Progress(event.text, index, len(sources))
                        elif event not in said:
                            yield event
                            said.add(event)
            except _PictureError as problem:
                problems.append(problem)
                yield Notice(str(problem))
    finally:
        for path in created:
            with suppress(OSError):  # it holds results
                path.rmdir()
    if not results:
        raise problems[0] if problems else _nothing(application.sources)
    yield Progress(_("Translating"), len(sources), len(sources))
    return tuple(results)


class _PictureError(UserError):
    """Error that concerns one picture; the others are translated."""


def listed(
    sources: Sequence[Path], with_masks: bool, target: Path | None = None
) -> Generator[Event, None, tuple[list[Source], tuple[Skipped, ...]]]:
    """Returns the pictures and films in some files and folders, each once, without masks if there are any, and what is
    skipped.

    `target`: folder of earlier results, which are left out if it lies inside one of the folders.

    Raises `UserError` for a path that does not exist, and as `core.data.formats.folder.scan` does.
    """
    found: dict[Path, Source] = {}
    skipped: list[Skipped] = []
    for path in sources:
        if path.is_dir():
            events = folder.scan(str(path))
            yield Progress(_("Looking for images"), 0, 0)
            files = run_to_end(events)
            skipped += files.skipped
            root, results = path.resolve(), target.resolve() if target else None
            earlier = results.relative_to(root) if results and root in results.parents else None
            for file in files.files:
                inside = Path(*file.name.split("/"))
                if earlier not in inside.parents:
                    found.setdefault(path / inside, Source(printable(file.name), inside, file.open, path / inside))
        elif not path.exists():
            raise UserError(_("There is no file {file}.").format(file=path), _("Check the path."))
        else:
            found.setdefault(path, Source.of(path))
    kept = [source for source in found.values() if not (with_masks and source.name.lower().endswith(MASK))]
    return kept, tuple(skipped)


def _picture(
    loaded: LoadedTranslator, application: Application, source: Source
) -> Generator[Progress | Notice, None, Path]:
    """Translates a picture into a PNG, whose rows are written as they are made. Returns its path."""
    translator = loaded.translator
    picture, mask = read(translator, source, application.mask)
    if translator.colors == 1 and len(picture) >= 3:
        yield Notice(_("This model takes gray pictures, so colors are removed first."))
    with suppress(Exception), source.open() as file:  # it could be read above
        if has_more(file):
            yield Notice(_("Some pictures have several frames or pages, of which only the first is translated."))
    try:
        parts = translator.translate(picture, application.strength, mask)
    except UserError as problem:  # nothing to repair
        raise _PictureError(titled(source.name, problem.what), problem.remedy) from problem
    height, width = (side * translator.scale for side in picture.shape[1:])
    text = _("Translating {name}").format(name=source.name)
    target = _free(application.target / source.place.with_suffix(".png"))
    notes = {TRANSLATION: loaded.recipe(application.strength)} if application.recipe else {}
    with replaced(target) as unfinished:
        with unfinished.open("wb") as file:
            stream: PngStream | None = None
            for part in parts:
                if stream is None and len(part.rows):
                    stream = PngStream(file, width, height, part.rows.shape[2], notes)
                if stream is not None:
                    stream.write(part.rows)
                yield Progress(text, part.done, part.total)
            assert stream is not None  # a picture has rows
            stream.close()
        if owner := credentials():
            owner.sign_file(unfinished, "image/png")
    return target


def _film(
    loaded: LoadedTranslator, application: Application, source: Source
) -> Generator[Progress | Notice, None, Path]:
    """Translates a film into an .mp4. Returns its path."""
    from core.jobs.apply_film import (
        UndecodableError,
        translate_film,
    )  # here because films are rare and their libraries large

    if loaded.translator.repairs:
        raise _PictureError(
            _("{name} is a film, and the parts to repair are marked in pictures only.").format(name=source.name),
            _("Save its frames as pictures with transparent parts, and apply the model to these."),
        )
    try:
        run_to_end(video.scan(str(source.path)))
    except UserError as problem:
        raise _PictureError(problem.what, problem.remedy, problem.details) from problem
    if loaded.translator.colors == 1:
        yield Notice(_("This model takes gray pictures, so colors are removed first."))
    target = _free(application.target / source.place.with_suffix(".mp4"))
    try:
        yield from translate_film(loaded.translator, source.path, target, application.strength)
    except UndecodableError as problem:
        raise _PictureError(problem.what, problem.remedy, problem.details) from problem
    return target


def read(translator: AppliedTranslator, source: Source, mask: Path | None = None) -> tuple[Planes, Planes | None]:
    """Reads a picture in its own size, and its mask: the given one, or the one beside it. Raises `UserError`."""
    picture = read_picture(source)
    return picture, _mask(mask, source, picture) if translator.repairs else None


def read_picture(source: Source) -> Planes:
    """Reads a picture, or the first frame of a film, in its own size. Raises `UserError`."""
    if source.is_film:
        from core.jobs.apply_film import first_frame  # here because films are rare and their libraries large

        return first_frame(source.path)
    return _read(source.name, source.open)


def _read(name: str, open: Callable[[], IO[bytes]]) -> Planes:
    """Reads a picture in its own size. Raises `_PictureError`."""
    try:
        with open() as file:
            if file.seek(0, os.SEEK_END) > LARGEST_FILE:
                raise TooLargeError(_("larger than {size} MB").format(size=number(LARGEST_FILE // 2**20)))
            file.seek(0)
            return decode_whole(BytesIO(file.read()))
    except Exception as error:  # decoders raise any exception for a damaged file
        what = _("{file} cannot be read as an image: {reason}.").format(file=name, reason=reason(error))
        if isinstance(error, TooLargeError | MemoryError):
            remedy = _("Cut it into parts, or make it smaller.")
        elif isinstance(error, UnreadableError):
            remedy = _("Save it as a PNG or JPEG.")
        else:
            remedy = _("Choose a PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF.")
        raise _PictureError(what, remedy, str(error)) from error


def _mask(given: Path | None, source: Source, picture: Planes) -> Planes | None:
    """Returns the mask of a picture to repair; None if its transparent pixels are to be filled."""
    path = given or source.path.with_name(f"{source.path.stem}{MASK}")
    if given is None and not path.exists():
        return None
    mask = _read(path.name, partial(opened_regular, path, None))
    if mask.shape[1:] != picture.shape[1:]:
        height, width = mask.shape[1:]
        raise _PictureError(
            _("The mask of {name} has {width} x {height} px, unlike the picture.").format(
                name=source.name, width=number(width), height=number(height)
            ),
            _("Save the mask in the size of the picture."),
        )
    return np.where(mask[:3].max(0, keepdims=True) >= 128, 255, 0).astype(np.uint8)


def _free(path: Path) -> Path:
    """Returns the path, with a number if a file has that name; creates its folder. Raises `UserError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return next(each for each in _numbered(path) if _is_free(each))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _PictureError(
                _("The name of {name} is too long for its result.").format(name=printable(path.stem)),
                _("Give it a shorter name."),
            ) from error
        raise unwritable(path, error) from error


def _is_free(path: Path) -> bool:
    """Returns whether no file or link has that name. Raises `OSError`, where `Path.exists` may return False."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    return False


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    count = 2
    while True:
        yield path.with_name(f"{path.stem}-{count}{path.suffix}")
        count += 1


def _folders_to_create(folders: Iterable[Path]) -> list[Path]:
    """Returns those of some folders and their parents that do not exist yet, innermost first."""
    missing = {each for place in folders for each in (place, *place.parents) if not each.exists()}
    return sorted(missing, key=lambda each: len(each.parts), reverse=True)


def _nothing(sources: Sequence[Path]) -> UserError:
    return UserError(
        _("There is nothing to translate in {name}.").format(name=joined(path.name for path in sources)),
        _("Give pictures, folders of pictures, or films."),
    )
