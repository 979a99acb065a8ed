"""The settings drawer: both tabs change the same settings, and what a person changed there can be undone."""

from __future__ import annotations

from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QSlider,
    QSpinBox,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.config.settings import Settings
from core.devices.device import Device
from core.events import Tuned
from core.monitoring.expectation import table_rate
from core.presets import FitContext, preset, presets
from studio.main_window import MainWindow
from studio.widgets.settings.drawer import EXPERT, SIMPLE, SettingsDrawer
from studio.widgets.settings.preset_card import PresetCard

W = TypeVar("W", bound=QWidget)
CPU = Device("cpu", "Processor")


@pytest.fixture
def drawer(qtbot: QtBot) -> SettingsDrawer:
    """On screen, with 5,000 images of 64 px."""
    drawer = SettingsDrawer()
    qtbot.addWidget(drawer)
    drawer.form.set_devices([CPU])
    drawer.form.set_count(5000)
    drawer.form.set_size((64, 64))
    drawer.resize(320, 700)
    drawer.show()
    return drawer


def fitted(name: str = "studio") -> Settings:
    return preset(name).fitted(FitContext(5000, False), resolution=64)


def test_simple_is_shown_first_and_expert_is_one_click_away(drawer: SettingsDrawer) -> None:
    assert drawer.tab() == SIMPLE
    assert not drawer.form.isVisible()
    tabs(drawer).setCurrentIndex(EXPERT)
    assert drawer.tab() == EXPERT
    assert drawer.form.isVisible()
    drawer.set_tab(SIMPLE)
    assert not drawer.form.isVisible()


def test_tab_and_measured_speed_are_remembered(qtbot: QtBot) -> None:
    for tab, speed in ((EXPERT, 2.0), (SIMPLE, 0.5)):
        window = MainWindow()
        qtbot.addWidget(window)
        tabs(window.train.settings).setCurrentIndex(tab)
        window.train.settings.set_speeds({"cpu": speed})
        window.show()
        window.release()
        another = MainWindow()
        qtbot.addWidget(another)
        another.release()
        assert another.train.settings.tab() == tab
        assert another.train.settings.speeds() == {"cpu": speed}


@pytest.mark.parametrize(("tab", "name"), [(SIMPLE, "Task"), (EXPERT, "Preset")])
def test_the_first_setting_of_each_tab_can_have_the_keyboard(drawer: SettingsDrawer, tab: int, name: str) -> None:
    drawer.set_tab(tab)
    drawer.activateWindow()
    drawer.focus_first()
    focused = QApplication.focusWidget()
    assert isinstance(focused, QComboBox)
    assert focused.isVisible()
    assert focused.accessibleName() == name


def test_a_card_shows_the_preset_and_the_list_has_the_others(drawer: SettingsDrawer) -> None:
    (card,) = drawer.findChildren(PresetCard)
    box = simple(drawer, QComboBox, "Preset")
    assert [box.itemData(row) for row in range(box.count())] == list(presets())
    for name in presets():
        if preset(name).apply().points:
            continue
        box.setCurrentIndex(box.findData(name))
        assert drawer.form.settings() == fitted(name)
        shown = {label.text() for label in card.findChildren(QLabel) if label.isVisible()}
        assert preset(name).when in shown
        authors, _, paper = preset(name).paper.partition(": ")
        assert {f"{authors}, {preset(name).year}", paper} <= shown or name == "studio"
        assert f"Speed {preset(name).speed} of 5" in card.accessibleDescription()


def test_nothing_moves_when_another_preset_is_chosen(drawer: SettingsDrawer) -> None:
    boxes = [simple(drawer, QComboBox, name) for name in ("Preset", "Resolution")]
    places = set()
    for name in presets():
        if not preset(name).apply().points:
            drawer.form.change({"preset": name})
            QApplication.processEvents()
            places.add(tuple(box.mapTo(drawer, QPoint()).y() for box in boxes))
    assert len(places) == 1


def test_the_list_of_cards_is_painted_and_chosen_by_keyboard(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    box = simple(drawer, QComboBox, "Preset")
    box.showPopup()
    qtbot.waitUntil(lambda: box.view().isVisible())
    picture = box.view().grab().toImage()
    assert len({picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)}) > 3
    QTest.keyClick(box.view(), Qt.Key.Key_Down)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    assert drawer.form.value("preset") == list(presets())[1]


def test_choosing_the_same_preset_again_resets_it(drawer: SettingsDrawer) -> None:
    box = simple(drawer, QComboBox, "Preset")
    drawer.form.change({"width": 48})
    assert box.accessibleDescription() == "Studio, 1 changed"
    box.activated.emit(box.currentIndex())
    assert drawer.form.settings() == fitted()


