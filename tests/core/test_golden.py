"""What this version wrote is read by every later one: a run folder as `FORMAT.md` describes it.

`golden/run` was written by `python -m tests.core.test_golden`; never write it anew, but add another beside it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np

from core.checkpoint import FORMAT, load, summary
from core.concurrency import run_to_end
from core.events import Edited, Stepped
from core.jobs.training_job import TrainingJob
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.request import LatentRequest, Point
from core.latent.sampler import Sampler
from core.runs.overview import read_overview
from core.runs.pin_store import save_pins, saved_pins_of
from core.runs.retention import best, is_pinned, pin, record_metric
from core.runs.run import Run
from tests.core.tiny import save_pictures, tiny_settings

GOLDEN = Path(__file__).parent / "golden" / "run"
ROOT = Path(__file__).parents[2]
SAVED = SavedPins((Pin(Point(seed=3), "three", True),), (Direction("up", (0.5,) * 8),))


def write(folder: Path, pictures: Path) -> None:
    """A run with everything that a run can hold."""
    settings = tiny_settings("dcgan", steps=4, ema_kimg=0.1)
    for _ in TrainingJob(settings, str(pictures), out=folder).events():
        pass
    run = Run(folder)
    run.note(Edited(2, {"lr_d": 0.0001}))
    run.note_rewind(1)
    pin(run.newest())
    record_metric(run.newest(), "Metrics/fid@vgg16:500:500:train", 12.5)
    save_pins(folder, SAVED)


def test_a_run_is_opened(tmp_path: Path) -> None:
    run = Run(shutil.copytree(GOLDEN, tmp_path / "run"))
    overview = run_to_end(read_overview(run.folder))
    assert (overview.step, overview.images, overview.settings.preset) == (4, 32, "dcgan")
    assert [int(path.stem) for path in run.checkpoints()] == [0, 4]
    assert run.samples()
    assert run.edits() == [Edited(2, {"lr_d": 0.0001})]
    assert run.rewinds() == [1]
    assert run.images() == 20
    assert is_pinned(run.newest())
    assert [(each.step, each.value) for each in best(run.folder / "checkpoints")] == [(4, 12.5)]
    assert saved_pins_of(run.folder) == SAVED


def test_a_checkpoint_generates_and_goes_on(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "run")
    newest = Run(folder).newest()
    meta = summary(newest).meta
    assert (meta.format, meta.step, meta.images, meta.channels) == (1, 4, 32, 3)
    images = Sampler.open(newest, "cpu").render(LatentRequest.of_seeds(range(4)))
    kept = np.load(GOLDEN.parent / "images.npy")
    # Kernels of other processors round otherwise.
    assert np.abs(images.astype(int) - kept.astype(int)).max() <= 2
    pictures = save_pictures(tmp_path / "pictures")
    job = TrainingJob(load(newest).meta.settings.changed(steps=6), str(pictures), resume=newest)
    assert [event.step for event in job.events() if isinstance(event, Stepped)] == [5, 6]


def test_the_page_of_formats_names_every_file_and_key() -> None:
    text = (ROOT / "FORMAT.md").read_text("utf-8")
    for path in GOLDEN.rglob("*"):
        if path.is_file():
            assert re.sub("[0-9]{9}", "SSSSSSSSS", str(path.relative_to(GOLDEN))) in text
    for key in json.loads(summary(Run(GOLDEN).newest()).meta.model_dump_json()):
        assert f"`{key}`" in text
    assert f"| `format` | int | {FORMAT}." in text
    kinds = {re.sub(r"\.\d+\.", ".N.", name).rpartition(".")[0] for name in load(Run(GOLDEN).newest()).tensors}
    for kind in {name.split(".")[0] for name in kinds if name}:
        assert f"`{kind}." in text


if __name__ == "__main__":
    made = save_pictures(Path(sys.argv[1]))
    write(GOLDEN, made)
    np.save(
        GOLDEN.parent / "images.npy", Sampler.open(Run(GOLDEN).newest(), "cpu").render(LatentRequest.of_seeds(range(4)))
    )
