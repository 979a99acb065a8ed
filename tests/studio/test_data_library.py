"""Data on the disk, in the real window: a download that is chosen, canceled and resumed; prepared datasets."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import sleep

import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from core.data.cache.quota import GB, entries, limit
from core.data.download.catalog import DOWNLOADS, Download
from core.errors import UserError
from studio.application import Application
from studio.dialogs.download import DownloadDialog
from studio.dialogs.prepared_datasets import PreparedDatasetsDialog
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
    qtbot: QtBot, studio: Application, server: Server, offer: Download
) -> None:
    download(qtbot, studio, "Some pictures")
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    assert studio.session.data.dataset is not None
    assert (studio.session.data.dataset.source, len(studio.session.data.dataset.images)) == ("download:pictures", 120)
    assert studio.window.jobs.isHidden()

    # Its originals are seen beside what becomes of them, as those of a folder are.
    studio.window.data.view.tabs.setCurrentIndex(PAIRS)
    shown = studio.window.data.findChild(BeforeAfterView)
    assert shown is not None
    qtbot.waitUntil(lambda: len(shown.pairs()) == 6, timeout=PATIENCE)

    with qtbot.waitSignal(studio.session.data.dataset_opened, timeout=PATIENCE):
        download(qtbot, studio, "Some pictures", presses="Open")  # now it is here
    assert len(server.asked) == 1


def test_a_download_that_is_canceled_goes_on(
    qtbot: QtBot, studio: Application, server: Server, offer: Download
) -> None:
    server.gate.clear()
    download(qtbot, studio, "Some pictures")
    qtbot.waitUntil(studio.window.jobs.isVisible, timeout=PATIENCE)
    with qtbot.waitSignal(studio.session.jobs.ended, timeout=PATIENCE):
        click(button(studio.window.jobs, "Cancel"))  # although nothing comes any more
    server.gate.set()
    assert studio.session.data.dataset is None
    assert not offer.is_here()
    download(qtbot, studio, "Some pictures")
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    assert server.asked[-1][1].startswith("bytes=")


def test_without_a_network_a_sentence_says_what_to_do(
    qtbot: QtBot, studio: Application, server: Server, offer: Download
) -> None:
    server.fail = "error"
    with qtbot.waitSignal(studio.session.problem, timeout=PATIENCE) as caught:
        download(qtbot, studio, "Some pictures")
    assert "could not be downloaded" in caught.args[0].what
    assert "yourself and put" in caught.args[0].remedy
    assert studio.window.banner.isVisible()


def test_what_a_program_may_not_download_says_so(qtbot: QtBot, studio: Application) -> None:
    def check(dialog: DownloadDialog) -> None:
        select(qtbot, dialog, DOWNLOADS["celeba"].title)
        assert not button(dialog, "Download").isEnabled()
        dialog.reject()

    answer(DownloadDialog, check)
    studio.controllers.dialogs.show("download")


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(server: Server, monkeypatch: pytest.MonkeyPatch) -> Download:
    """A small file in the place of Inception's."""
    data = bytes(range(256)) * 40
    server.files["weights.pth"] = data
    file = remote("weights.pth", data, f"{server.address}weights.pth")
    download = Download("inception", "The weights", 0, 0, "free", "http://the.page/", (file,), "weights.pth")
    monkeypatch.setattr("core.evaluation.features.weights.INCEPTION", download)
    return download


def choose_inception(studio: Application) -> None:
    box = studio.window.train.form.widget("evaluation_features")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("inception"))
    box.activated.emit(box.currentIndex())


def test_inceptions_weights_are_downloaded_when_the_person_says_so(
    qtbot: QtBot, studio: Application, server: Server, weights: Download
) -> None:
    answered: list[str] = []

    def check(box: QMessageBox) -> None:
        answered.append(box.informativeText())
        click(button(box, "Download" if len(answered) == 2 else "Cancel"))

    for _ in range(2):
        answer(QMessageBox, check)
        with qtbot.waitSignal(studio.session.library.rows_listed, timeout=PATIENCE):
            choose_inception(studio)
    assert "Download 0.0 MB once" in answered[0]
    assert "http://the.page/" in answered[0]
    qtbot.waitUntil(lambda: studio.window.banner.kind() == "good", timeout=PATIENCE)
    assert weights.located().read_bytes() == server.files["weights.pth"]
    with qtbot.waitSignal(studio.session.library.rows_listed, timeout=PATIENCE):
        choose_inception(studio)  # now they are here, and nothing is asked
    assert len(server.asked) == 1


def test_inceptions_weights_come_from_a_file_that_is_theirs(
    qtbot: QtBot, studio: Application, server: Server, weights: Download, tmp_path: Path
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
        with qtbot.waitSignal(studio.session.jobs.ended, timeout=PATIENCE):
            choose_inception(studio)
        assert weights.is_here() == (name != "other.pth")
        assert studio.window.banner.kind() == ("error" if name == "other.pth" else "good")
    assert not server.asked


# -- what was prepared -------------------------------------------------------------------------------------------------


def test_what_is_open_stays_and_the_rest_is_deleted(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        drop(studio, fill(tmp_path / name, 12))
        qtbot.waitUntil(lambda: studio.session.data.dataset is not None and studio.session.data.dataset.title == name)  # noqa: B023

    # Images of the one before are still being read for a moment.
    qtbot.waitUntil(lambda: sum(entry.in_use for entry in entries()) == 1, timeout=PATIENCE)

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
    studio.controllers.dialogs.show("prepared_datasets")
    assert [entry.title for entry in entries()] == ["three"]


def test_changes_are_made_in_their_order(qtbot: QtBot, studio: Application) -> None:
    made: list[str] = []
    listed: list[object] = []
    library = studio.session.library

    def change(name: str, seconds: float) -> None:
        sleep(seconds)
        made.append(name)
        if name == "refused":
            raise UserError("It cannot be written.", "Make room.")

    for name, seconds in (("slow", 0.2), ("refused", 0.1), ("quick", 0.0)):
        library.ask(partial(change, name, seconds))
        library.ask(lambda: len(made), listed.append)
    qtbot.waitUntil(lambda: len(listed) == 3, timeout=PATIENCE)
    assert made == ["slow", "refused", "quick"]
    assert listed == [1, 2, 3]  # what is there after each, also after the one that was refused


def test_the_limit_is_remembered(
    qtbot: QtBot, studio: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(studio, fill(tmp_path / "photos", 12))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)

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
    studio.controllers.dialogs.show("prepared_datasets")
    qtbot.waitUntil(lambda: limit() == 6.5 * GB, timeout=PATIENCE)

    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "3")

    def check(dialog: PreparedDatasetsDialog) -> None:
        rows(qtbot, dialog)
        box = dialog.findChild(QDoubleSpinBox)
        assert box is not None
        assert (box.value(), box.isEnabled()) == (3, False)
        dialog.reject()

    answer(PreparedDatasetsDialog, check)
    studio.controllers.dialogs.show("prepared_datasets")


def download(qtbot: QtBot, studio: Application, title: str, presses: str = "Download") -> None:
    def choose(dialog: DownloadDialog) -> None:
        select(qtbot, dialog, title)
        click(button(dialog, presses))

    answer(DownloadDialog, choose)
    studio.controllers.dialogs.show("download")


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
