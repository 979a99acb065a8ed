"""What is on the disk, in the real window: a download that is chosen, cancelled and goes on; what was prepared."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from time import sleep

import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from core.data.cache.quota import GB, entries, limit
from core.data.download.catalogue import DOWNLOADS, Download
from core.errors import UserError
from studio.dialogs.download import DownloadDialog
from studio.dialogs.prepared_datasets import PreparedDatasetsDialog
from studio.main_window import MainWindow
from studio.widgets.basic.table import Table
from studio.widgets.data.before_after_view import BeforeAfterView
from studio.widgets.data.dataset_view import PAIRS
from tests.core.photos import fill
from tests.core.server import Server, remote
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import answer, button, click, drop

pytestmark = pytest.mark.usefixtures("downloads")


# -- downloads ---------------------------------------------------------------------------------------------------------


def test_a_download_is_chosen_comes_and_is_opened(
    qtbot: QtBot, window: MainWindow, server: Server, offer: Download
) -> None:
    download(qtbot, window, "Some pictures")
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)
    assert window.session.dataset is not None
    assert (window.session.dataset.source, len(window.session.dataset.images)) == ("download:pictures", 120)
    assert window.jobs.isHidden()

    # Its originals are seen beside what becomes of them, as those of a folder are.
    window.data.view.tabs.setCurrentIndex(PAIRS)
    shown = window.data.findChild(BeforeAfterView)
    assert shown is not None
    qtbot.waitUntil(lambda: len(shown.pairs()) == 6, timeout=PATIENCE)

    with qtbot.waitSignal(window.session.reader.dataset_opened, timeout=PATIENCE):
        download(qtbot, window, "Some pictures", presses="Open")  # now it is here
    assert len(server.asked) == 1


def test_a_download_that_is_cancelled_goes_on(
    qtbot: QtBot, window: MainWindow, server: Server, offer: Download
) -> None:
    server.gate.clear()
    download(qtbot, window, "Some pictures")
    qtbot.waitUntil(window.jobs.isVisible, timeout=PATIENCE)
    with qtbot.waitSignal(window.session.jobs.ended, timeout=PATIENCE):
        click(button(window.jobs, "Cancel"))  # although nothing comes any more
    server.gate.set()
    assert window.session.dataset is None
    assert not offer.is_here()
    download(qtbot, window, "Some pictures")
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)
    assert server.asked[-1][1].startswith("bytes=")


def test_without_a_network_a_sentence_says_what_to_do(
    qtbot: QtBot, window: MainWindow, server: Server, offer: Download
) -> None:
    server.fail = "error"
    with qtbot.waitSignal(window.session.problem, timeout=PATIENCE) as caught:
        download(qtbot, window, "Some pictures")
    assert "could not be downloaded" in caught.args[0].what
    assert "yourself and put" in caught.args[0].remedy
    assert window.banner.isVisible()


def test_what_a_program_may_not_download_says_so(qtbot: QtBot, window: MainWindow) -> None:
    def look(dialog: DownloadDialog) -> None:
        select(qtbot, dialog, DOWNLOADS["celeba"].title)
        assert not button(dialog, "Download").isEnabled()
        dialog.reject()

    answer(DownloadDialog, look)
    window.stock_dialogs.download()


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(server: Server, monkeypatch: pytest.MonkeyPatch) -> Download:
    """A small file in the place of Inception's."""
    data = bytes(range(256)) * 40
    server.files["weights.pth"] = data
    file = remote("weights.pth", data, f"{server.address}weights.pth", sha256=hashlib.sha256(data).hexdigest())
    download = Download("inception", "The weights", 0, 0, "free", "http://the.page/", (file,), "weights.pth")
    monkeypatch.setattr("core.evaluation.features.weights.INCEPTION", download)
    return download


def choose_inception(window: MainWindow) -> None:
    box = window.train.form.widget("evaluation_features")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("inception"))
    box.activated.emit(box.currentIndex())


def test_inceptions_weights_are_downloaded_when_the_person_says_so(
    qtbot: QtBot, window: MainWindow, server: Server, weights: Download
) -> None:
    answered: list[str] = []

    def look(box: QMessageBox) -> None:
        answered.append(box.informativeText())
        click(button(box, "Download" if len(answered) == 2 else "Cancel"))

    for _ in range(2):
        answer(QMessageBox, look)
        with qtbot.waitSignal(window.session.reader.stock_listed, timeout=PATIENCE):
            choose_inception(window)
    assert "0.0 MB are downloaded once" in answered[0]
    assert "http://the.page/" in answered[0]
    qtbot.waitUntil(lambda: window.banner.kind() == "good", timeout=PATIENCE)
    assert weights.located().read_bytes() == server.files["weights.pth"]
    with qtbot.waitSignal(window.session.reader.stock_listed, timeout=PATIENCE):
        choose_inception(window)  # now they are here, and nothing is asked
    assert len(server.asked) == 1


