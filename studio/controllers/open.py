"""Controller of opening: opens the chosen source in the session and shows the workspace where it appears."""

from __future__ import annotations

from core.config.preparation import Preparation
from core.errors import UserError
from studio import window_state
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow
from studio.model.data import DataRequest, SourceKind
from studio.services.session import Session


class OpenController:
    """Opens datasets, runs, checkpoints and images from menus, drops and the command line."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def open(self, source: str) -> None:
        """Opens a dataset, run, checkpoint, exported image, photo or `sample:NAME`."""
        self._window.banner.dismiss()
        self._session.open(DataRequest(source, self._preparation(), self._window.train.form.value("augment")))

    def show_recognized(self, source: str, kind: SourceKind) -> None:
        """Shows the workspace where the source will appear, and adds it to the recent items."""
        self._window.show_workspace({"data": DATA, "run": TRAIN}.get(kind, EXPLORE))
        if kind in ("data", "run", "checkpoint"):
            window_state.add_recent(source)

    def _preparation(self) -> Preparation | UserError:
        try:
            return self._window.train.form.preparation_of_others()
        except UserError as problem:
            return problem