def test_the_resolution_is_the_forms(drawer: SettingsDrawer) -> None:
    box = simple(drawer, QComboBox, "Resolution")
    assert box.currentData() == 64
    box.setCurrentIndex(box.findData(128))
    assert drawer.form.value("resolution") == 128
    drawer.form.change({"resolution": 32})
    assert box.currentData() == 32


def test_quality_widens_the_networks_and_says_so(drawer: SettingsDrawer) -> None:
    slider = simple(drawer, QSlider, "Quality against speed")
    assert (slider.value(), slider.accessibleDescription()) == (
        2,
        "Balanced: 24 base channels, batch 16 (preset)",
    )
    slider.setValue(4)
    assert (drawer.form.value("width"), drawer.form.value("batch")) == (48, 32)
    assert slider.accessibleDescription() == "Best: 48 base channels, batch 32; preset: 24 and 16"
    slider.setValue(0)
    assert (drawer.form.value("width"), drawer.form.value("batch")) == (12, 16)
    drawer.form.change({"width": 40})
    assert slider.accessibleDescription() == "Custom: 40 base channels, batch 16; preset: 24 and 16"
    drawer.form.change({"width": 36})
    assert slider.value() == 3
    assert slider.accessibleDescription().startswith("Better: ")


def test_time_is_minutes_or_until_it_is_stopped(drawer: SettingsDrawer) -> None:
    endless, minutes = simple(drawer, QCheckBox, "Until I stop"), simple(drawer, QDoubleSpinBox, "Minutes")
    assert endless.isChecked()
    assert not minutes.isEnabled()
    endless.click()
    assert drawer.form.value("minutes") == 30
    minutes.setValue(12)
    assert drawer.form.value("minutes") == 12
    endless.click()
    assert drawer.form.value("minutes") is None
    endless.click()
    assert drawer.form.value("minutes") == 12
    drawer.form.change({"minutes": 5.0, "steps": 400})
    assert minutes.value() == 5
    assert any("step 400" in label.text() for label in drawer.findChildren(QLabel) if label.isVisible())


