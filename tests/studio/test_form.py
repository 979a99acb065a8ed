"""The form fits a preset to images, size and device, for as long as nobody has changed any of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGroupBox, QSpinBox
from pytestqt.qtbot import QtBot

from core.config import pretrained
from core.devices.device import Device, Trouble
from core.presets import FitContext, preset
from studio.widgets.settings.form import SettingsForm

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


def test_clusters_whose_package_is_missing_are_greyed_out_with_the_remedy(
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


def test_what_a_person_changed_stays(form: SettingsForm) -> None:
    arrive(form, 5000, 32)
    box = form.widget("width")
    assert isinstance(box, QSpinBox)
    box.setValue(48)
    changed = form.settings()
    arrive(form, 500, 64, GPU)
    assert form.settings() == changed.changed(resolution=64)


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
    titles = [box.title() for box in form.findChildren(QGroupBox) if box.isVisible()]
    assert "Loss" in titles
    assert not {"Images", "Augmentation"} & set(titles)
    form.set_settings(preset("studio").apply())
    assert {"Images", "Augmentation"} <= {box.title() for box in form.findChildren(QGroupBox) if box.isVisible()}


def test_a_device_that_cannot_be_used_is_listed_with_the_reason(form: SettingsForm) -> None:
    old = Device("cuda:0", "GTX 1080", trouble=Trouble("It is too old.", "Install <b>another</b>", "uv pip install"))
    form.set_devices([Device("cuda:1", "RTX 3080", 8 * 2**30, 10 * 2**30), CPU, old])
    box = form.widget("device")
    assert isinstance(box, QComboBox)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    texts = [box.itemText(index) for index in range(box.count())]
    assert texts == [
        "auto (cuda:1)",
        "cuda:1: RTX 3080, 8.0 GB free, 10.0 GB in all",
        "cpu: Processor",
        "cuda:0: GTX 1080, cannot be used",
    ]
    assert [model.item(index).isEnabled() for index in range(4)] == [True, True, True, False]
    tip = box.itemData(3, Qt.ItemDataRole.ToolTipRole)
    assert "It is too old." in tip
    assert "&lt;b&gt;" in tip
    assert "uv pip install" in tip
