"""The form fits a preset to images, size and device, and marks what a person changed of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from core.config import pretrained
from core.config.settings import Settings, live_settings
from core.devices.device import Device, Trouble
from core.presets import FitContext, preset
from studio.widgets.basic.labels import Glyph
from studio.widgets.settings.choice_field import GpuBoxes, PresetBox
from studio.widgets.settings.form import SettingsForm
from studio.widgets.settings.group import SettingGroup
from studio.widgets.settings.row_label import RowLabel

CPU, GPU = Device("cpu", "Processor"), Device("cuda:0", "Graphics")


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm()
    qtbot.addWidget(form)
    return form


def arrive(form: SettingsForm, count: int, side: int, device: Device = CPU) -> None:
    """Images and the machine's devices become known."""
    form.set_devices([device])
    form.set_count(count)
    form.set_size((side, side))


@pytest.mark.parametrize("count", [20, 500, 5000])
@pytest.mark.parametrize("side", [32, 64, 128])
@pytest.mark.parametrize("device", [CPU, GPU])
def test_the_first_settings_are_those_of_the_command_line(
    form: SettingsForm, count: int, side: int, device: Device
) -> None:
    arrive(form, count, side, device)
    settings = preset("studio").fitted(FitContext(count, device is GPU), resolution=side)
    assert form.settings() == settings.changed(batch=min(settings.batch, count))


def test_the_first_settings_use_classes_or_else_clusters(form: SettingsForm) -> None:
    def conditions(classes: int, count: int) -> tuple[str, int]:
        form.set_data(classes, points=False)
        arrive(form, count, 32)
        return form.settings().condition, form.settings().clusters

    assert conditions(classes=0, count=10_000) == ("auxiliary", 30)
    assert conditions(classes=10, count=5000) == ("auxiliary", 0)
    assert conditions(classes=0, count=5000) == ("none", 0)
    assert conditions(classes=2, count=500) == ("auxiliary", 0)


def test_clusters_whose_package_is_missing_are_grayed_out_with_the_remedy(
    form: SettingsForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show() -> None:
        form.set_data(3, points=False)
        form.set_settings(preset("studio").apply(condition="auxiliary", clusters=0))

    box = form.widget("clusters")
    show()
    assert box.isEnabled()
    monkeypatch.setattr(pretrained, "installed", lambda: False)
    show()
    assert not box.isEnabled()
    assert "pip install" in box.toolTip()


def test_a_resolution_that_is_chosen_by_hand_fits_anew(form: SettingsForm) -> None:
    arrive(form, 5000, 32)
    before = form.settings()
    box = form.widget("resolution")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(64))
    assert form.settings() == preset("studio").fitted(FitContext(5000, False), resolution=64)
    assert form.settings().batch != before.batch
    box.setCurrentIndex(box.findData(32))
    assert form.settings() == before


def test_what_a_person_changed_stays_and_the_rest_fits_anew(form: SettingsForm) -> None:
    arrive(form, 5000, 32)
    set_width(form, 48)
    assert shown_preset(form) == "Studio, 1 changed"
    assert marked(form) == ["width"]
    arrive(form, 500, 64, GPU)
    assert form.settings() == preset("studio").fitted(FitContext(500, True), resolution=64).changed(width=48)
    assert form.settings().network == "smooth"
    assert shown_preset(form) == "Studio, 1 changed"
    assert marked(form) == form.changes() == ["width"]


def test_what_a_change_does_not_allow_stays_and_is_marked(form: SettingsForm) -> None:
    form.set_data(10, points=False)
    arrive(form, 5000, 32)
    clusters = form.widget("clusters")
    assert isinstance(clusters, QSpinBox)
    clusters.setValue(20)
    form.set_data(0, points=False)
    arrive(form, 50, 64)  # for which the preset asks for no classes, and clusters would have none to replace
    settings = form.settings()
    assert (settings.clusters, settings.condition) == (20, "auxiliary")
    assert (settings.network, settings.augment, settings.batch) == ("smooth", "diffaug", 8)
    assert marked(form) == ["condition", "clusters"]


