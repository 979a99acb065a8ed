"""Controller of opening: has the session open what the user chose, and shows the workspace where it appears."""

from __future__ import annotations

from core.config.preparation import Preparation
from core.errors import UserError
from studio import window_state
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow
from studio.model.data import DataRequest, SourceKind
from studio.services.session import Session


class OpenController:
    """Opens datasets, runs, checkpoints and images, from wherever they come."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def open(self, source: str) -> None:
        """Opens a dataset, a run, a checkpoint, an exported image, a picture or `sample:NAME`."""
        self._window.banner.dismiss()
        self._session.open(DataRequest(source, self._preparation(), self._window.train.form.value("augment")))

    def show_recognized(self, source: str, kind: SourceKind) -> None:
        """Something is being opened: goes where it will appear, and remembers what can be opened again."""
        self._window.show_workspace({"data": DATA, "run": TRAIN}.get(kind, EXPLORE))
        if kind in ("data", "run", "checkpoint"):
            window_state.add_recent(source)

    def _preparation(self) -> Preparation | UserError:
        try:
            return self._window.train.form.preparation_of_others()
        except UserError as problem:
            return problem