def test_inceptions_weights_come_from_a_file_that_is_theirs(
    qtbot: QtBot, window: MainWindow, server: Server, weights: Download, tmp_path: Path
) -> None:
    for name, data in (("other.pth", b"something else"), ("mine 絵.pth", server.files["weights.pth"])):
        (tmp_path / name).write_bytes(data)

        def pick(dialog: QFileDialog, path: Path = tmp_path / name) -> None:
            line = dialog.findChild(QLineEdit)
            assert line is not None
            line.setText(str(path))
            click(button(dialog, "&Open"))

        def choose(box: QMessageBox) -> None:
            answer(QFileDialog, pick)
            click(button(box, "Choose a file"))

        answer(QMessageBox, choose)
        with qtbot.waitSignal(window.session.jobs.ended, timeout=PATIENCE):
            choose_inception(window)
        assert weights.is_here() == (name != "other.pth")
        assert window.banner.kind() == ("error" if name == "other.pth" else "good")
    assert not server.asked


# -- what was prepared -------------------------------------------------------------------------------------------------


def test_what_is_open_stays_and_the_rest_is_deleted(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        drop(window, fill(tmp_path / name, 12))
        qtbot.waitUntil(lambda: window.session.dataset is not None and window.session.dataset.title == name)  # noqa: B023

    def delete(dialog: PreparedDatasetsDialog) -> None:
        table = rows(qtbot, dialog)
        assert column(table, 0) == ["three", "two", "one"]
        select(qtbot, dialog, "two")
        click(button(dialog, "Delete selected"))
        qtbot.waitUntil(lambda: table.topLevelItemCount() == 2, timeout=PATIENCE)
        click(button(dialog, "Delete all"))
        qtbot.waitUntil(lambda: table.topLevelItemCount() == 1, timeout=PATIENCE)
        assert column(table, 4) == ["open now"]
        assert not button(dialog, "Delete all").isEnabled()
        dialog.reject()

    answer(PreparedDatasetsDialog, delete)
    window.stock_dialogs.prepared()
    assert [entry.title for entry in entries()] == ["three"]


def test_changes_are_made_in_their_order(qtbot: QtBot, window: MainWindow) -> None:
    made: list[str] = []
    listed: list[int] = []
    window.session.reader.stock_listed.connect(listed.append)

    def change(name: str, seconds: float) -> None:
        sleep(seconds)
        made.append(name)
        if name == "refused":
            raise UserError("It cannot be written.", "Make room.")

    for name, seconds in (("slow", 0.2), ("refused", 0.1), ("quick", 0.0)):
        window.session.reader.change_stock(partial(change, name, seconds), lambda: len(made))
    qtbot.waitUntil(lambda: len(listed) == 3, timeout=PATIENCE)
    assert made == ["slow", "refused", "quick"]
    assert listed == [1, 2, 3]  # what is there after each, also after the one that was refused


def test_the_limit_is_remembered(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(window, fill(tmp_path / "photos", 12))
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)

    def choose(dialog: PreparedDatasetsDialog) -> None:
        rows(qtbot, dialog)
        box = dialog.findChild(QDoubleSpinBox)
        assert box is not None
        assert box.value() == 20
        told: list[float] = []
        dialog.limit_chosen.connect(told.append)
        for value in (8, 7.5, 7, 7.5):  # as when its arrow is held
            box.setValue(value)
        qtbot.waitUntil(lambda: told == [7.5], timeout=PATIENCE)
        box.setValue(6.5)
        dialog.reject()  # at once
        assert told == [7.5, 6.5]

    answer(PreparedDatasetsDialog, choose)
    window.stock_dialogs.prepared()
    qtbot.waitUntil(lambda: limit() == 6.5 * GB, timeout=PATIENCE)

    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "3")

    def look(dialog: PreparedDatasetsDialog) -> None:
        rows(qtbot, dialog)
        box = dialog.findChild(QDoubleSpinBox)
        assert box is not None
        assert (box.value(), box.isEnabled()) == (3, False)
        dialog.reject()

    answer(PreparedDatasetsDialog, look)
    window.stock_dialogs.prepared()


def download(qtbot: QtBot, window: MainWindow, title: str, presses: str = "Download") -> None:
    def choose(dialog: DownloadDialog) -> None:
        select(qtbot, dialog, title)
        click(button(dialog, presses))

    answer(DownloadDialog, choose)
    window.stock_dialogs.download()


def rows(qtbot: QtBot, dialog: QDialog) -> Table:
    """The dialog's table, once it has rows."""
    table = dialog.findChild(Table)
    assert isinstance(table, Table)
    qtbot.waitUntil(lambda: table.topLevelItemCount() > 0, timeout=PATIENCE)
    return table


def select(qtbot: QtBot, dialog: QDialog, title: str) -> None:
    table = rows(qtbot, dialog)
    table.setCurrentIndex(table.model().index(column(table, 0).index(title), 0))


def column(table: Table, number: int) -> list[str]:
    model = table.model()
    return [model.index(row, number).data() for row in range(model.rowCount())]