def test_one_row_is_reset_by_its_mark(qtbot: QtBot, form: SettingsForm) -> None:
    form.show()
    arrive(form, 5000, 32)
    places = [form.widget(name).mapTo(form, QPoint()) for name in ("width", "network", "batch")]
    set_width(form, 48)
    choose(form, "network", "mlp")
    assert places == [form.widget(name).mapTo(form, QPoint()) for name in ("width", "network", "batch")]
    assert shown_preset(form) == "Studio, 2 changed"
    mark = mark_of(form, "Base channels")
    assert "Reset to 32," in mark.toolTip()
    assert "DCGAN" in mark_of(form, "Network").toolTip()  # as it is called in the list
    with qtbot.waitSignal(form.changed):
        mark.click()
    assert form.settings().width == 32
    assert not mark.isVisible()
    assert shown_preset(form) == "Studio, 1 changed"


@pytest.mark.parametrize("by_button", [True, False])
def test_all_is_reset_by_the_button_and_by_choosing_the_same_preset_again(
    qtbot: QtBot, form: SettingsForm, by_button: bool
) -> None:
    arrive(form, 5000, 32)
    choose(form, "resolution", 64)
    fitted = form.settings()
    reset = button(form, "Reset to preset")
    assert not reset.isEnabled()
    set_width(form, 48)
    choose(form, "optimizer", "adamw")
    assert shown_preset(form) == "Studio, 2 changed"
    fold = fold_of(form, "optimizer")
    assert fold.text() == "Advanced, 1 changed"
    assert [each.text() for each in form.findChildren(QToolButton) if "changed" in each.text()] == [fold.text()]
    assert "Base channels: 24" in reset.toolTip()
    with qtbot.waitSignal(form.changed):
        if by_button:
            reset.click()
        else:
            box = form.widget("preset")
            assert isinstance(box, QComboBox)
            box.activated.emit(box.currentIndex())  # what a click on the entry that is chosen does
    assert form.settings() == fitted
    assert marked(form) == []
    assert not reset.isEnabled()
    assert shown_preset(form) == "Studio (start here)"
    assert fold.text() == "Advanced"


def test_images_that_arrive_with_a_run_that_continues_change_none_of_its_settings(form: SettingsForm) -> None:
    arrive(form, 5000, 32)
    trained = preset("studio").fitted(FitContext(5000, False), resolution=32)
    form.set_settings(trained)
    form.set_continues(True)
    arrive(form, 20_000, 32)
    assert form.settings() == trained
    assert form.changes() == ["condition", "clusters"]  # which the preset would use for so many images without classes
    form.set_continues(False)
    arrive(form, 500, 32)
    assert form.settings().clusters == 0
    assert form.changes() == []


def test_while_it_trains_only_live_settings_are_reset(qtbot: QtBot, form: SettingsForm) -> None:
    form.show()
    arrive(form, 5000, 32)
    set_width(form, 48)
    form.set_values({"lr_d": 0.001})
    form.set_locked(True)
    assert marked(form) == ["width", "lr_d"]
    assert not mark_of(form, "Base channels").isEnabled()
    assert not button(form, "Reset to preset").isEnabled()
    with qtbot.waitSignal(form.live_edited) as told:
        mark_of(form, "Learning rate D").click()
    assert told.args[0].lr_d == 0.0004


def test_a_training_keeps_its_settings_whatever_is_opened_meanwhile(form: SettingsForm) -> None:
    arrive(form, 5000, 32)
    before = form.settings()
    form.set_locked(True)
    form.set_count(500)
    assert form.settings() == before
    form.set_locked(False)
    assert form.settings().clusters == 0


def test_no_group_stands_empty_for_points(form: SettingsForm) -> None:
    form.show()
    form.set_settings(preset("playground").apply())
    assert "Loss" in groups(form)
    assert "Augmentation" not in groups(form)
    assert fold_of(form, "holdout").isVisible()  # all that is left of the group, under its fold
    assert not {"fit", "resolution", "alpha"} & visible(form)
    form.set_settings(preset("studio").apply())
    assert {"Images", "Augmentation"} <= groups(form)
    assert "fit" in visible(form)


