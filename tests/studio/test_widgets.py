"""The widgets, as a person uses them: real widgets, real clicks and keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QMenu, QPushButton, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.errors import UserError
from core.events import Images
from core.imaging.packed import CHECK, CHECKS
from core.stats.keys import label
from studio import theme
from studio.model.history import History
from studio.model.home import Project
from studio.services.file_saving import save_numbers, save_picture
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import SeedBox
from studio.widgets.home.drop_area import DropArea
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer
from studio.widgets.images.tile_layout import GAP
from studio.widgets.images.tile_view import MARGIN, NAMES, NARROWEST_NAMED, NO_IMAGES
from studio.widgets.plots.curve_plot import CurvePlot
from studio.widgets.plots.legend import SWATCH, Legend

CURVES = [("Loss/D/loss", "Discriminator"), ("Loss/G/loss", "Generator")]
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, widget: QWidget, width: int = 400, height: int = 300) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget):
        widget.show()


def history(reports: int = 500) -> History:
    made = History()
    steps = np.arange(reports) * 10
    made.extend(steps, steps * 0.1, {"Loss/D/loss": np.full(reports, 0.5), "Loss/G/loss": 1 + steps / 1000})
    return made


def images(count: int = 9, size: int = 8, channels: int = 3) -> Images:
    """Image i is filled with the value 20 * i."""
    batch = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.uint8(20)
    return np.broadcast_to(batch, (count, size, size, channels)).copy()


def named(parent: QWidget, name: str) -> QToolButton:
    return next(button for button in parent.findChildren(QToolButton) if button.accessibleName() == name)


# --- combo boxes ---


@pytest.mark.parametrize("items", [1, 3, 8])
def test_the_list_of_a_combo_box_shows_its_last_item(qtbot: QtBot, app: QApplication, items: int) -> None:
    theme.apply_scheme(app, theme.LIGHT)
    panel = QWidget()
    box, other = QComboBox(panel), QPushButton("Other", panel)
    box.addItems([f"Option {number}" for number in range(items)])
    other.move(0, 60)
    shown(qtbot, panel)
    other.setFocus()
    resting = box.sizeHint()
    box.setFocus()
    assert box.sizeHint() == resting
    for _ in range(2):
        box.showPopup()
        app.processEvents()
        view = box.view()
        last = view.visualRect(view.model().index(items - 1, 0))
        assert last.top() >= 0
        assert last.bottom() < view.viewport().height()
        assert not view.verticalScrollBar().maximum()
        box.hidePopup()


# --- curves ---


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    widget = CurvePlot(history(), CURVES)
    shown(qtbot, widget, 900, 400)
    widget.refresh()
    return widget


def view_of(plot: CurvePlot) -> QWidget:
    assert plot._canvas is not None
    viewport = plot._canvas.viewport()
    assert isinstance(viewport, QWidget)
    return viewport


def steps_of(plot: CurvePlot) -> tuple[float, float]:
    assert plot._canvas is not None
    first, last = plot._canvas.getViewBox().viewRange()[0]
    return first, last


def wheel(target: QWidget, position: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(position),
        QPointF(target.mapToGlobal(position)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)


def test_empty_plot_says_so(qtbot: QtBot) -> None:
    plot = CurvePlot(History(), CURVES)
    shown(qtbot, plot)
    plot.refresh()
    assert any(
        label.isVisible() and label.text() == "Losses appear here when training starts."
        for label in plot.findChildren(QLabel)
    )


def test_plot_follows_until_a_person_zooms_and_again_after_reset(plot: CurvePlot) -> None:
    assert steps_of(plot) == (0, 4990)
    plot._history.append(6000, 1.0, {"Loss/D/loss": 1.0})
    plot.refresh()
    assert steps_of(plot) == (0, 6000)

    wheel(view_of(plot), QPoint(500, 150), 3)
    zoomed = steps_of(plot)
    assert zoomed[1] - zoomed[0] < 6000
    assert not plot.following()
    plot._history.append(7000, 1.0, {"Loss/D/loss": 1.0})
    plot.refresh()
    assert steps_of(plot) == zoomed

    QTest.mouseClick(named(plot, "Reset view"), LEFT)
    assert plot.following()
    assert steps_of(plot) == (0, 7000)


def test_dragging_pans(qtbot: QtBot, plot: CurvePlot) -> None:
    view = view_of(plot)
    wheel(view, QPoint(500, 150), 3)
    before = steps_of(plot)
    QTest.mousePress(view, LEFT, NONE, QPoint(500, 150))
    for x in range(480, 300, -20):
        QTest.mouseMove(view, QPoint(x, 150))
        qtbot.wait(5)
    QTest.mouseRelease(view, LEFT, NONE, QPoint(300, 150))
    assert steps_of(plot)[0] > before[0]
    assert not plot.following()


def test_the_wheel_zooms_the_steps_alone_and_never_leaves_them(plot: CurvePlot) -> None:
    assert plot._canvas is not None
    view, box, whole = view_of(plot), plot._canvas.getViewBox(), steps_of(plot)
    heights = box.viewRange()[1]
    for position in (QPoint(100, 150), QPoint(850, 20), QPoint(20, 150)):
        wheel(view, position, -30)
        assert (steps_of(plot), box.viewRange()[1]) == (whole, heights)
        assert plot.following()
    wheel(view, QPoint(800, 150), 4)
    assert whole[0] < steps_of(plot)[0] < steps_of(plot)[1] <= whole[1]
    assert box.viewRange()[1] == heights
    assert not plot.following()
    for _ in range(50):
        QTest.keyClick(plot, Qt.Key.Key_Right)
    assert steps_of(plot)[1] == whole[1]
    wheel(view, QPoint(300, 150), -30)
    assert steps_of(plot) == pytest.approx(whole)
    assert plot.following()


def test_a_double_click_fits_and_chooses_no_moment(qtbot: QtBot, plot: CurvePlot) -> None:
    plot.moment_chosen.connect(plot.set_moment)
    whole = steps_of(plot)
    for moment in (None, 700):
        plot.set_moment(moment)
        wheel(view_of(plot), QPoint(500, 150), 3)
        QTest.mouseClick(view_of(plot), LEFT, NONE, QPoint(500, 150))
        assert plot._moment not in (None, 700)
        QTest.mouseDClick(view_of(plot), LEFT, NONE, QPoint(500, 150))
        assert steps_of(plot) == whole
        assert plot.following()
        assert plot._moment == moment


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("largest", [1e-3, 0.9, 7.0, 480.0, 3e7])
def test_the_grid_has_a_line_at_each_label(qtbot: QtBot, app: QApplication, largest: float, log: bool) -> None:
    theme.apply_scheme(app, theme.LIGHT)
    grown = history()
    plot = CurvePlot(grown, CURVES, log=log)
    shown(qtbot, plot, 900, 400)
    plot.refresh()
    before = grid_and_labels(plot)[0]
    steps = np.arange(500, 1000) * 10
    grown.extend(steps, steps * 0.1, {"Loss/D/loss": np.full(500, largest / 50), "Loss/G/loss": np.full(500, largest)})
    plot.refresh()
    lines, labels = grid_and_labels(plot)
    assert lines != before
    assert 3 <= len(lines) <= 14
    assert len(lines) == len(labels)
    np.testing.assert_allclose(lines, labels, atol=3)


def grid_and_labels(plot: CurvePlot) -> tuple[list[int], list[float]]:
    """The rows of pixels with a line of the grid, and those in the middle of a label."""
    image = view_of(plot).grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert plot._canvas is not None
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    inside = plot._canvas.getViewBox().sceneBoundingRect().toRect().adjusted(2, 1, -2, -1)
    line = theme.blend(theme.current().border, theme.current().surface, 0.7).rgb()
    drawn = (pixels[:, inside.left() : inside.right()] == line).mean(1) > 0.2
    text = (pixels[:, 4 : inside.left() - 7] != pixels[0, 0]).any(1)[: inside.bottom() + 12]
    edges = np.flatnonzero(np.diff(text.astype(int), prepend=0, append=0)).reshape(-1, 2)
    return np.flatnonzero(drawn).tolist(), (edges.mean(1) - 0.5).tolist()


def test_crosshair_reads_every_curve(qtbot: QtBot, plot: CurvePlot) -> None:
    QTest.mouseMove(view_of(plot), QPoint(450, 150))
    qtbot.waitUntil(lambda: "step" in plot.readout())
    assert plot.readout().startswith("Discriminator 0.5  Generator ")
    QTest.mouseMove(view_of(plot), QPoint(5, 5))
    qtbot.waitUntil(lambda: plot.readout() == "Discriminator  Generator")


def test_refresh_without_news_draws_nothing(qtbot: QtBot, plot: CurvePlot) -> None:
    qtbot.wait(50)
    assert plot._canvas is not None
    with qtbot.assertNotEmitted(plot._canvas._smooth[0].sigPlotChanged):
        plot.refresh()


def test_logarithmic_scale_and_smoothing(qtbot: QtBot, plot: CurvePlot) -> None:
    plot.set_smoothing(0.9)
    assert plot.smoothing() == 0.9
    plot.set_log(True)
    qtbot.waitUntil(lambda: not plot._redraw.isActive())
    assert plot._canvas is not None
    np.testing.assert_allclose(plot._canvas._smooth[0].getData()[1], np.log10(0.5), rtol=1e-5)


def test_smoothing_keeps_a_constant_and_calms_noise() -> None:
    from studio.widgets.plots.curve_canvas import smoothed

    np.testing.assert_allclose(smoothed(np.full(50, 3.0), 0.9, 2.0), 3.0)
    noise = np.random.default_rng(0).standard_normal(1000)
    assert smoothed(noise, 0.99, 1.0).std() < 0.2 * noise.std()
    assert smoothed(noise, 0.0, 1.0) is noise


def test_real_and_generated_images_have_their_own_colors(qtbot: QtBot, app: QApplication) -> None:
    keys = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
    made = History()
    steps = np.arange(100)
    made.extend(steps, steps * 0.1, {keys[0]: np.full(100, 0.8), keys[1]: np.full(100, 0.6)})
    for scheme in (theme.DARK, theme.LIGHT):
        theme.apply_scheme(app, scheme)
        plot = CurvePlot(made, [(key, label(key)) for key in keys])
        shown(qtbot, plot, 900, 400)
        plot.refresh()
        drawn = view_of(plot).grab().toImage()
        column = [drawn.pixelColor(drawn.width() // 2, y).name() for y in range(drawn.height())]
        assert column.index(scheme.discriminator) < column.index(scheme.generator)


@pytest.mark.parametrize("width", [380, 560, 1200])
def test_the_legend_shows_every_name_and_keeps_its_height(qtbot: QtBot, width: int) -> None:
    keys = [f"Signal/D/accuracy_{side}" for side in ("real", "fake")]
    made = History()
    steps = np.arange(100)
    made.extend(steps, steps * 0.1, dict.fromkeys(keys, 1 / (3 + steps)))
    plot = CurvePlot(made, [("Loss/D/loss", "D"), ("Loss/G/loss", "G")])
    shown(qtbot, plot, width, 300)
    plot.set_curves([(key, label(key)) for key in keys])
    plot.refresh()
    qtbot.wait(20)
    legend = plot.findChild(Legend)
    assert isinstance(legend, Legend)
    rows = legend.height() // (legend.fontMetrics().height() + 2)
    needed = sum(legend.fontMetrics().horizontalAdvance(label(key)) + SWATCH for key in keys)
    assert needed <= rows * legend.width()
    assert legend.height() >= legend.heightForWidth(legend.width())
    top = view_of(plot).mapTo(plot, QPoint(0, 0)).y()
    assert legend.geometry().bottom() <= top
    plot.set_moment(50)
    qtbot.wait(20)
    assert "0.01887" in plot.readout()
    assert view_of(plot).mapTo(plot, QPoint(0, 0)).y() == top


def test_plot_is_saved(plot: CurvePlot, tmp_path: Path) -> None:
    list(save_picture(plot.picture(), tmp_path / "plot.png", False))
    picture = QImage(str(tmp_path / "plot.png"))
    assert picture.width() > 1600
    assert picture.height() > 600
    list(save_numbers(plot.numbers(), tmp_path / "plot.csv"))
    lines = (tmp_path / "plot.csv").read_text().splitlines()
    assert lines[0] == "step,seconds,Loss/D/loss,Loss/G/loss"
    assert lines[2] == "10,1.0,0.5,1.01"
    assert {path.name for path in tmp_path.iterdir()} == {"plot.png", "plot.csv"}
    missing = tmp_path / "no" / "plot"
    for write in (save_picture(plot.picture(), missing, False), save_numbers(plot.numbers(), missing)):
        with pytest.raises(UserError, match="could not be saved"):
            list(write)


def test_saving_numbers_can_be_canceled(plot: CurvePlot, tmp_path: Path) -> None:
    (tmp_path / "plot.csv").write_text("the person's own")
    saving = save_numbers(plot.numbers(), tmp_path / "plot.csv")
    next(saving)
    saving.close()
    assert [path.name for path in tmp_path.iterdir()] == ["plot.csv"]
    assert (tmp_path / "plot.csv").read_text() == "the person's own"


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    """Takes off afterwards what it was dressed in."""
    palette, sheet = QPalette(qapp.palette()), qapp.styleSheet()
    yield qapp
    qapp.setPalette(palette)
    qapp.setStyleSheet(sheet)


def test_plot_takes_the_new_scheme(app: QApplication, plot: CurvePlot) -> None:
    for scheme in (theme.DARK, theme.LIGHT):
        theme.apply_scheme(app, scheme)
        assert theme.current() is scheme
        assert plot._canvas is not None
        assert plot._canvas.backgroundBrush().color() == QColor(scheme.surface)


# --- images ---


@pytest.fixture
def grid(qtbot: QtBot) -> ImageGrid:
    widget = ImageGrid(selectable=True)
    widget.set_images(images())
    shown(qtbot, widget)
    return widget


def click(grid: ImageGrid, index: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.mouseClick(grid, LEFT, modifiers, grid.tile_rect(index).center())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grid_image_is_pixel_exact(qtbot: QtBot, channels: int) -> None:
    grid = ImageGrid()
    qtbot.addWidget(grid)
    grid.set_images(images(7, 5, channels))
    picture = grid.grid_image()
    assert (picture.width(), picture.height()) == (15, 15)
    for index in range(7):
        assert picture.pixelColor(index % 3 * 5 + 2, index // 3 * 5 + 2).red() == 20 * index
    assert grid.image(4).pixelColor(0, 0).green() == 80


def test_grid_paints_the_images(grid: ImageGrid) -> None:
    picture = grid.grab().toImage()
    for index in range(1, 9):
        assert picture.pixelColor(grid.tile_rect(index).center()).red() == 20 * index


def test_grid_refuses_other_arrays(qtbot: QtBot) -> None:
    grid = ImageGrid()
    qtbot.addWidget(grid)
    with pytest.raises(ValueError, match="uint8 NHWC"):
        grid.set_images(np.zeros((4, 3, 8, 8), np.float32))


def test_selection_with_the_mouse(grid: ImageGrid) -> None:
    click(grid, 1)
    assert grid.selected() == [1]
    click(grid, 4, SHIFT)
    assert grid.selected() == [1, 2, 3, 4]
    click(grid, 2, CTRL)
    click(grid, 8, CTRL)
    assert grid.selected() == [1, 3, 4, 8]
    click(grid, 0)
    assert grid.selected() == [0]


def test_keys_move_select_and_activate(qtbot: QtBot, grid: ImageGrid) -> None:
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert grid.current() == 2
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert grid.selected() == [2]
    with qtbot.waitSignal(grid.activated) as signal:
        QTest.keyClick(grid, Qt.Key.Key_Return)
    assert signal.args == [2]
    QTest.keyClick(grid, Qt.Key.Key_A, CTRL)
    assert len(grid.selected()) == 9
    assert grid.accessibleDescription() == "Image 3 of 9, 9 selected"
    with qtbot.waitSignal(grid.activated):
        QTest.mouseDClick(grid, LEFT, NONE, grid.tile_rect(5).center())


def test_zoom_keeps_the_point_under_the_wheel_and_dragging_pans(grid: ImageGrid) -> None:
    point = grid.tile_rect(4).center()
    wheel(grid, point, 6)
    assert grid.zoom() > 2
    assert grid.index_at(QPointF(point)) == 4
    before = grid.tile_rect(4)
    QTest.mousePress(grid, LEFT, NONE, point)
    for away in range(0, 60, 10):
        QTest.mouseMove(grid, point + QPoint(away, 0))
    QTest.mouseRelease(grid, LEFT, NONE, point + QPoint(50, 0))
    assert grid.tile_rect(4).left() > before.left()
    assert grid.selected() == []  # a drag is not a click
    QTest.keyClick(grid, Qt.Key.Key_0)
    assert grid.zoom() == 1


def test_new_images_of_the_same_shape_keep_the_view(grid: ImageGrid) -> None:
    click(grid, 3)
    QTest.keyClick(grid, Qt.Key.Key_Plus)
    grid.set_images(images())
    assert (grid.selected(), grid.zoom()) == ([3], 1.25)
    grid.set_images(images(4))
    assert (grid.selected(), grid.zoom(), grid.current()) == ([], 1.0, 0)


def test_tiles_stay_inside_for_any_shape(qtbot: QtBot) -> None:
    grid = ImageGrid()
    shown(qtbot, grid, 500, 160)
    for count, size in ((1, 64), (5, 16), (36, 64), (256, 32)):
        grid.set_images(np.zeros((count, size, size, 3), np.uint8))
        corners = [grid.tile_rect(index) for index in (0, count - 1)]
        assert all(grid.rect().contains(rect) for rect in corners)
        assert all(grid.index_at(QPointF(grid.tile_rect(index).center())) == index for index in range(count))


@pytest.mark.parametrize("columns", [0, 1, 2, 5, 12])
def test_columns_lay_out_the_grid_and_its_picture(grid: ImageGrid, columns: int) -> None:
    grid.set_columns(columns)
    rects = [grid.tile_rect(index) for index in range(9)]
    assert all(grid.rect().contains(rect) for rect in rects)
    assert [grid.index_at(QPointF(rect.center())) for rect in rects] == list(range(9))
    across = columns or 3
    assert [(rect.left(), rect.top()) for rect in rects] == [
        (rects[0].left() + column * (rects[0].width() + GAP), rects[0].top() + row * (rects[0].height() + GAP))
        for row, column in (divmod(index, across) for index in range(9))
    ]
    picture = grid.grid_image()
    assert (picture.width(), picture.height()) == (8 * across, 8 * -(-9 // across))
    assert [grid.image(index).pixelColor(4, 4).red() for index in range(9)] == [20 * index for index in range(9)]
    shot = grid.grab().toImage()
    assert [shot.pixelColor(rect.center()).red() for rect in rects] == [20 * index for index in range(9)]


def test_columns_keep_the_selection_and_give_the_arrows_their_way(qtbot: QtBot, grid: ImageGrid) -> None:
    click(grid, 1)
    QTest.keyClick(grid, Qt.Key.Key_Plus)
    with qtbot.assertNotEmitted(grid.selection_changed), qtbot.assertNotEmitted(grid.current_changed):
        grid.set_columns(5, list("abcde"))
    assert (grid.selected(), grid.zoom()) == ([1], 1.0)
    QTest.keyClick(grid, Qt.Key.Key_Down)
    assert grid.current() == 6
    assert grid.accessibleDescription() == "Image 7 of 9, b, 1 selected"
    QTest.keyClick(grid, Qt.Key.Key_Plus)
    grid.set_columns(5, list("abcde"))
    assert grid.zoom() == 1.25
    grid.set_columns(0)
    assert grid.zoom() == 1.0
    assert grid.accessibleDescription() == "Image 7 of 9, 1 selected"


def test_names_stand_above_their_columns(qtbot: QtBot, grid: ImageGrid) -> None:
    grid.set_caption("Generated")
    grid.set_columns(3, ["cat", "dog", "a name that is far too long for its column"])
    names, tiles = grid.name_rects(), [grid.tile_rect(index) for index in range(9)]
    assert [(rect.left(), rect.width()) for rect in names] == [(rect.left(), rect.width()) for rect in tiles[:3]]
    assert all(grid.rect().contains(rect) for rect in names)
    assert not any(name.intersects(tile) for name in names for tile in tiles)
    assert grid.index_at(QPointF(names[1].center())) is None
    named_picture = grid.grab().toImage()
    grid.set_columns(3, ["", "", ""])
    bare = grid.grab().toImage()
    between = tiles[1].left() - 1  # nothing is written between two names, nor on any image
    assert named_picture != bare
    assert all(named_picture.pixel(between, y) == bare.pixel(between, y) for y in range(grid.height()))
    assert all(named_picture.copy(tile) == bare.copy(tile) for tile in tiles)


def test_names_stay_in_sight_while_the_grid_is_moved(qtbot: QtBot, grid: ImageGrid) -> None:
    grid.set_columns(3, ["cat", "dog", "fox"])
    bottom = grid.tile_rect(8).center()
    wheel(grid, bottom, 6)
    assert grid.zoom() > 2
    assert grid.index_at(QPointF(bottom)) == 8
    names = grid.name_rects()
    assert grid.tile_rect(0).bottom() < 0
    assert {name.top() for name in names} == {MARGIN}
    assert [name.left() for name in names] == [grid.tile_rect(index).left() for index in range(3)]
    under = QPointF(names[2].center())  # an image that lies behind a name is not there to be clicked
    assert grid.index_at(under) is None
    blue = QColor("#0000ff")
    grid.set_images(np.broadcast_to(np.array([0, 0, 255], np.uint8), (9, 8, 8, 3)).copy())
    picture = grid.grab().toImage()
    strip = [picture.pixelColor(x, y) for x in range(grid.width()) for y in range(MARGIN + NAMES)]
    assert blue not in strip
    assert picture.pixelColor(bottom) == blue


def test_names_are_left_out_where_tiles_are_too_narrow(qtbot: QtBot, grid: ImageGrid) -> None:
    grid.set_columns(12, list("abcdefghijkl"))
    assert grid.tile_rect(0).width() >= NARROWEST_NAMED
    assert len(grid.name_rects()) == 12
    grid.resize(300, 300)
    assert grid.name_rects() == []
    point = grid.tile_rect(5).center()
    wheel(grid, point, 3)
    assert len(grid.name_rects()) == 12
    assert grid.index_at(QPointF(point)) == 5
    grid.set_images(NO_IMAGES)
    assert grid.name_rects() == []
    grid.grab()


def test_clear_parts_show_a_checkerboard(qtbot: QtBot) -> None:
    grid = ImageGrid()
    shown(qtbot, grid)
    batch = images(4, 8, 4)
    batch[..., :3], batch[..., 3] = (10, 200, 30), 0
    batch[:, :4, :, 3] = 255
    grid.set_images(batch)
    tile, picture = grid.tile_rect(3), grid.grab().toImage()
    upper = {picture.pixelColor(x, tile.top() + 5).name() for x in range(tile.left(), tile.right())}
    lower = [picture.pixelColor(x, tile.bottom() - 5).name() for x in range(tile.left(), tile.right())]
    assert upper == {"#0ac81e"}
    assert set(lower) == {QColor(color).name() for color in CHECKS}
    assert lower[0] != lower[CHECK]
    assert grid.image(3).pixelColor(0, 0).alpha() == 255
    assert grid.grid_image().pixelColor(0, 7) == QColor(10, 200, 30, 0)  # what is saved keeps the colors there


def test_viewer_goes_through_the_images(qtbot: QtBot) -> None:
    viewer = ImageViewer(images(), 2)
    shown(qtbot, viewer)
    assert viewer.caption() == "3 of 9"
    view = viewer.findChild(ImageGrid)
    assert view is not None
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert viewer.caption() == "4 of 9"
    assert viewer.image().pixelColor(0, 0).red() == 60
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert viewer.zoom() > 1
    QTest.keyClick(view, Qt.Key.Key_0)
    assert viewer.zoom() == 1
    with qtbot.waitSignal(viewer.save_requested) as signal:
        QTest.mouseClick(named(viewer, "Save image"), LEFT)
    assert signal.args == [3]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not viewer.isVisible()


# --- the rest ---


def test_drop_area_offers_every_way_in(qtbot: QtBot) -> None:
    area = DropArea()
    shown(qtbot, area, 700, 480)
    buttons = {button.text(): button for button in area.findChildren(QPushButton)}
    with qtbot.waitSignal(area.open_folder_requested):
        QTest.mouseClick(buttons["Open folder…"], LEFT)
    with qtbot.waitSignal(area.open_file_requested):
        QTest.mouseClick(buttons["Open file…"], LEFT)
    with qtbot.waitSignal(area.chosen) as signal:
        area.findChildren(QMenu)[0].actions()[1].trigger()
    assert signal.args == ["sample:shapes"]
    assert not buttons["Continue"].isVisible()
    area.offer(Project("/runs/1", "A & B", True, 2511, "", datetime.now()))
    assert buttons["Continue"].text() == "Continue A && B, step 2,511"
    with qtbot.waitSignal(area.chosen) as signal:
        QTest.mouseClick(buttons["Continue"], LEFT)
    assert signal.args == ["/runs/1"]


def test_slider_row_speaks_only_when_a_hand_moves_it(qtbot: QtBot) -> None:
    row = SliderRow("Truncation", -1.0, 1.0, 0.7, help="Distance from the mean latent.")
    shown(qtbot, row, 400, 60)
    with qtbot.assertNotEmitted(row.valueChanged):
        row.set_value(0.123456)
    assert row.value() == 0.123456
    slider = row.findChild(QSlider)
    assert slider is not None
    with qtbot.waitSignal(row.valueChanged) as signal:
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert signal.args == [pytest.approx(0.13)]
    with qtbot.waitSignal(row.valueChanged) as signal:
        QTest.mouseClick(named(row, "Reset Truncation"), LEFT)
    assert signal.args == [0.7]
    row.set_value(5.0)
    assert row.value() == 1.0


def test_scrolling_past_a_slider_changes_nothing(qtbot: QtBot) -> None:
    row = SliderRow("Truncation", 0.0, 1.0, 0.5)
    shown(qtbot, row, 400, 60)
    slider = row.findChild(QSlider)
    assert slider is not None
    slider.clearFocus()
    wheel(slider, QPoint(20, 8), 3)
    assert row.value() == 0.5


def test_seed_box_holds_every_seed(qtbot: QtBot) -> None:
    box = SeedBox(2**32 - 2)
    shown(qtbot, box, 300, 40)
    with qtbot.waitSignal(box.valueChanged) as signal:
        QTest.mouseClick(named(box, "Next seed"), LEFT)
    assert signal.args == [2**32 - 1]
    QTest.mouseClick(named(box, "Next seed"), LEFT)
    assert box.value() == 2**32 - 1
    QTest.mouseClick(named(box, "Previous seed"), LEFT)
    assert box.value() == 2**32 - 2
    with qtbot.assertNotEmitted(box.valueChanged):
        box.set_value(7)
    with qtbot.waitSignal(box.valueChanged):
        QTest.mouseClick(named(box, "Random seed"), LEFT)
    assert 0 <= box.value() < 2**32


def test_banner_shows_problem_and_details(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    assert banner.isHidden()
    banner.show_problem("The folder holds no images.", "Choose another folder.", "OSError: /data/cats")
    assert banner.kind() == "error"
    assert banner.text() == "The folder holds no images.\nChoose another folder."
    toggle = next(button for button in banner.findChildren(QToolButton) if button.text() == "Details")
    QTest.mouseClick(toggle, LEFT)
    assert banner.details() == "OSError: /data/cats"
    with qtbot.waitSignal(banner.closed):
        QTest.mouseClick(named(banner, "Close the message"), LEFT)
    assert banner.isHidden()
    banner.show_notice("Two images were left out.")
    assert banner.kind() == "notice"
    assert not toggle.isVisible()


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(color: str) -> float:
        made = QColor(color)
        parts = [made.redF(), made.greenF(), made.blueF()]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=lambda scheme: scheme.name)
def test_contrast_reaches_aa(scheme: theme.Scheme) -> None:
    strips = (scheme.error_strip, scheme.notice_strip, scheme.good_strip)
    for back in (scheme.window, scheme.surface, scheme.sunken, *strips):
        assert contrast(scheme.text, back) >= 4.5
    for back in (scheme.window, scheme.surface):
        for front in (scheme.muted, scheme.accent, scheme.error, scheme.good):
            assert contrast(front, back) >= 4.5
        assert contrast(scheme.outline, back) >= 3
    assert contrast(scheme.on_accent, scheme.accent) >= 4.5
    assert contrast(scheme.on_error, scheme.error) >= 4.5
    for curve in (scheme.discriminator, scheme.generator, *scheme.series):
        assert contrast(curve, scheme.surface) >= 4.5


def test_an_unknown_icon_is_an_error(qtbot: QtBot) -> None:
    assert not theme.icon("folder-open").pixmap(16, 16).isNull()
    with pytest.raises(KeyError, match="no icon"):
        theme.icon("folder-opened")


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=lambda scheme: scheme.name)
@pytest.mark.parametrize(
    "keys",
    [
        ("Loss/D/loss", "Loss/G/loss"),
        ("Signal/D/accuracy_real", "Signal/D/accuracy_fake"),
        ("Loss/scores/real", "Loss/scores/fake"),
        tuple(f"Signal/scores/{side}/p{part:02}" for side in ("real", "fake") for part in (5, 25, 50, 75, 95)),
        tuple(f"Signal/D/gradient/features.{layer}" for layer in range(30)),
    ],
    ids=lambda keys: keys[0],
)
def test_curves_of_one_plot_have_different_colors(scheme: theme.Scheme, keys: tuple[str, ...]) -> None:
    colors = scheme.curves(keys)
    assert len(set(colors)) == len(keys)
    assert all(contrast(color, scheme.surface) >= 4.5 for color in colors)
    apart = [distance(one, other) for one, other in combinations(colors[: len(scheme.series)], 2)]
    assert min(apart) >= 45
    sides = {"real": scheme.discriminator, "fake": scheme.generator}
    for key, color in zip(keys, colors, strict=True):
        if key.endswith(("real", "fake")):
            assert color == sides[key[-4:]]


def distance(one: str, other: str) -> float:
    """Returns the distance of two colors in RGB, from 0 to 441."""
    first, second = (np.array([color.red(), color.green(), color.blue()]) for color in (QColor(one), QColor(other)))
    return float(np.linalg.norm(first - second))