def test_while_it_trains_only_the_time_can_be_changed(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    drawer.form.set_locked(True)
    assert not simple(drawer, QComboBox, "Preset").isEnabled()
    assert not simple(drawer, QComboBox, "Resolution").isEnabled()
    assert not simple(drawer, QSlider, "Quality against speed").isEnabled()
    with qtbot.waitSignal(drawer.form.live_edited) as told:
        simple(drawer, QCheckBox, "Until I stop").click()
    assert told.args[0].minutes == 30


def test_settings_that_cannot_be_are_said_on_both_tabs(drawer: SettingsDrawer) -> None:
    for tab in (EXPERT, SIMPLE):
        drawer.set_tab(tab)
        drawer.form.change({"grid": "16x16", "resolution": 512})
        errors = [label.text() for label in drawer.findChildren(QLabel, "error") if label.isVisible()]
        assert len(errors) == 1
        assert "too large" in errors[0]
        drawer.form.change({"grid": "4x4", "resolution": 64})
        assert not [label for label in drawer.findChildren(QLabel, "error") if label.isVisible()]


# -- what to expect --------------------------------------------------------------------------------------------------


def test_what_to_expect_is_said_and_follows_settings_data_and_device(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    told: list[tuple[str, bool]] = []
    drawer.expectation_changed.connect(lambda *each: told.append(each))
    assert not expected(drawer)  # what will be trained on is not known yet
    drawer.form.set_data(0, points=False)
    text = expected(drawer)
    assert text.startswith("On this CPU: first shapes in about ")
    assert told == [(text, False)]
    drawer.form.change({"preset": "r3gan", "resolution": 256})
    assert "days on this CPU: " in expected(drawer)
    assert told[-1] == (expected(drawer), True)
    drawer.form.set_devices([Device("cuda:0", "Graphics"), CPU])
    assert expected(drawer).startswith("Not measured on GPUs.")
    drawer.form.change({"device": "cpu"})
    assert "days on this CPU" in expected(drawer)
    drawer.form.change({"task": "colorize", "resolution": 64})
    assert expected(drawer).startswith("On this CPU: first results in ")
    drawer.form.change({"task": "generate"})
    drawer.form.change({"device": "auto", "grid": "16x16", "resolution": 512})
    assert not expected(drawer)  # the settings cannot be


def test_a_trial_tells_how_fast_this_machine_is(drawer: SettingsDrawer) -> None:
    drawer.form.set_data(0, points=False)
    rate = table_rate(fitted())
    drawer.show_tuned(Tuned("cpu", "fp32", "contiguous", {"fp32": rate / 100, "bf16": rate / 200}), fitted())
    assert drawer.speeds() == {"cpu": pytest.approx(0.01)}
    assert expected(drawer).startswith("Good images take about 2 days on this CPU")
    drawer.show_rate(2 * rate, fitted())  # of a training: the trial met a busy machine
    assert drawer.speeds() == {"cpu": pytest.approx(2.0)}
    drawer.set_speeds({"cpu": 4.0, "gpu": 1.0, "mps": "fast", "xpu": float("nan")})
    assert drawer.speeds() == {"cpu": 4.0}
    assert "good in about 7 minutes" in expected(drawer)


def test_nothing_is_expected_of_a_training_that_goes_on(drawer: SettingsDrawer) -> None:
    drawer.form.set_data(0, points=False)
    text = expected(drawer)
    drawer.form.set_locked(True)
    drawer.form.change({"minutes": 1.0})
    assert expected(drawer) == text  # of its start
    drawer.form.set_locked(False)
    drawer.form.set_continues(True)
    assert not expected(drawer)


# -- undo ------------------------------------------------------------------------------------------------------------


def test_a_change_of_a_setting_is_undone_and_made_again(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    assert drawer.can_undo() == (False, False)
    before = drawer.form.settings()
    with qtbot.waitSignal(drawer.undo_changed, check_params_cb=lambda *can: can == (True, False)):
        set_number(drawer, "width", 48)
    simple(drawer, QComboBox, "Preset").setCurrentIndex(simple(drawer, QComboBox, "Preset").findData("dcgan"))
    after = drawer.form.settings()
    drawer.undo()
    assert drawer.form.settings() == before.changed(width=48)
    assert drawer.form.changes() == ["width"]
    drawer.undo()
    assert drawer.form.settings() == before
    assert drawer.can_undo() == (False, True)
    drawer.undo()  # there is nothing left
    drawer.redo()
    drawer.redo()
    assert drawer.form.settings() == after
    assert drawer.form.changes() == []


def test_turning_a_number_on_is_one_change(drawer: SettingsDrawer) -> None:
    for width in range(25, 40):
        set_number(drawer, "width", width)
    drawer.undo()
    assert drawer.form.value("width") == 24
    assert drawer.can_undo() == (False, True)


def test_what_the_program_changed_is_not_undone(drawer: SettingsDrawer) -> None:
    set_number(drawer, "width", 48)
    drawer.form.set_count(500)  # images were left out, for which the preset augments otherwise
    assert drawer.form.value("augment") == "diffaug"
    drawer.undo()
    assert drawer.form.value("width") == 24
    assert drawer.form.value("augment") == "diffaug"
    assert drawer.form.changes() == []


def test_while_it_trains_only_live_changes_are_undone(qtbot: QtBot, drawer: SettingsDrawer) -> None:
    set_number(drawer, "width", 48)
    drawer.form.set_locked(True)
    assert drawer.can_undo() == (False, False)
    set_number(drawer, "d_steps", 3)
    with qtbot.waitSignal(drawer.form.live_edited) as told:
        drawer.undo()
    assert (told.args[0].d_steps, told.args[0].width) == (1, 48)
    drawer.undo()
    assert drawer.form.value("width") == 48
    drawer.form.set_locked(False)
    drawer.undo()
    assert drawer.form.value("width") == 24


def test_another_dataset_leaves_nothing_to_undo(drawer: SettingsDrawer) -> None:
    set_number(drawer, "width", 48)
    drawer.clear_undo()
    assert drawer.can_undo() == (False, False)
    drawer.undo()
    assert drawer.form.value("width") == 48


def tabs(drawer: SettingsDrawer) -> QTabWidget:
    return drawer.findChildren(QTabWidget)[0]


def simple(drawer: SettingsDrawer, kind: type[W], name: str) -> W:
    """A widget of the Simple tab by its accessible name, or by its text."""
    found = drawer.simple.findChildren(kind)
    return next(each for each in found if name in (each.accessibleName(), each.property("text")))


def expected(drawer: SettingsDrawer) -> str:
    """The sentence of the Simple tab; empty where it is hidden."""
    shown = [label.text() for label in drawer.simple.findChildren(QLabel) if label.isVisible()]
    return next((text for text in shown if "measured" in text or "this CPU" in text), "")


def set_number(drawer: SettingsDrawer, name: str, value: int) -> None:
    box = drawer.form.widget(name)
    assert isinstance(box, QSpinBox)
    box.setValue(value)