@pytest.mark.parametrize(
    ("text", "found", "left_out"),
    [
        ("learning", {"lr_g", "lr_d"}, {"width", "preset"}),  # a title
        ("LR_D", {"lr_d"}, {"lr_g"}),  # the key on the command line
        ("ac-gan collapse", {"class_weight_g"}, {"class_weight_d"}),  # two words of a help text, of an advanced setting
        ("hinge", {"loss"}, {"r1"}),  # a choice
    ],
)
def test_the_search_finds_settings_by_title_key_help_and_choice(
    form: SettingsForm, text: str, found: set[str], left_out: set[str]
) -> None:
    form.show()
    form.set_filter(text, changed_only=False)
    assert found <= visible(form)
    assert not left_out & visible(form)
    form.set_filter("", changed_only=False)
    assert {"preset", "width", "lr_d"} <= visible(form)
    assert "class_weight_g" not in visible(form)  # under the fold again


def test_groups_without_a_match_vanish_and_no_match_is_said(form: SettingsForm) -> None:
    form.show()
    form.set_filter("learning rate d", changed_only=False)
    assert groups(form) == {"Optimizer"}
    assert not fold_of(form, "beta1").isVisible()
    form.set_filter("no such thing", changed_only=False)
    assert not groups(form)
    assert "No setting matches." in texts(form)


def test_only_what_differs_from_the_preset_is_shown(form: SettingsForm) -> None:
    form.show()
    arrive(form, 5000, 32)
    form.set_filter("", changed_only=True)
    assert not visible(form)
    assert "Nothing differs from the preset." in texts(form)
    set_width(form, 48)
    choose(form, "optimizer", "adamw")  # one of the advanced part
    assert visible(form) == {"width", "optimizer"}
    mark_of(form, "Base channels").click()
    assert visible(form) == {"optimizer"}


def test_each_group_has_its_own_advanced_part(form: SettingsForm) -> None:
    form.show()
    assert not form.widget("beta1").isVisible()
    fold_of(form, "beta1").click()
    assert form.widget("beta1").isVisible()
    assert not form.widget("samples").isVisible()
    fold_of(form, "samples").click()
    fold_of(form, "beta1").click()
    assert not form.widget("beta1").isVisible()
    assert form.widget("samples").isVisible()


def test_units_fit_their_number_and_their_field(form: SettingsForm) -> None:
    def shown(name: str, value: object) -> str:
        form.change({name: value})
        box = form.widget(name)
        assert isinstance(box, QSpinBox | QDoubleSpinBox)
        return box.text()

    assert shown("penalty_interval", 1) == "1 step"
    assert shown("penalty_interval", 16) == "16 steps"
    assert shown("ema_kimg", 20.0) == "20 k images"
    assert "10 thousand images" in form.widget("ema_kimg").toolTip()


def test_settings_that_can_change_while_it_trains_are_marked(form: SettingsForm) -> None:
    marked = {
        form_name(label)
        for label in form.findChildren(RowLabel)
        if any("during a training" in glyph.toolTip() for glyph in label.findChildren(Glyph))
    }
    assert marked == live_settings()


def test_a_device_that_cannot_be_used_is_listed_with_the_reason(form: SettingsForm) -> None:
    old = Device("cuda:0", "GTX 1080", trouble=Trouble("It is too old.", "Install <b>another</b>", "uv pip install"))
    form.set_devices([Device("cuda:1", "RTX 3080", 8 * 2**30, 10 * 2**30), CPU, old])
    box = form.widget("device")
    assert isinstance(box, QComboBox)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    texts = [box.itemText(index) for index in range(box.count())]
    assert texts == [
        "Auto (cuda:1)",
        "cuda:1: RTX 3080, 8.0 GB free, 10.0 GB total",
        "cpu: Processor",
        "cuda:0: GTX 1080, unavailable",
    ]
    assert [model.item(index).isEnabled() for index in range(4)] == [True, True, True, False]
    tip = box.itemData(3, Qt.ItemDataRole.ToolTipRole)
    assert "It is too old." in tip
    assert "&lt;b&gt;" in tip
    assert "uv pip install" in tip


