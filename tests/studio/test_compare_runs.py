"""Two runs compared as a person does: chosen by their pictures, their curves, samples and settings side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from core.checkpoint import load, save
from core.imaging.grid import write_png
from studio.application import Application
from studio.dialogs.compare_runs import CompareRunsDialog
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.plots.curve_canvas import CurveCanvas
from tests.studio.conftest import PATIENCE

FID = "Metrics/fid@vgg16:2000:3583:train"
OTHER_FID = "Metrics/fid@inception:5000:3583:held-out"
KID, KID_SPREAD = "Metrics/kid@vgg16:2000:3583:train", "Metrics/kid_std@vgg16:2000:3583:train"


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """Three runs: the second has another width, seed and rate, took twice as long, and measured FID otherwise."""
    folder = tmp_path / "runs"
    for number, name in enumerate(("first", "second", "third")):
        shutil.copytree(trained, folder / f"{number:05d}-{name}")
    change(folder / "00001-second", seed=7, lr_g=0.001)
    rewrite(folder / "00001-second", slower=2, metric=OTHER_FID)
    rewrite(folder / "00000-first", slower=1, metric=FID)
    return folder


def change(run: Path, **values: Any) -> None:
    path = run / "checkpoints" / "000000006.safetensors"
    found = load(path)
    meta = found.meta.model_copy(update={"settings": found.meta.settings.changed(**values)})
    save(type(found)(meta, found.tensors), path)


def rewrite(run: Path, slower: int, metric: str) -> None:
    """Ten reports, of every tenth step, with KID and its spread, and a sample grid for each, of one gray."""
    shutil.rmtree(run / "samples")
    (run / "samples").mkdir()
    with (run / "stats.jsonl").open("w", encoding="utf-8") as file:
        for step in range(10, 101, 10):
            known = {"step": step, "images": 8 * step, "seconds": float(slower * step)}
            stats = {"Loss/D/loss": step / 10, "Loss/G/loss": 2.0, metric: 50.0, KID: 0.25, KID_SPREAD: 0.125}
            file.write(json.dumps(known | stats) + "\n")
            write_png(run / "samples" / f"{step:09d}.png", np.full((32, 32, 3), step, np.uint8), generated=True)


@pytest.fixture
def dialog(qtbot: QtBot, studio: Application, runs: Path) -> CompareRunsDialog:
    """Opened by the menu, with the first two runs chosen."""
    next(action for action in studio.window.findChildren(QAction) if action.text() == "Compare runs…").trigger()
    dialog = studio.window.findChild(CompareRunsDialog)
    assert isinstance(dialog, CompareRunsDialog)
    qtbot.waitUntil(lambda: len(dialog.pickers["A"].folders()) == 3, timeout=PATIENCE)
    for side, name in (("A", "00000-first"), ("B", "00001-second")):
        pick(dialog, side, runs / name)
    qtbot.waitUntil(lambda: set(dialog.curves.plot.plotted()) == {"A", "B"}, timeout=PATIENCE)
    return dialog


def pick(dialog: CompareRunsDialog, side: str, folder: Path) -> None:
    box = named(dialog, QComboBox, f"Run {side}")
    index = dialog.pickers[side].folders().index(folder)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def named(parent: QWidget, kind: type[Any], name: str) -> Any:
    return next(one for one in parent.findChildren(kind) if one.accessibleName() == name)


def choose(box: QComboBox, text: str) -> None:
    box.setCurrentIndex(box.findText(text))


def test_the_same_key_of_both_runs_lies_on_one_plane(dialog: CompareRunsDialog) -> None:
    dialog.curves.choose("Loss/D/loss")
    plotted = dialog.curves.plot.plotted()
    assert plotted["A"].x.tolist() == plotted["B"].x.tolist() == list(range(10, 101, 10))
    assert plotted["A"].curve.mean.tolist() == list(range(1, 11))
    assert "A: 00000-first" in dialog.curves.plot.readout()
    assert "B: 00001-second" in dialog.curves.plot.readout()
    assert not dialog.curves.note()


def test_equal_time_is_not_equal_steps(dialog: CompareRunsDialog) -> None:
    choose(named(dialog.curves, QComboBox, "Compare over"), "Training time")
    plotted = dialog.curves.plot.plotted()
    assert plotted["A"].x.tolist() == list(range(10, 101, 10))
    assert plotted["B"].x.tolist() == list(range(20, 201, 20))
    choose(named(dialog.curves, QComboBox, "Compare over"), "Images seen")
    assert dialog.curves.plot.plotted()["B"].x.tolist() == list(range(80, 801, 80))


def test_numbers_of_different_protocols_are_not_drawn_together(dialog: CompareRunsDialog) -> None:
    dialog.curves.choose(FID)
    assert set(dialog.curves.plot.plotted()) == {"A"}
    assert "inception features, 5,000 generated against 3,583 held-out images" in dialog.curves.note()
    assert "not comparable" in dialog.curves.note()
    dialog.curves.choose("Loss/G/loss")
    assert set(dialog.curves.plot.plotted()) == {"A", "B"}
    assert not dialog.curves.note()


def test_the_number_that_is_shown_is_explained(dialog: CompareRunsDialog) -> None:
    (explained,) = dialog.curves.findChildren(HelpButton)
    for key, term in ((FID, "fid"), (KID, "kid"), ("Loss/D/loss", "loss")):
        dialog.curves.choose(key)
        assert explained.term.key == term


def test_a_number_comes_with_its_spread(dialog: CompareRunsDialog) -> None:
    offered = dialog.curves.keys()
    assert KID in offered
    assert KID_SPREAD not in offered
    dialog.curves.choose(KID)
    canvas = dialog.curves.findChild(CurveCanvas)
    assert isinstance(canvas, CurveCanvas)
    canvas.hovered.emit(51.0)
    assert dialog.curves.plot.readout().startswith("A: 00000-first 0.25 ± 0.12  B:")


def test_the_pointer_reads_both_values(qtbot: QtBot, dialog: CompareRunsDialog) -> None:
    dialog.curves.choose("Loss/D/loss")
    plot, canvas = dialog.curves.plot, dialog.curves.findChild(CurveCanvas)
    assert isinstance(canvas, CurveCanvas)
    canvas.hovered.emit(51.0)
    assert plot.readout() == "A: 00000-first 5  B: 00001-second 5  step 51"
    canvas.hovered.emit(101.0)
    assert plot.readout() == "A: 00000-first ended at 10  B: 00001-second ended at 10  step 101"
    canvas.hovered.emit(None)
    assert plot.readout() == "A: 00000-first  B: 00001-second"


def shown(dialog: CompareRunsDialog) -> list[int]:
    """The gray, which is the step, of what both grids show; 0 for nothing."""
    grids = (dialog.samples.grids[side].images() for side in ("A", "B"))
    return [int(images[0, 0, 0, 0]) if len(images) else 0 for images in grids]


def test_samples_of_the_same_step_and_of_the_same_time(qtbot: QtBot, dialog: CompareRunsDialog) -> None:
    qtbot.waitUntil(lambda: shown(dialog) == [100, 100], timeout=PATIENCE)
    assert len(dialog.samples.grids["A"].images()) == 4
    slider = named(dialog.samples, QSlider, "Moment")
    slider.setValue(500)
    qtbot.waitUntil(lambda: shown(dialog) == [50, 50], timeout=PATIENCE)
    choose(named(dialog.samples, QComboBox, "Compare at"), "Training time")
    qtbot.waitUntil(lambda: shown(dialog) == [100, 50], timeout=PATIENCE)
    slider.setValue(200)
    qtbot.waitUntil(lambda: shown(dialog) == [40, 20], timeout=PATIENCE)


def test_a_damaged_grid_is_said_in_its_place(qtbot: QtBot, dialog: CompareRunsDialog, runs: Path) -> None:
    qtbot.waitUntil(lambda: shown(dialog) == [100, 100], timeout=PATIENCE)
    (runs / "00000-first" / "samples" / "000000050.png").write_bytes(b"no image")
    named(dialog.samples, QSlider, "Moment").setValue(500)
    qtbot.waitUntil(lambda: shown(dialog) == [0, 50], timeout=PATIENCE)


def table(dialog: CompareRunsDialog) -> dict[str, tuple[str, str]]:
    tree = dialog.settings.table
    items = [tree.topLevelItem(index) for index in range(tree.topLevelItemCount())]
    return {item.text(0): (item.text(2), item.text(3)) for item in items if item}


def test_settings_that_differ(dialog: CompareRunsDialog) -> None:
    differing = table(dialog)
    assert differing["seed"] == ("0", "7")
    assert differing["lr_g"][1] == "0.001"
    assert "batch" not in differing
    dialog.settings.findChild(QCheckBox).setChecked(True)  # type: ignore[union-attr]
    assert table(dialog)["batch"] == ("8 images", "8 images")


def test_two_runs_of_the_same_settings(qtbot: QtBot, dialog: CompareRunsDialog, runs: Path) -> None:
    pick(dialog, "B", runs / "00002-third")
    qtbot.waitUntil(lambda: dialog.curves.plot.plotted().keys() == {"A", "B"} and not table(dialog), timeout=PATIENCE)


def test_a_run_that_is_gone(qtbot: QtBot, dialog: CompareRunsDialog, runs: Path) -> None:
    shutil.rmtree(runs / "00002-third")
    pick(dialog, "B", runs / "00002-third")
    banner = dialog.findChild(Banner)
    assert isinstance(banner, Banner)
    qtbot.waitUntil(lambda: "is not a run folder" in banner.text(), timeout=PATIENCE)
    assert banner.text().startswith("Run B: ")
    assert set(dialog.curves.plot.plotted()) == {"A"}
    pick(dialog, "B", runs / "00001-second")
    qtbot.waitUntil(lambda: set(dialog.curves.plot.plotted()) == {"A", "B"}, timeout=PATIENCE)
    assert banner.isHidden()


def test_reading_again_finds_what_was_trained_meanwhile(qtbot: QtBot, dialog: CompareRunsDialog, runs: Path) -> None:
    with (runs / "00000-first" / "stats.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 110, "images": 880, "seconds": 110, "Loss/D/loss": 11}\n')
    named(dialog, QAbstractButton, "Read again").click()
    dialog.curves.choose("Loss/D/loss")
    qtbot.waitUntil(lambda: dialog.curves.plot.plotted()["A"].x[-1] == 110, timeout=PATIENCE)
    assert dialog.curves.key() == "Loss/D/loss"


def test_it_begins_with_the_run_that_is_open(qtbot: QtBot, studio: Application, runs: Path) -> None:
    studio.session.training.run_folder = runs / "00001-second"
    studio.controllers.dialogs.show("compare_runs")
    dialog = studio.window.findChild(CompareRunsDialog)
    assert isinstance(dialog, CompareRunsDialog)
    qtbot.waitUntil(lambda: len(dialog.pickers["A"].folders()) == 3, timeout=PATIENCE)
    assert dialog.pickers["A"].folder() == runs / "00001-second"
    qtbot.waitUntil(lambda: set(dialog.curves.plot.plotted()) == {"A"}, timeout=PATIENCE)


def test_closing_gives_up_reading_and_keeps_the_size(qtbot: QtBot, studio: Application, runs: Path) -> None:
    studio.controllers.dialogs.show("compare_runs")
    first = studio.window.findChild(CompareRunsDialog)
    assert isinstance(first, CompareRunsDialog)
    first.resize(760, 560)
    assert not first.isModal()
    qtbot.keyClick(first, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: studio.window.findChild(CompareRunsDialog) is None, timeout=PATIENCE)
    studio.controllers.dialogs.show("compare_runs")
    again = studio.window.findChild(CompareRunsDialog)
    assert isinstance(again, CompareRunsDialog)
    assert (again.width(), again.height()) == (760, 560)
    qtbot.waitUntil(lambda: len(again.pickers["B"].folders()) == 3, timeout=PATIENCE)


def test_no_runs_at_all(qtbot: QtBot, studio: Application) -> None:
    studio.controllers.dialogs.show("compare_runs")
    banner = studio.window.findChild(CompareRunsDialog).findChild(Banner)  # type: ignore[union-attr]
    assert isinstance(banner, Banner)
    qtbot.waitUntil(lambda: "fewer than two runs" in banner.text(), timeout=PATIENCE)
