"""Foreign bytes of every kind are read or refused with a sentence, soon and in little memory.

`make campaign` mutates a hundred thousand of each kind; the suite some dozens.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from random import Random
from socket import gethostname
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from core.checkpoint import DIGEST, KEY, _digest, load, save, summary
from core.concurrency import run_to_end
from core.config.preparation import Fit, Preparation
from core.config.settings import Settings, validate
from core.data.batches import Batches
from core.data.cache import quota
from core.data.health.examine import examine
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Edited
from core.export import recipe
from core.export.animation import Animation
from core.export.checkpoint_lookup import find_checkpoint
from core.export.timelapse import export_timelapse
from core.jobs import inspect
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.request import LatentRequest, Loop, Mix, Point, Square, Walk
from core.latent.sampler import Sampler
from core.presets import preset, presets
from core.report.write import write_report
from core.runs import retention
from core.runs.pin_store import saved_pins_of
from core.runs.report_table import copy_of
from core.runs.run import Run
from core.runs.run_lock import alive
from core.runs.sample_grid import read_tiles
from core.trainer import Trainer
from studio.model.train import OpenedRun
from studio.services.train.checkpoint_list import read_checkpoints, read_runs
from studio.services.train.run_loader import read_run
from tests.core import campaign, sources
from tests.core.mutations import mutated_bytes, mutated_json
from tests.core.tiny import FIXED, dataset_for, finished, save_pictures, tiny_trainer

COUNT = int(os.environ.get("GAN_STUDIO_MUTATIONS", campaign.tries(30, 100_000)))
FIRST = int(os.environ.get("GAN_STUDIO_FIRST_MUTATION", "0"))
"""Mutated files of each kind, and the number of the first."""
MEMORY, PER_BYTE = 256 * 2**20, 64
"""Bytes that one file may take, and for each of its own bytes."""
SECONDS = 10
FEW = 6
"""Pictures of a dataset."""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and setitimer")
Case = Callable[[Random, Path], None]
"""Reads one mutated file, made in an empty folder. May raise `UserError`."""


@contextmanager
def bounded(folder: Path, memory: int = MEMORY, per_byte: int = PER_BYTE) -> Iterator[None]:
    """Fails what takes too long or too much memory for the files in a folder."""

    def stop(*_: object) -> None:
        raise AssertionError(f"more than {SECONDS} s")

    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak from now on
    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    # A file with holes may say that it is as long as it likes.
    size = sum(min(path.stat().st_size, 512 * path.stat().st_blocks) for path in folder.rglob("*") if path.is_file())
    taken = _resident("VmHWM") - before
    assert taken <= memory + per_byte * size, f"{taken:,} bytes of memory for {size:,}"


def _resident(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


def run(case: Case, kind: str, folder: Path) -> None:
    """Fails with every kind of failure and the number of its first file."""
    failures: dict[str, tuple[int, BaseException]] = {}
    for number in range(FIRST, FIRST + COUNT):
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        refusal = None
        try:
            with bounded(work):
                case(Random(f"{kind} {number}"), work)
        except UserError as error:
            refusal = error
        except Exception as error:
            failures.setdefault(f"{type(error).__name__} {_place(error)}", (number, error))
        assert refusal is None or (refusal.remedy and "\n" not in str(refusal)), f"{kind} {number}: {refusal}"
        if number % 500 == 499:
            gc.collect()
    if failures:
        each = "\n".join(f"{number}: {place}: {failure!r}" for place, (number, failure) in failures.items())
        raise AssertionError(f"{kind}, by the number of the file:\n{each}") from next(iter(failures.values()))[1]


def _place(error: BaseException) -> str:
    """Returns the file and line where an error was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else ""


# Checkpoints

NETWORKS = ("gan", "cgan", "infogan", "stylegan2_ada", "sngan", "playground")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    made = []
    for name in NETWORKS:
        path = tmp_path_factory.mktemp("checkpoints") / "a.safetensors"
        save(finished(tiny_trainer(name, steps=1)).checkpoint(), path)
        made.append(path.read_bytes())
    return made


