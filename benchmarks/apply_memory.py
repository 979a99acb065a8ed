"""Memory for enlarging a photo of 4000 x 3000 px by 4, into 16000 x 12000 px: `make bench-apply`.

A child process enlarges the photo with an untrained model, and reports its largest memory, the interpreter and torch
included. Arguments: width of the network (32 is that of `translate`) and, if wanted, the side of its tiles.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

WIDTH, HEIGHT = 4000, 3000
WIDTH_OF_NETWORK = 32


def child(checkpoint: Path, photo: Path, folder: Path, tile: int | None) -> None:
    """Enlarges the photo, and prints JSON."""
    from core.concurrency import run_to_end
    from core.jobs.apply_job import Application, LoadedTranslator, apply

    start = perf_counter()
    (result,) = run_to_end(apply(LoadedTranslator.open(checkpoint, "cpu", tile), Application((photo,), folder)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    seconds = perf_counter() - start
    print(json.dumps({"gigabytes": peak / 1e9, "seconds": seconds, "file": result.path.stat().st_size}))


def main() -> None:
    width = int(sys.argv[1]) if len(sys.argv) > 1 else WIDTH_OF_NETWORK
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_model(folder / "model.safetensors", width)
        save_photo(folder / "photo.jpg")
        places = [str(folder / part) for part in ("model.safetensors", "photo.jpg", "out")]
        command = [sys.executable, __file__, "child", *places, *sys.argv[2:3]]
        print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def save_model(path: Path, width: int) -> None:
    """Saves an untrained model of the task enlarge."""
    import numpy as np

    from core.checkpoint import save
    from core.config.settings import Settings
    from core.data.dataset import Dataset
    from core.data.records import Records
    from core.events import Tuned
    from core.translation_trainer import TranslationTrainer

    settings = Settings(task="enlarge", width=width, resolution=64, batch=2, samples=1, device="cpu")
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 64, 64), np.uint8)
    dataset = Dataset("noise", "noise", (64, 64), images, None, (), (), "noise", Records.none())
    save(TranslationTrainer(settings, dataset, Tuned("cpu", "fp32", "contiguous", {})).checkpoint(), path)


def save_photo(path: Path) -> None:
    """Saves a photo-like picture: soft colors with fine noise."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    soft = Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8)).resize((WIDTH, HEIGHT))
    noise = random.integers(-4, 5, (HEIGHT, WIDTH, 1), np.int16)
    Image.fromarray((np.asarray(soft) + noise).clip(0, 255).astype(np.uint8)).save(path, quality=92)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]) if len(sys.argv) > 5 else None)
    else:
        main()
