"""`make bench-data`: preparing images, opening them again, and loading them. Alternating runs; medians."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import machine, row  # noqa: E402
from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Size  # noqa: E402
from core.data import batches  # noqa: E402
from core.data.batches import Batches  # noqa: E402
from core.data.dataset import Dataset  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.devices import resolve  # noqa: E402
from core.events import Stepped  # noqa: E402
from core.jobs.autotune import trial  # noqa: E402
from core.presets import preset  # noqa: E402
from core.trainer import Trainer  # noqa: E402

FOLDERS = [ROOT.parent / "shared" / "data" / name for name in ("cifar10", "emoji")]
"""Datasets that are measured if they exist."""
WORKERS, BATCH, STEPS, WARM_UP = 2, 64, 12, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of images, at best with class subfolders")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side of a comparison")
    parser.add_argument("--files", type=int, default=200_000, help="generated for the measurement of memory; 0: none")
    options = parser.parse_args()
    print(f"{machine()}\n")
    row("what", "measured", "target")
    with tempfile.TemporaryDirectory() as place:
        folders = options.folders or [folder for folder in FOLDERS if folder.is_dir()] or [_drawn(Path(place))]
        for folder in folders:
            _preparing(folder, options.rounds)
        if options.files:
            _memory(options.files, Path(place))
        _loading(options.rounds, Path(place))


def _preparing(folder: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        first = _prepared(folder, Path(place, "first"))
        size, count = first.size, len(first.images)
        classes = Path(place, "classes")
        if first.classes:
            classes = folder
        else:  # ImageFolder wants class folders
            classes.mkdir()
            (classes / "all").symlink_to(folder.absolute())
        caches = (Path(place, str(number)) for number in range(rounds))
        ours, pillow, loader = _in_turn(
            rounds,
            lambda: _prepared(folder, next(caches)),
            lambda: _by_pillow(folder, size),
            lambda: _by_loader(classes, size),
        )
        again = [_timed(lambda: _prepared(folder, Path(place, "first"))) for _ in range(rounds)]
    row(f"{folder.name}, {count} images to {size[0]} px, a plain Pillow loop", f"{pillow:.2f} s")
    row(f"an epoch of torchvision's ImageFolder, {WORKERS} workers", f"{loader:.2f} s")
    row("prepared by GAN Studio, once for all epochs", f"{ours:.2f} s", f"{min(pillow, loader):.2f} s")
    row("opened again", f"{median(again):.3f} s", "0.5 s")


def _prepared(source: Path | str, cache: Path) -> Dataset:
    return run_to_end(prepare(source, cache=cache))


def _by_pillow(folder: Path, size: Size) -> None:
    """Loads files one after another and keeps all in memory, like a simple script."""
    pictures = []
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            continue
        with Image.open(file) as image:
            whole = image.convert("RGB")
        side = min(whole.size)
        left, top = (whole.width - side) // 2, (whole.height - side) // 2
        square = whole.crop((left, top, left + side, top + side))
        pictures.append(np.asarray(square.resize(size, Image.Resampling.LANCZOS)))
    np.stack(pictures)


def _by_loader(folder: Path, size: Size) -> None:
    """Decodes all files in every epoch, like tutorials."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    transform = transforms.Compose(
        [transforms.Resize(min(size)), transforms.CenterCrop(size[::-1]), transforms.ToTensor()]
    )
    images = datasets.ImageFolder(str(folder), transform)
    for _ in DataLoader(images, BATCH, shuffle=True, num_workers=WORKERS):
        pass


def _memory(count: int, place: Path) -> None:
    folder = place / "many"
    pictures = [_encoded(number) for number in range(64)]
    for number in range(count):
        if number % 1000 == 0:
            inside = folder / f"{number // 1000}"
            inside.mkdir(parents=True)
        (inside / f"{number}.png").write_bytes(pictures[number % 64])
    command = [sys.executable, "-m", "benchmarks.preparing", str(folder), str(place / "cache of many")]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    row(f"memory for preparing {count} files", f"{figures['bytes'] / 2**20:.0f} MB more")
    row("files prepared", f"{count / figures['seconds']:.0f} a second")


def _encoded(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def _loading(rounds: int, place: Path) -> None:
    """Measures loading of batches from memory and from the file, and the rate at which training uses them."""
    device = resolve("auto")
    dataset = _prepared("sample:shapes", place)
    settings = preset("studio").apply(resolution=64)
    tuned = run_to_end(trial(settings, dataset, device))
    trainer = Trainer(settings, dataset, tuned)
    steps = (event for event in trainer.events() if isinstance(event, Stepped))
    resident = Batches(replace(dataset, images=np.array(dataset.images)), settings.batch, settings.mirror, 0, device)
    batches.RESIDENT_SHARE = 0.0  # as if it did not fit
    stored = Batches(dataset, settings.batch, settings.mirror, 0, device)

    def load(side: Batches) -> None:
        for _ in range(STEPS):
            side.next()
        if device.type == "cuda":
            torch.cuda.synchronize()

    def train() -> None:
        for _ in islice(steps, STEPS):
            pass
        if device.type == "cuda":
            torch.cuda.synchronize()

    load(resident)
    load(stored)
    list(islice(steps, WARM_UP))
    memory, file, training = _in_turn(rounds, lambda: load(resident), lambda: load(stored), train)
    steps.close()
    stored.close()
    row(f"studio preset, 64 px, batch {settings.batch}, on {device}", f"{STEPS / training:.1f} batches/s")
    row("batches from memory", f"{STEPS / memory:.0f} batches/s", f"{10 * STEPS / training:.0f} batches/s")
    row("batches from the file", f"{STEPS / file:.0f} batches/s", f"{10 * STEPS / training:.0f} batches/s")


def _in_turn(rounds: int, *sides: Callable[[], object]) -> Iterator[float]:
    """Yields the median seconds of each side."""
    times = [[_timed(side) for side in sides] for _ in range(rounds)]
    return (median(each) for each in zip(*times, strict=True))


def _timed(side: Callable[[], object]) -> float:
    start = perf_counter()
    side()
    return perf_counter() - start


def _drawn(place: Path) -> Path:
    """Writes sample:shapes as PNG files in class folders."""
    dataset = _prepared("sample:shapes", place)
    assert dataset.labels is not None
    for index, (picture, label) in enumerate(zip(dataset.images[:], dataset.labels, strict=True)):
        folder = place / "shapes" / dataset.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.transpose(1, 2, 0)).save(folder / f"{index}.png")
    return place / "shapes"


if __name__ == "__main__":
    main()