def test_checkpoints(checkpoints: list[bytes], tmp_path: Path) -> None:
    def case(random: Random, folder: Path) -> None:
        path = folder / "000000001.safetensors"
        path.write_bytes(_mutated_checkpoint(random, random.choice(checkpoints)))
        if random.random() < 0.85:
            _reseal(path)
        for read in (summary, inspect.checkpoint):
            with suppress(UserError):
                read(path)
        found = load(path)
        Sampler.of(found, "cpu").render(LatentRequest.of_seeds([0, 2**32 - 1]))
        settings = found.meta.settings.changed(batch=8, device="cpu", samples=4, steps=found.meta.step + 2)
        is_quick = max(settings.size) <= 32 and settings.width <= 16 and settings.d_steps <= 2
        if is_quick and random.random() < 0.3:
            finished(Trainer(settings, dataset_for(settings), FIXED, found)).checkpoint()

    run(case, "checkpoint", tmp_path)


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def _joined(header: dict[str, Any], values: bytes) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + values


def _mutated_checkpoint(random: Random, whole: bytes) -> bytes:
    header, values = _split(whole)
    match random.randrange(5):
        case 0:
            return mutated_bytes(random, whole)
        case 1:
            return mutated_bytes(random, whole, reach=len(whole) - len(values))
        case 2 | 3:
            meta = mutated_json(random, json.loads(header["__metadata__"][KEY]))
            header["__metadata__"][KEY] = json.dumps(meta)
        case _:
            for _ in range(random.choice([1, 1, 3])):
                _change_tensor(random, header)
    return _joined(header, values)


TYPES = ["F32", "F16", "BF16", "F64", "I64", "I32", "U8", "BOOL", "U32", "F8_E4M3", "C64", "X"]
NAMES = ["G_ema.x", "opt_G.x.y", "opt_D.99999.exp_avg", "opt_G.0", "opt_G.-1.step", "augment.p", "random.torch", ""]


def _change_tensor(random: Random, header: dict[str, Any]) -> None:
    name = random.choice([name for name in header if name != "__metadata__"])
    entry, shape = header[name], header[name]["shape"]
    match random.randrange(5):
        case 0:
            entry["dtype"] = random.choice(TYPES)
        case 1:
            shapes = [[], [int(np.prod(shape))], shape[::-1], [1, *shape], [0], [2**63], [2**32, 2**32], [-1], [1] * 65]
            entry["shape"] = random.choice(shapes)
        case 2:
            entry["data_offsets"] = [random.choice([0, -1, 2**63, entry["data_offsets"][0] + 4]), 2**31]
        case 3:
            header[random.choice(NAMES)] = header.pop(name)
        case _:
            header.pop(name)


