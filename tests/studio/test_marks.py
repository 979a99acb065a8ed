"""Images that leave the window are marked as generated, and real images are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.imaging.provenance import SOURCE
from studio.application import Application
from studio.widgets.images.image_grid import ImageGrid
from tests.core.test_provenance import mark_of
from tests.studio.conftest import PATIENCE

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)


@pytest.fixture
def grids(studio: Application) -> dict[str, ImageGrid]:
    """Grids of the Train workspace, with images."""
    studio.window.complete()
    train = studio.window.train
    found = {"samples": train.samples, "reals": train.reals, "points": train.stage.picture}
    for grid in found.values():
        grid.set_images(IMAGES)
    return found


@pytest.mark.parametrize("name", ["samples", "reals", "points"])
@pytest.mark.parametrize("what", ["grid", "image", "selected"])
def test_what_is_saved(
    name: str,
    what: str,
    qtbot: QtBot,
    studio: Application,
    grids: dict[str, ImageGrid],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.png"), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    grids[name].set_selected([1, 2])
    with qtbot.waitSignal(studio.session.jobs.ended, timeout=PATIENCE):
        grids[name].save_requested.emit(what)
    made = sorted(tmp_path.glob("*.png"))
    assert len(made) == (2 if what == "selected" else 1)
    assert {mark_of(path) for path in made} == {None if name == "reals" else SOURCE}


@pytest.mark.parametrize("name", ["samples", "reals"])
def test_what_is_copied(name: str, grids: dict[str, ImageGrid], tmp_path: Path) -> None:
    grids[name].copy(2)
    copied = QGuiApplication.clipboard().mimeData()
    assert copied.hasImage()
    (tmp_path / "a.png").write_bytes(copied.data("image/png").data())
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), IMAGES[2])
    assert mark_of(tmp_path / "a.png") == (SOURCE if name == "samples" else None)
    QGuiApplication.clipboard().clear()