def test_several_gpus_are_chosen_by_their_check_boxes(form: SettingsForm) -> None:
    changes: list[str] = []
    form.changed.connect(changes.append)
    form.set_data(0, points=False)
    arrive(form, 500, 32)
    assert not gpu_boxes(form)
    cards = [Device(f"cuda:{number}", "RTX 3090", 24 * 2**30) for number in (2, 0, 1)]
    form.set_devices([*cards, CPU, Device("cuda:3", "GTX 1080", trouble=Trouble("It is too old.", "Buy another"))])
    zero, one, two = gpu_boxes(form)
    assert (zero.text(), one.text(), two.text()) == ("cuda:0", "cuda:1", "cuda:2")
    one.click()
    assert form.settings().device == "cuda:1"
    zero.click()
    assert form.settings().device == "cuda:0,cuda:1"
    assert changes == ["device", "device"]
    form.change({"device": "cuda:2", "batch": 32})
    assert [box.isChecked() for box in (zero, one, two)] == [False, False, True]
    said: list[str] = []
    form.refused.connect(said.append)
    zero.click()
    one.click()
    assert "32 images cannot be divided equally among 3 processes" in said[-1]
    form.change({"batch": 30})
    assert said[-1] == ""
    form.set_locked(True)
    assert not any(box.isEnabled() for box in (zero, one, two))
    form.set_locked(False)
    for box in (zero, one, two):
        box.click()
    assert form.settings().device == "auto"


def gpu_boxes(form: SettingsForm) -> list[QCheckBox]:
    """Check boxes of the GPUs in sight, in order."""
    (boxes,) = form.findChildren(GpuBoxes)
    return [box for box in boxes.findChildren(QCheckBox) if not boxes.isHidden()]


def groups(form: SettingsForm) -> set[str]:
    """Titles of the groups in sight."""
    return {box.title() for box in form.findChildren(SettingGroup) if box.isVisible()}


def visible(form: SettingsForm) -> set[str]:
    """Settings whose widgets are in sight."""
    return {name for name in Settings.model_fields if form.widget(name).isVisible()}


def texts(form: SettingsForm) -> set[str]:
    """Texts of the labels in sight."""
    return {label.text() for label in form.findChildren(QLabel) if label.isVisible()}


def fold_of(form: SettingsForm, name: str) -> QToolButton:
    """The button that unfolds the advanced part of the setting's group."""
    group = next(box for box in form.findChildren(SettingGroup) if box.isAncestorOf(form.widget(name)))
    return next(each for each in group.findChildren(QToolButton) if each.text().startswith("Advanced"))


def set_width(form: SettingsForm, width: int) -> None:
    box = form.widget("width")
    assert isinstance(box, QSpinBox)
    box.setValue(width)


def choose(form: SettingsForm, name: str, value: object) -> None:
    box = form.widget(name)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))


def shown_preset(form: SettingsForm) -> str:
    """Returns the text of the closed box."""
    box = form.widget("preset")
    assert isinstance(box, PresetBox)
    assert box.accessibleDescription() == box.shown_text()
    return box.shown_text()


def marked(form: SettingsForm) -> list[str]:
    """The settings whose rows are marked."""
    return [form_name(label) for label in form.findChildren(RowLabel) if label.is_marked]


def form_name(label: RowLabel) -> str:
    buddy = label.title.buddy()
    assert buddy is not None
    return buddy.objectName()


def mark_of(form: SettingsForm, title: str) -> QAbstractButton:
    buttons = form.findChildren(QAbstractButton)
    return next(each for each in buttons if each.accessibleName() == f"Reset {title}")


def button(form: SettingsForm, text: str) -> QAbstractButton:
    return next(each for each in form.findChildren(QAbstractButton) if each.text().startswith(text))
