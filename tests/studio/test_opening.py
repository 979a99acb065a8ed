"""Kinds of dropped paths, before anything of them is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Samples
from core.runs.sample_grid import read_tiles
from studio.model.data import FILES, PATTERNS
from studio.model.train import OpenedRun
from studio.services.open_path import recognize
from studio.services.train.checkpoint_list import read_checkpoints, read_runs
from studio.services.train.run_loader import read_run
from tests.core.images import HEIC
from tests.core.sources import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_is_data(kind: Kind, tmp_path: Path) -> None:
    path = kind(tmp_path)
    assert recognize(str(path)) == "data"
    assert path.is_dir() or any(path.match(pattern) for pattern in PATTERNS.split())
    assert f"({PATTERNS});;" in FILES


@pytest.mark.parametrize("name", ["a.safetensors", "a.PTH", "a.ckpt"])
def test_checkpoints_are_told_by_their_names(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\5\6" + bytes(18))  # PyTorch's are zips
    assert recognize(str(tmp_path / name)) == "checkpoint"


def test_pictures_with_large_notes_and_of_phones_are_pictures(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("workflow", "x" * 2**21)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=notes)
    (tmp_path / "a.heic").write_bytes(HEIC)
    for name in ("a.png", "a.heic"):
        assert recognize(str(tmp_path / name)) == "picture"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(UserError, match="GAN Studio cannot open notes"):
        recognize(str(tmp_path / "notes.txt"))
    with pytest.raises(UserError, match="does not exist any more"):
        recognize(str(tmp_path / "missing.zip"))


@pytest.mark.parametrize("mode", ["LA", "I;16", "1", "P"])
def test_a_run_shows_the_newest_grid_that_can_be_shown(mode: str, trained: Path, tmp_path: Path) -> None:
    run, events = shutil.copytree(trained, tmp_path / "run"), list[object]()
    newest, older = run / "samples" / "000000006.png", run / "samples" / "000000000.png"
    Image.new(mode, (32, 32)).save(newest)
    run_to_end(read_run(run), events.append)
    opened = events[-1]
    assert isinstance(opened, OpenedRun)
    assert isinstance(opened.samples, Samples)
    assert opened.samples.step == 0
    assert np.array_equal(opened.samples.images, read_tiles(older, (16, 16), 4))


def test_runs_that_are_being_made_are_not_listed(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "00000-a")
    shutil.copytree(trained, tmp_path / ".0123456789abcdef.partial")
    assert {row.path.parent.parent.name for row in run_to_end(read_checkpoints(tmp_path)).rows} == {"00000-a"}
    assert {row.path.parent.parent.name for row in run_to_end(read_runs(tmp_path)).rows} == {"00000-a"}
