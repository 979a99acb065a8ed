"""Controller of the Apply panel: adds pictures, saves their translations, and tells what was saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from core.language import _, plural, sentences
from core.runs.run import is_checkpoint, is_run
from studio.widgets.basic.ask_folder import ask_folder

if TYPE_CHECKING:
    from studio.controllers.open import OpenController
    from studio.main_window import MainWindow
    from studio.model.apply import Pictures, Written
    from studio.services.session import Session


class ApplyController:
    """Connects the Apply panel with the service that translates pictures."""

    def __init__(self, window: MainWindow, session: Session, opening: OpenController) -> None:
        self._window, self._session, self._opening = window, session, opening

    def drop(self, paths: Sequence[str]) -> None:
        """Adds dropped pictures, folders and films; opens a run or a checkpoint instead."""
        dropped = [Path(path) for path in paths]
        if any(is_checkpoint(path) or is_run(path) for path in dropped[:1]):
            self._opening.open(paths[0])
        elif self._session.explore.translator is None:
            from studio.panels.apply import NOTHING  # a panel, not before the first paint

            self._window.banner.show_notice(NOTHING)
        else:
            self._session.applying.add(dropped)

    def choose_pictures(self) -> None:
        """Asks for pictures and films."""
        from core.data.decode import EXTENSIONS  # not before the first paint
        from core.data.formats.video import ENDINGS as FILMS

        patterns = " ".join(f"*{ending}" for ending in (*EXTENSIONS, *FILMS))
        kinds = _("Pictures and films ({patterns});;All files (*)").format(patterns=patterns)
        files, _kind = QFileDialog.getOpenFileNames(self._window, _("Open pictures"), filter=kinds)
        if files:
            self._session.applying.add([Path(file) for file in files])

    def choose_folder(self) -> None:
        """Asks for a folder of pictures."""
        ask_folder(self._window, _("Open a folder of pictures"), lambda folder: self.drop([folder]))

    def save_all(self, strength: float) -> None:
        """Asks for a folder, and saves the translations of all pictures and films in it."""

        def save(folder: str) -> None:
            self._session.applying.save_all(Path(folder), strength)

        ask_folder(self._window, _("Save the results in a folder"), save)

    def show_listed(self, pictures: Pictures) -> None:
        """Adds pictures to the panel, and tells which are left out."""
        self._window.apply.add_pictures(pictures)
        if pictures.problems:
            self._window.banner.show_notice(_left_out(pictures.problems))

    def show_written(self, written: Written) -> None:
        """Tells what was saved, and offers to show the folder."""
        text = plural(
            "Saved {count} result in {folder}.",
            "Saved {count} results in {folder}.",
            written.count,
            folder=written.folder,
        )
        if written.problems:
            text = sentences(text, _left_out(written.problems))
        show = partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(written.folder)))
        self._window.banner.show_offer(text, _("Show"), show, "good")


def _left_out(problems: Sequence[str]) -> str:
    """Returns the first problem, and how many there are besides."""
    if len(problems) == 1:
        return problems[0]
    more = plural("{count} more file has a problem.", "{count} more files have problems.", len(problems) - 1)
    return sentences(problems[0], more)
