"""Translation in the window: the task with its examples, rows of samples, two sides, and Explore's place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSlider, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.checkpoint import summary
from core.config.settings import Settings
from core.devices.device import Device
from core.events import Images, Samples
from core.imaging.provenance import KIND
from core.presets import FitContext, preset, presets
from core.registry import ranked
from core.runs.run import Run
from studio.application import Application
from studio.main_window import EXPLORE
from studio.model.data import SideCounts
from studio.model.home import Project, ProjectRead
from studio.panels.apply import NOTHING
from studio.services.projects import read_projects
from studio.widgets.data.dataset_view import EXAMPLES
from studio.widgets.home.project_card import ProjectCard
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_layout import ROW_GAP
from studio.widgets.settings.drawer import SettingsDrawer
from studio.widgets.settings.task_card import ExamplePreview
from studio.widgets.train.sample_view import SampleView
from tests.core.tiny import save_pictures
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import button, click, drop

TITLES = ("Input", "Output", "Target")


@pytest.fixture
def drawer(qtbot: QtBot) -> SettingsDrawer:
    """On screen, with 5,000 images of 64 px."""
    drawer = SettingsDrawer()
    qtbot.addWidget(drawer)
    drawer.form.set_devices([Device("cpu", "Processor")])
    drawer.form.set_count(5000)
    drawer.form.set_size((64, 64))
    drawer.resize(320, 900)
    drawer.show()
    return drawer


# -- the task ----------------------------------------------------------------------------------------------------------


def test_tasks_are_those_of_the_core_and_have_their_own_presets(drawer: SettingsDrawer) -> None:
    tasks, names = box(drawer.simple, "Task"), box(drawer.simple, "Preset")
    assert [tasks.itemData(row) for row in range(tasks.count())] == [each.name for each in ranked("translation.tasks")]
    for task in ranked("translation.tasks"):
        tasks.setCurrentIndex(tasks.findData(task.name))
        settings = drawer.form.settings()
        assert settings.task == task.name
        assert [names.itemData(row) for row in range(names.count())] == list(presets(task.name))
        assert names.currentData() == settings.preset == next(iter(presets(task.name)))
        assert drawer.form.changes() == []
        assert task.summary in texts(drawer.simple)


def test_a_preset_is_kept_for_a_task_that_it_suits(drawer: SettingsDrawer) -> None:
    form = drawer.form
    form.change({"task": "colorize"})
    form.change({"preset": "pix2pix", "lr_g": 0.001})
    form.change({"task": "deblur"})
    assert (form.value("preset"), form.value("task"), form.value("lr_g")) == ("pix2pix", "deblur", 0.001)
    form.change({"task": "unpaired"})
    assert form.value("preset") == "translate"
    drawer.undo()  # both changes of the task
    assert (form.value("preset"), form.value("task"), form.value("lr_g")) == ("pix2pix", "colorize", 0.001)
    drawer.set_tab(1)
    assert box(drawer.form, "Preset").findData("pix2pix") >= 0


def test_a_preset_is_fitted_to_the_pairs_or_the_smaller_side(drawer: SettingsDrawer) -> None:
    form, batch = drawer.form, drawer.form.widget("batch")
    assert isinstance(batch, QSpinBox)
    form.set_count(60, SideCounts(40, 20, 3))
    for task, images in (("pairs", 3), ("unpaired", 20), ("colorize", 60), ("pairs", 3)):
        form.change({"task": task})
        assert form.facts.images == batch.maximum() == images
        fitted = preset(form.value("preset")).fitted(FitContext(images, False), resolution=64, task=task)
        assert form.settings().batch == min(fitted.batch, images)
        assert form.changes() == []
    form.set_count(60, SideCounts(40, 20, 0))  # no pairs, which the start refuses
    assert form.facts.images == 60


def test_settings_without_effect_on_the_task_are_hidden(drawer: SettingsDrawer) -> None:
    form = drawer.form
    drawer.set_tab(1)
    assert shown(drawer, "task", "network", "translator", "factor") == ["task", "network"]
    form.change({"task": "enlarge"})
    assert shown(drawer, "task", "network", "translator", "factor", "holes") == ["task", "translator", "factor"]
    form.change({"task": "repair"})
    assert shown(drawer, "factor", "holes", "l1_weight") == ["holes", "l1_weight"]
    form.set_filter("latent size", changed_only=False)
    assert "No setting matches." in texts(form)


def test_strengths_are_chosen_beside_the_task(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    sliders = {each.accessibleName(): each for each in drawer.simple.findChildren(QSlider)}
    drawer.form.change({"task": "colorize"})
    assert not sliders["Blur"].isVisible()
    drawer.form.change({"task": "enlarge"})
    assert box(drawer.simple, "Enlargement").isVisible()
    assert sliders["Blur"].isVisible()
    assert not sliders["Damage"].isVisible()
    with qtbot.waitSignal(drawer.form.changed):
        QTest.keyClick(sliders["Blur"], Qt.Key.Key_Right)
    assert drawer.form.settings().blur == 0.6
    assert "0.6 px" in texts(drawer.simple)
    drawer.form.change({"preset": "srgan"})  # the person's strengths stay
    assert drawer.form.settings().blur == 0.6
    drawer.form.set_locked(True)
    assert not sliders["Blur"].isEnabled()
    assert not box(drawer.simple, "Task").isEnabled()


def test_points_have_no_task_but_their_own(drawer: SettingsDrawer) -> None:
    drawer.form.change({"task": "colorize"})
    drawer.form.set_data(0, points=True)
    assert drawer.form.settings().task == "generate"
    assert not box(drawer.simple, "Task").isVisible()
    drawer.form.set_data(0, points=False)
    assert box(drawer.simple, "Task").isVisible()


def test_inputs_and_targets_are_seen_where_the_task_is_chosen(
    qtbot: QtBot, studio: Application, tmp_path: Path
) -> None:
    drop(studio, save_pictures(tmp_path / "photos"))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    window = studio.window
    window.show_settings()
    assert window.focusWidget() is box(window.train.settings.simple, "Task")
    box(window.train.settings.simple, "Task").setCurrentText("Colorize")
    preview = window.train.settings.simple.findChildren(ExamplePreview)[0]
    assert texts(preview) == {"Making examples…"}
    qtbot.waitUntil(lambda: preview.currentIndex() == 1, timeout=PATIENCE)
    inputs, targets = preview.images()
    assert len(inputs) == len(targets) == 3
    assert np.ptp(inputs.astype(int), axis=3).max() == 0 < np.ptp(targets.astype(int), axis=3).max()

    window.data.view.tabs.setCurrentIndex(EXAMPLES)
    pairs = window.data.view._examples.pairs
    qtbot.waitUntil(lambda: len(pairs.pairs()) == 6, timeout=PATIENCE)
    before = [name for name, _input, _target in pairs.pairs()]
    click(button(window.data, "Shuffle"))
    qtbot.waitUntil(lambda: [name for name, _input, _target in pairs.pairs()] != before, timeout=PATIENCE)
    window.train.form.change({"task": "pairs"})
    qtbot.waitUntil(lambda: "holds one kind of images" in pairs.accessibleDescription(), timeout=PATIENCE)
    window.train.form.change({"task": "generate"})
    assert not window.data.view.tabs.isTabVisible(EXAMPLES)


# -- rows of samples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "rows_beside"), [(300, 1), (1200, 3)])
def test_rows_stand_side_by_side_and_are_never_broken(qtbot: QtBot, width: int, rows_beside: int) -> None:
    grid = ImageGrid()
    qtbot.addWidget(grid)
    grid.resize(width, 300)
    grid.set_images(noise(18))
    grid.set_columns(3, TITLES)
    grid.show()
    tiles = [grid.tile_rect(index) for index in range(18)]
    assert all(grid.rect().contains(tile) for tile in tiles)
    assert all(len({tile.top() for tile in tiles[row : row + 3]}) == 1 for row in range(0, 18, 3))
    assert len([tile for tile in tiles if tile.top() == tiles[0].top()]) == 3 * rows_beside
    assert len(grid.name_rects()) == 3 * rows_beside
    assert [grid.index_at(tile.center().toPointF()) for tile in tiles] == list(range(18))
    if rows_beside > 1:
        assert tiles[3].left() - tiles[2].right() > ROW_GAP > tiles[1].left() - tiles[0].right()
        QTest.keyClick(grid, Qt.Key.Key_Down)
        assert grid.current() == 3 * rows_beside
        assert grid.accessibleDescription().endswith("Input")


def test_a_card_keeps_an_input_beside_its_translation(qtbot: QtBot, translated: Path) -> None:
    read = next(event for event in read_projects(translated.parent) if isinstance(event, ProjectRead))
    assert (len(read.images), read.row) == (6, 3)
    card = ProjectCard(Project(read.source, "noise", True, 2, "", datetime(2026, 1, 1)))
    qtbot.addWidget(card)
    card.show_read(read)
    assert card.picture.images() == 6
    card.grab()
    assert summary(Run(translated).newest()).preview.shape == (2 * 16, 3 * 16, 3)


def test_only_translations_are_marked_as_generated(qtbot: QtBot) -> None:
    view = SampleView()
    qtbot.addWidget(view)
    view.show_newest(Samples(7, noise(6), TITLES, (1,)))
    assert [view.samples.is_generated(index) for index in range(6)] == [False, True, False] * 2
    assert view.translates
    for index in range(3):
        view.samples.copy(index)
        png = bytes(QGuiApplication.clipboard().mimeData().data("image/png").data())
        assert (KIND.encode() in png) == (index == 1)
    view.show_newest(Samples(8, noise(6), TITLES))  # classes, for example
    assert all(view.samples.is_generated(index) for index in range(6))
    assert not view.translates


# -- two sides ---------------------------------------------------------------------------------------------------------


def test_a_second_folder_becomes_the_other_side(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    photos, paintings = (save_pictures(tmp_path / name, 8) for name in ("photos", "paintings"))
    session, window = studio.session, studio.window
    drop(studio, photos)
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    window.train.form.change({"task": "pairs"})
    drop(studio, paintings)
    assert "photos" in window.banner.text()
    assert session.reading == ""
    click(button(window.banner, "Use as the other side"))
    qtbot.waitUntil(lambda: session.data.facts is not None and session.data.facts.sides is not None, timeout=PATIENCE)
    assert "8 inputs and 8 targets; 8 pairs by name" in texts(window.data.view)
    assert window.train.form.facts.images == 8
    window.data.view.tabs.setCurrentIndex(EXAMPLES)
    pairs = window.data.view._examples.pairs
    qtbot.waitUntil(lambda: len(pairs.pairs()) == 6, timeout=PATIENCE)
    assert all(name.startswith("A/") and ", B/" in name for name, _input, _target in pairs.pairs())

    window.train.form.change({"task": "generate"})
    assert not any("pairs by name" in text for text in texts(window.data.view))
    window.train.form.change({"task": "unpaired"})
    drop(studio, photos)  # both sides are there
    qtbot.waitUntil(lambda: session.data.facts is not None and session.data.facts.sides is None, timeout=PATIENCE)


# -- Explore -----------------------------------------------------------------------------------------------------------


def test_a_run_of_a_translation_takes_the_place_of_explore(
    qtbot: QtBot, studio: Application, translated: Path, trained: Path
) -> None:
    window, session = studio.window, studio.session
    with qtbot.waitSignal(session.explore.translator_found, timeout=PATIENCE):
        drop(studio, translated)
    assert window.train.stage.columns == TITLES
    assert len(window.train.samples.images()) == 6
    assert [window.train.samples.is_generated(index) for index in range(3)] == [False, True, False]
    assert window.train.form.value("task") == "colorize"
    window.train.samples.set_selected([1, 3])
    assert window.train.sample_names() == ["image0000-Output", "image0001-Input"]
    window.show_workspace(EXPLORE)
    assert window.apply.isVisible()
    assert not window.explore.isVisible()
    assert any("Colorize · step 2" in text for text in texts(window.apply))
    assert not studio.controllers.menus.dialogs["export_images"].isEnabled()
    with qtbot.waitSignal(session.explore.source_changed, timeout=PATIENCE):
        drop(studio, trained)
    window.show_workspace(EXPLORE)
    assert window.explore.isVisible()
    assert studio.controllers.menus.dialogs["export_images"].isEnabled()


def test_apply_shows_the_newest_weights_of_a_training(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    window, session, pictures = studio.window, studio.session, save_pictures(tmp_path / "noise")
    drop(studio, pictures)
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    window.train.form.set_settings(tiny_translation().changed(steps=None))
    studio.controllers.train.start()
    window.show_workspace(EXPLORE)
    qtbot.waitUntil(window.apply.isVisible, timeout=PATIENCE)
    assert NOTHING in texts(window.apply)
    assert "Apply" in [action.text() for action in window.findChildren(QAction)]
    drop(studio, pictures)
    assert window.banner.text() == NOTHING
    qtbot.waitUntil(lambda: session.explore.translator is not None, timeout=PATIENCE)
    assert NOTHING not in texts(window.apply)
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE) as first:
        drop(studio, next(pictures.iterdir()))
    newer: list[Any] = []
    session.applying.translated.connect(newer.append)
    qtbot.waitUntil(lambda: any((each.after != first.args[0].after).any() for each in newer), timeout=PATIENCE)

    click(next(box for box in window.apply.findChildren(QCheckBox) if box.text() == "Follow training"))
    newest = next(each for each in window.apply.findChildren(QToolButton) if "newest" in each.accessibleName())
    qtbot.waitUntil(newest.isVisible, timeout=PATIENCE)
    assert newest.text().startswith("Load step")
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE):
        click(newest)


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps that colorizes. Read only."""
    from core.jobs.training_job import TrainingJob

    base = tmp_path_factory.mktemp("translated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDIO_CACHE", str(base / "cache"))
        for _ in TrainingJob(tiny_translation(), str(save_pictures(base / "noise")), out=base / "run").events():
            pass
    return base / "run"


def tiny_translation() -> Settings:
    return next(iter(presets("colorize").values())).apply(
        task="colorize",
        width=8,
        batch=4,
        resolution=16,
        patch=16,
        samples=6,
        steps=2,
        evaluation=0,
        device="cpu",
        precision="fp32",
        memory_format="contiguous",
    )


def noise(count: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)


def box(parent: QWidget, name: str) -> QComboBox:
    found = parent.findChildren(QComboBox)
    return next(each for each in found if each.accessibleName() == name)


def texts(parent: QWidget) -> set[str]:
    """Returns the texts of the visible labels."""
    return {label.text() for label in parent.findChildren(QLabel) if label.isVisible()}


def shown(drawer: SettingsDrawer, *names: str) -> list[str]:
    """Returns those of the settings that the Expert page shows."""
    return [name for name in names if not drawer.form.widget(name).isHidden()]