def _reseal(path: Path) -> None:
    """Writes the digest that belongs to the file, as who makes it on purpose would."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
            tensors = load_file(path)
        digest = _digest(metadata[KEY], tensors, lambda name: tensors[name].numpy())
    except (SafetensorError, KeyError, TypeError, ValueError, OSError, RuntimeError, AttributeError):
        return
    header, values = _split(path.read_bytes())
    header["__metadata__"][DIGEST] = digest
    path.write_bytes(_joined(header, values))


# Recipes

POINT = Point(3, psi=0.7)
REQUESTS = (
    LatentRequest.of_seeds([1, 2, 3]),
    LatentRequest(Walk((POINT, Point(1), Point(2)), closed=True, easing="smooth"), (0.5, 1.5, 2.7)),
    LatentRequest(Square((POINT, POINT, Point(1), Point(2))), ((0.1, 0.2), (0.3, 0.4))),
    LatentRequest(Loop(POINT, 5, 0.5), (0.0, 0.3)),
    LatentRequest.of(Point(1, z=(0.1,) * 8), Point(2, w=((0.1,) * 8,), mix=Mix(POINT, 0, 1)), Point(3, offset=(0.5,))),
)


def test_recipes(finished_checkpoint: Path, finished_run: Path, tmp_path: Path) -> None:
    samplers = [Sampler.open(finished_checkpoint, "cpu")]
    styles = finished(tiny_trainer("stylegan2_ada", steps=1)).checkpoint()
    samplers.append(Sampler.of(styles, "cpu"))

    def case(random: Random, folder: Path) -> None:
        path, sampler = folder / "a.png", random.choice(samplers)
        facts = json.loads(recipe.Recipe.of(sampler, random.choice(REQUESTS)).text())
        text = json.dumps(mutated_json(random, facts))
        if random.random() < 0.1:
            text = mutated_bytes(random, text.encode()).decode("utf-8", "replace")
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt(recipe.KEY, text, zip=random.random() < 0.3)
        Image.new("RGB", (4, 4)).save(path, pnginfo=notes)
        if random.random() < 0.2:
            path.write_bytes(mutated_bytes(random, path.read_bytes()))
        try:
            found = recipe.read(path)
        except OSError:
            return  # no image
        if found:
            find_checkpoint(found, path, finished_run.parent)
            sampler.render(found.request)
            sampler.bake(found.request)

    run(case, "recipe", tmp_path)


# Run folders

EDIT = Edited(1, {"lr_d": 0.1})
REPORT: dict[str, Any] = {
    "step": 1,
    "images": 8,
    "seconds": 0.5,
    "Loss/G/loss": 0.7,
    "Loss/D/loss": 1.4,
    "Signal/D/gradient": 0.1,
    "Signal/diversity": 0.5,
    "Timing/images_per_sec": 10.0,
    "Metrics/fid@vgg16:1000:2000:train": 30.0,
}
FOUND = {"Metrics/fid@vgg16:1000:2000:train": {"file": "000000006.safetensors", "value": 3.0, "latest": 6}}


def test_run_folders(finished_run: Path, tmp_path: Path) -> None:
    def case(random: Random, folder: Path) -> None:
        copy = folder / "00001-a-gan"
        shutil.copytree(finished_run, copy)
        _mutate_run(random, copy)
        _read_run(copy, folder / "report.html")
        with suppress(UserError):
            retention.prune(copy / "checkpoints", Run(copy).newest(), 1)

    run(case, "run", tmp_path)


def _read_run(folder: Path, report: Path) -> None:
    """In all ways that there are."""
    readers: list[Callable[[], object]] = [
        lambda: list(inspect.lines(inspect.run(folder))),
        lambda: run_to_end(write_report(folder, report, True)),
        lambda: run_to_end(read_run(folder)),
        lambda: run_to_end(Run(folder).table_reader().read()),
        lambda: run_to_end(export_timelapse(folder, report.with_name("film.gif"), Animation(fps=4, seconds=1), True)),
        lambda: run_to_end(read_checkpoints(folder.parent)),
        lambda: run_to_end(read_runs(folder.parent)),
        lambda: retention.best(folder / "checkpoints"),
        lambda: saved_pins_of(folder),
        lambda: Run(folder).newest(),
        lambda: alive(folder / "lock.json"),
    ]
    for read in readers:
        with suppress(UserError):
            read()
    for path in retention.by_step(folder / "samples", ".png"):
        with suppress(UserError):
            shown = read_tiles(path, (16, 16), 4)
            assert shown.dtype == np.uint8
            assert shown.shape[3] in (1, 3, 4)


OPTIONAL = (
    "edits.jsonl",
    "rewinds.jsonl",
    "log.txt",
    "lock.json",
    "explore.json",
    "reals.png",
    "samples/000000000.png",
    "samples/000000006.png",
    "checkpoints/best.json",
    "checkpoints/000000006.pin",
)
"""Files of a run that opens without them."""
NEEDED = ("config.json", "stats.jsonl", "checkpoints/000000000.safetensors", "checkpoints/000000006.safetensors")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _long(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


@pytest.mark.parametrize("place", [_pipe, _zeros, _loop, Path.mkdir, _long])
@pytest.mark.parametrize("names", [OPTIONAL, *((name,) for name in NEEDED)])
def test_what_is_no_file_of_a_run_holds_nothing_up(
    names: tuple[str, ...], place: Callable[[Path], None], finished_run: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(finished_run, tmp_path / "runs" / "00001-a-gan")
    for name in names:
        (copy / name).unlink(missing_ok=True)
        place(copy / name)
    opened: list[object] = []
    with bounded(copy):
        _read_run(copy, tmp_path / "report.html")
        with suppress(UserError):
            Run(copy).log("words")
        with suppress(UserError):
            Run(copy).note(EDIT)
        with suppress(UserError):
            Run(copy).note_rewind(1)
        if names == OPTIONAL:
            run_to_end(read_run(copy), opened.append)
    assert names != OPTIONAL or isinstance(opened[-1], OpenedRun)


def test_lines_that_say_nothing_of_a_run_take_little_memory(finished_run: Path, tmp_path: Path) -> None:
    """A report with many keys before many with none, and changes of no end."""
    copy = shutil.copytree(finished_run, tmp_path / "00001-a-gan")
    wide = {"step": 1, "images": 8, "seconds": 1, **{f"Signal/D/gradient/{n}": 0.5 for n in range(990)}}
    (copy / "stats.jsonl").write_bytes(_dumped(wide) + b"\n" + b'{"step":2,"images":8,"seconds":1}\n' * 20_000)
    (copy / "edits.jsonl").write_bytes(b'{"step":1,"changes":{"a":1}}\n' * 5_000)
    (copy / "rewinds.jsonl").write_bytes(b'{"step":1}\n' * 5_000)
    opened: list[object] = []
    with bounded(copy, memory=2**26, per_byte=8):
        run_to_end(read_run(copy), opened.append)
    shown = opened[-1]
    assert isinstance(shown, OpenedRun)
    assert len(shown.history) == 20_001
    assert len(shown.facts.edits) == len(shown.facts.rewinds) == 500


def _mutate_run(random: Random, folder: Path) -> None:
    lines = []
    for step in range(random.choice([1, 5, 50])):
        values = {**REPORT, "step": step, "images": 8 * step, "seconds": step / 2}
        if random.random() < 0.2:
            values = mutated_json(random, values)
        lines.append(mutated_bytes(random, json.dumps(values).encode()) if random.random() < 0.05 else _dumped(values))
    (folder / "stats.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    edit = {"step": 1, "changes": {"lr_d": 0.1, "lr_g": 0.2}}
    (folder / "edits.jsonl").write_bytes(b"\n".join(_dumped(mutated_json(random, edit)) for _ in range(3)) + b"\n")
    (folder / "rewinds.jsonl").write_bytes(_dumped(mutated_json(random, {"step": 2})) + b"\n")
    (folder / "checkpoints" / "best.json").write_bytes(_dumped(mutated_json(random, FOUND)))
    saved = SavedPins((Pin(POINT, "a"),), (Direction("d", (0.1,) * 8),))
    (folder / "explore.json").write_bytes(_dumped(mutated_json(random, json.loads(saved.json()))))
    for name in (
        "config.json",
        "reals.png",
        "explore.json",
        *(f"samples/{path.name}" for path in Run(folder).samples()),
    ):
        path = folder / name
        if random.random() < 0.3:
            path.write_bytes(mutated_bytes(random, path.read_bytes()))
    if random.random() < 0.3:
        path = Run(folder).checkpoints()[-1]
        path.write_bytes(mutated_bytes(random, path.read_bytes(), reach=random.choice([None, 4000])))
    owner = {"host": gethostname(), "machine": "a", "process": 1, "started": 1.0, "since": 1.0, "token": "a"}
    if random.random() < 0.5:
        (folder / "lock.json").write_bytes(_dumped(mutated_json(random, owner)))
    for name in ("samples/99999999999999999999.png", "samples/1e5.png", "checkpoints/000000004 (copy).safetensors"):
        if random.random() < 0.1:
            (folder / name).write_bytes(b"x")
    if random.random() < 0.2:
        copy, mark = copy_of(folder / "stats.jsonl"), [random.choice([0, 10, -5, 2**62]), 0, 0, 0]
        copy.parent.mkdir(parents=True, exist_ok=True)
        keys, numbers = np.array(["a", "b"]), np.zeros((3, random.choice([1, 2])), "f4")
        steps = np.arange(3)
        np.savez(copy, mark=np.array(mark), keys=keys, steps=steps, seconds=steps / 2, values=numbers)


def _dumped(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


# Datasets

SOURCES = (*sources.KINDS, sources.as_noted_folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, bytes]]]:
    """Each kind of source, with few pictures: the path to open, relative to its folder, and its files."""
    found: dict[str, tuple[Path, dict[str, bytes]]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "PICTURES", sources.PICTURES[:FEW])
        patch.setattr(sources, "LABELS", sources.LABELS[:FEW])
        _add_sources(found, tmp_path_factory)
    return found


def _add_sources(found: dict[str, tuple[Path, dict[str, bytes]]], tmp_path_factory: pytest.TempPathFactory) -> None:
    for make in SOURCES:
        folder = tmp_path_factory.mktemp("source")
        opened = make(folder).relative_to(folder)
        every = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        found[make.__name__] = opened, every


@pytest.mark.parametrize("kind", [make.__name__ for make in SOURCES])
def test_datasets(kind: str, files: dict[str, tuple[Path, dict[str, bytes]]], tmp_path: Path) -> None:
    opened, every = files[kind]

    def case(random: Random, folder: Path) -> None:
        source, cache = folder / "source", folder / "cache"
        for name, data in every.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".zip") and random.random() < 0.5:
                data = _mutated_zip(random, data)
            elif len(every) == 1 or random.random() < 0.4:
                data = mutated_bytes(random, data, reach=random.choice([None, 64, 400]))
            (source / name).write_bytes(data)
        fit: Fit = random.choice(["crop", "smart", "stretch", "pad"])
        how = Preparation(random.choice([None, (16, 16), (8, 24)]), fit, random.random() < 0.2)
        before = _listing(source)
        try:
            found = run_to_end(prepare(source / opened, how, cache))
            if random.random() < 0.3:
                run_to_end(examine(found, how))
        finally:
            assert _listing(source) == before, "the dataset was written to"

    run(case, kind, tmp_path)


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*"))


ENTRIES = [
    "../../{}",
    "/abs/{}",
    "C:\\x\\{}",
    "{}/x.png",
    "a/" * 300 + "x.png",
    "CON.png",
    "x\u202egnp.png",
    "\x1b[31m.png",
]


def _mutated_zip(random: Random, data: bytes) -> bytes:
    out = BytesIO()
    names: set[str] = set()
    with ZipFile(BytesIO(data)) as archive, ZipFile(out, "w", ZIP_DEFLATED) as made:
        for entry in archive.infolist():
            name = random.choice([entry.filename] * 20 + ENTRIES).replace("{}", entry.filename)
            if name in names:
                continue
            names.add(name)
            content = archive.read(entry)
            made.writestr(name, mutated_bytes(random, content) if random.random() < 0.2 else content)
    return mutated_bytes(random, out.getvalue(), 4000) if random.random() < 0.2 else out.getvalue()


# Prepared images


def test_prepared_images(tmp_path: Path) -> None:
    how, pictures = Preparation((16, 16)), save_pictures(tmp_path / "pictures", FEW)
    whole = tmp_path / "whole"
    run_to_end(prepare(pictures, how, whole))
    every = {str(path.relative_to(whole)): path.read_bytes() for path in whole.rglob("*") if path.is_file()}

    def case(random: Random, folder: Path) -> None:
        for name, data in every.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if random.random() < 0.35:
                is_json = name.endswith(".json") and random.random() < 0.7
                reach = 128 if random.random() < 0.5 else None
                mutated = _dumped(mutated_json(random, json.loads(data))) if is_json else None
                path.write_bytes(mutated if mutated is not None else mutated_bytes(random, data, reach))
            else:
                path.write_bytes(data)
        if random.random() < 0.2:
            (folder / "limit.json").write_bytes(_dumped(mutated_json(random, {"gigabytes": 3.0})))
        quota.entries(folder)
        found = run_to_end(prepare(pictures, how, folder))
        assert len(found.images) == FEW
        list(found.records.all_names())
        found.sheet(5)
        batches = Batches(found, 4, True, 0, torch.device("cpu"))
        try:
            batches.next()
        finally:
            batches.close()
        run_to_end(examine(found, how))
        quota.make_room(random.choice([0, 10**9]), folder)

    run(case, "cache", tmp_path)


# Settings


def test_settings(tmp_path: Path) -> None:
    whole = [preset(name).apply().model_dump() for name in presets()]

    def case(random: Random, _: Path) -> None:
        values = mutated_json(random, random.choice(whole))
        if isinstance(values, dict):
            found = validate(values)
            assert Settings.model_validate_json(found.model_dump_json()) == found
            assert found.size
            assert found.preparation

    run(case, "settings", tmp_path)


# What a schema of tensors is for


def test_no_memory_is_taken_for_tensors_that_no_training_wrote(checkpoints: list[bytes], tmp_path: Path) -> None:
    header, _ = _split(checkpoints[0])
    size = 2**31
    entries = {name: {**entry, "data_offsets": [0, size]} for name, entry in header.items() if name == "preview"}
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            entries[name] = entry
            continue
        length = entry["data_offsets"][1] - entry["data_offsets"][0]
        entries[name] = {**entry, "data_offsets": [end, end + length]}
        end += length
    entries["G.more"] = {"dtype": "U8", "shape": [size], "data_offsets": [end, end + size]}
    path = tmp_path / "a.safetensors"
    path.write_bytes(_joined(entries, b""))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + end + size)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    with pytest.raises(UserError, match="damaged") as caught:
        load(path)
    assert "G.more" in caught.value.details
    assert _resident("VmHWM") - before < 2**26


def test_names_are_those_of_the_settings(tmp_path: Path) -> None:
    trainer = finished(tiny_trainer("cgan", steps=1))
    path = tmp_path / "a.safetensors"
    save(trainer.checkpoint(), path)
    header, values = _split(path.read_bytes())
    meta = json.loads(header["__metadata__"][KEY])
    impossible: list[dict[str, Any]] = [
        {"channels": 1},
        {"channels": 7},
        {"classes": ["a"]},
        {"step": -1},
        {"seconds": -1.0},
    ]
    large: list[dict[str, Any]] = [
        {"classes": ["a", "b", "x" * 5000]},
        {"classes": list(map(str, range(1001)))},
        {"dataset": "x" * 2**16},
        {"dataset_fingerprint": "x" * 1000},
        {"device": "x" * 1000},
        {"stats": dict.fromkeys(map(str, range(1001)), 0.0)},
        {"stats": {"x" * 1000: 0.0}},
    ]
    for changes in impossible + large:
        header["__metadata__"][KEY] = json.dumps({**meta, **changes})
        path.write_bytes(_joined(header, values))
        _reseal(path)
        for read in (load, summary) if changes in large else (load,):
            with pytest.raises(UserError, match="damaged"):
                read(path)
