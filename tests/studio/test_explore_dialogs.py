"""The dialogs of the Explore workspace, used as a person does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.config.settings import Settings
from core.errors import UserError
from core.events import Images
from core.export.animation import Animation, frame_positions, frame_requests
from core.latent.request import LatentRequest, Point, Walk
from studio.dialogs.export_video import ExportVideoDialog, VideoChoice
from studio.dialogs.find_direction import COUNT, FindDirectionDialog, MarkedGrid
from studio.dialogs.nearest_images import NearestImagesDialog
from studio.dialogs.projection import ProjectionDialog
from studio.model.explore import NearestImages, NearestQuery
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.plots.distance_chart import DistanceChart

LEFT = Qt.MouseButton.LeftButton
WALK = Walk((Point(0), Point(1), Point(2)))


def button(dialog: QDialog, text: str) -> QPushButton:
    return next(each for each in dialog.findChildren(QPushButton) if each.text() == text)


def words(dialog: QDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisibleTo(dialog))


def line(dialog: QDialog, name: str) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == name)


def pick(dialog: QDialog, name: str, text: str) -> None:
    box = next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == name)
    box.setFocus()
    while box.currentText() != text:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, f"no {text!r}"


def shades(count: int, side: int = 8) -> Images:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


# -- videos ----------------------------------------------------------------------------------------------------------


def video_dialog(qtbot: QtBot, folder: Path) -> ExportVideoDialog:
    dialog = ExportVideoDialog(
        "Export a video",
        folder,
        "walk",
        count=lambda animation: len(frame_positions(WALK, animation)),
        durations=(1.0, 3.0),
        size=(32, 48),
        frames=partial(frame_requests, WALK),
    )
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def accepted(qtbot: QtBot, dialog: ExportVideoDialog) -> VideoChoice:
    with qtbot.waitSignal(dialog.accepted_video) as given:
        QTest.mouseClick(button(dialog, "Export"), LEFT)
    choice = given.args[0]
    assert isinstance(choice, VideoChoice)
    assert not dialog.isVisible()
    return choice


def test_a_video_says_what_it_will_be(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = video_dialog(qtbot, tmp_path)
    assert f"121 frames of 512 × 768 px, 4.0 s: {tmp_path / 'walk.mp4'}" in words(dialog)
    film = Animation(scale=16, durations=(1.0, 3.0))
    assert accepted(qtbot, dialog) == VideoChoice(film, tmp_path / "walk.mp4", False)


def test_a_video_is_seen_before_it_is_written(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = video_dialog(qtbot, tmp_path)
    asked: list[LatentRequest] = []
    dialog.frame_requested.connect(asked.append)
    qtbot.waitUntil(lambda: len(asked) >= 4)
    request = frame_requests(WALK, Animation())
    frames = [request.part(number, number + 1) for number in range(len(request.positions))]
    numbers = [frames.index(request) for request in asked]
    assert numbers == sorted(set(numbers))
    dialog.show_frame(shades(1))
    (preview,) = dialog.findChildren(ImageGrid)
    assert np.array_equal(preview.images(), shades(1))
    line(dialog, "Name").setText("")  # as long as nothing can be written, what could be goes on
    assert len(preview.images())
    dialog.close()
    count = len(asked)
    qtbot.wait(120)
    assert len(asked) == count


def test_the_choices_for_a_video(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = video_dialog(qtbot, tmp_path)
    pick(dialog, "Format", "Animated GIF")
    box = next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == "Size")
    box.setCurrentText("128 × 192 px")
    line(dialog, "Name").setText("猫 walk.gif")
    assert "121 frames of 128 × 192 px" in words(dialog)
    small = Animation(scale=4, durations=(1.0, 3.0))
    assert accepted(qtbot, dialog) == VideoChoice(small, tmp_path / "猫 walk.gif", False)
    frames = video_dialog(qtbot, tmp_path)
    pick(frames, "Format", "Single frames (PNG)")
    assert accepted(qtbot, frames).target == tmp_path / "walk"


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [("Name", "", "no name"), ("Name", "a/b", "without slashes"), ("Folder", "here", "relative path")],
)
def test_what_is_wrong_with_a_video_is_said(qtbot: QtBot, tmp_path: Path, field: str, text: str, reason: str) -> None:
    dialog = video_dialog(qtbot, tmp_path)
    line(dialog, field).setText(text)
    assert reason in words(dialog)
    assert not button(dialog, "Export").isEnabled()


def test_a_video_that_is_too_long(qtbot: QtBot, tmp_path: Path) -> None:
    def count(animation: Animation) -> int:
        raise UserError("Too many frames.", "Make it shorter.")

    dialog = ExportVideoDialog("Video", tmp_path, "walk", seconds=2.0, count=count)
    qtbot.addWidget(dialog)
    assert "Too many frames" in words(dialog)
    assert not button(dialog, "Export").isEnabled()


# -- a person's picture ----------------------------------------------------------------------------------------------


def test_a_picture_is_approached_and_used(qtbot: QtBot) -> None:
    dialog = ProjectionDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert not button(dialog, "Explore it").isEnabled()
    picture, image = shades(2)
    dialog.show_projection("cat.jpg", picture, image, 0.25, 18.3, Point(z=(1.0,)))
    assert "cat.jpg" in words(dialog)
    assert "18.3 dB" in words(dialog)
    shown = {grid.accessibleName(): grid.images() for grid in dialog.findChildren(ImageGrid)}
    assert np.array_equal(shown["Your photo"][0], picture)
    assert np.array_equal(shown["Closest generated image"][0], image)
    with qtbot.waitSignal(dialog.stopped), qtbot.waitSignal(dialog.use_requested) as use_requested:
        QTest.mouseClick(button(dialog, "Explore it"), LEFT)
    assert use_requested.args == [Point(z=(1.0,)), "cat.jpg"]


def test_a_search_that_is_over_stops_no_other_job(qtbot: QtBot) -> None:
    dialog = ProjectionDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    picture, image = shades(2)
    dialog.show_projection("cat.jpg", picture, image, 1.0, 31.0, Point())
    with qtbot.assertNotEmitted(dialog.stopped):
        QTest.mouseClick(button(dialog, "Close"), LEFT)


# -- nearest images --------------------------------------------------------------------------------------------------


def nearest_of(images: Images, generated: list[float], real: list[float], held_out: bool = False) -> NearestImages:
    distances, flipped = (3.25, 40.0, 51.0), (False, True, False)
    asked = NearestQuery(images[:1], 0, Settings())
    return NearestImages(
        asked, images[1:], distances, flipped, "in pixels", np.array(generated), np.array(real), held_out
    )


def test_nearest_images_stand_beside_with_their_distances(qtbot: QtBot) -> None:
    images = shades(4)
    dialog = NearestImagesDialog(nearest_of(images, [30.0, 40.0], [40.0, 50.0, 60.0]))
    qtbot.addWidget(dialog)
    dialog.show()
    own, nearest = dialog.findChildren(ImageGrid)
    assert np.array_equal(own.images()[0], images[0])
    assert np.array_equal(nearest.images()[1], images[2][:, ::-1])
    assert np.array_equal(nearest.images()[2], images[3])
    assert "3.25" in nearest.accessibleDescription()
    assert "0.70 of that of training images to each other" in words(dialog)
    chart = dialog.findChild(DistanceChart)
    assert isinstance(chart, DistanceChart)
    assert [name.split(",")[0] for name in chart.shares()] == ["training images", "generated images"]
    assert all(shares.sum() == pytest.approx(1) for shares in chart.shares().values())


def test_the_same_can_be_asked_in_features(qtbot: QtBot) -> None:
    found = nearest_of(shades(4), [30.0], [40.0])
    dialog = NearestImagesDialog(found)
    qtbot.addWidget(dialog)
    dialog.show()
    with qtbot.waitSignal(dialog.asked_otherwise):
        QTest.mouseClick(button(dialog, "Compare features"), LEFT)
    assert dialog.isHidden()
    assert found.asked.otherwise().in_features
    assert not found.asked.otherwise().otherwise().in_features


def test_copies_are_called_so(qtbot: QtBot) -> None:
    dialog = NearestImagesDialog(nearest_of(shades(4), [3.0, 4.0], [40.0, 50.0], held_out=True))
    qtbot.addWidget(dialog)
    assert "much closer to the training images than held-out images: they may be copies" in words(dialog)


def test_a_single_training_image_has_no_distribution(qtbot: QtBot) -> None:
    dialog = NearestImagesDialog(nearest_of(shades(4), [3.0], []))
    qtbot.addWidget(dialog)
    assert dialog.findChild(DistanceChart) is None


# -- a direction from samples ----------------------------------------------------------------------------------------


def test_marked_images_become_two_groups(qtbot: QtBot) -> None:
    dialog = FindDirectionDialog(Point(7, psi=0.5))
    qtbot.addWidget(dialog)
    asked: list[LatentRequest] = []
    dialog.requested.connect(asked.append)
    dialog.show()
    dialog.ask()
    assert asked[0] == LatentRequest.of(*(Point(seed, psi=0.5) for seed in range(COUNT)))
    dialog.show_images(asked[0], shades(COUNT))
    (grid,) = dialog.findChildren(MarkedGrid)
    make = button(dialog, "Create direction")

    def click(index: int) -> None:
        QTest.mouseClick(grid, LEFT, Qt.KeyboardModifier.NoModifier, grid.tile_rect(index).center())

    for index in (0, 3, 5, 5, 9, 9, 9):
        click(index)
    assert "2 positive, 1 negative" in words(dialog)
    assert make.isEnabled()
    QTest.mouseClick(button(dialog, "More images"), LEFT)
    assert asked[1].trajectory.points[0].seed == COUNT
    dialog.show_images(asked[0], shades(COUNT))  # too late: others were asked for
    dialog.show_images(asked[1], shades(COUNT))
    click(0)
    QTest.keyClicks(line(dialog, "Name of the direction"), "smile")
    with qtbot.waitSignal(dialog.chosen) as chosen:
        QTest.mouseClick(make, LEFT)
    liked, disliked, name = chosen.args
    assert [point.seed for point in liked] == [0, 3, COUNT]
    assert [point.seed for point in disliked] == [5]
    assert name == "smile"


def test_one_group_is_no_direction(qtbot: QtBot) -> None:
    dialog = FindDirectionDialog(Point())
    qtbot.addWidget(dialog)
    dialog.ask()
    dialog.show_images(LatentRequest.of_seeds(range(COUNT)), shades(COUNT))
    dialog.show()
    (grid,) = dialog.findChildren(MarkedGrid)
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert "1 positive" in words(dialog)
    assert not button(dialog, "Create direction").isEnabled()
