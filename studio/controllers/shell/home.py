"""Controller of the Home workspace: keeps its cards up to date and opens projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio import window_state
from studio.main_window import HOME, TRAIN, MainWindow
from studio.model.home import ProjectsListed
from studio.model.train import TrainingState
from studio.services.session import Session


class HomeController:
    """Lists runs and datasets whenever Home becomes visible."""

    def __init__(self, window: MainWindow, session: Session, open_path: Callable[[str], None]) -> None:
        self._window, self._session, self._open_path = window, session, open_path

    def refresh(self) -> None:
        """Lists the projects again."""
        self._session.projects.list(self._session.runs_folder)

    def show_workspace(self, index: int) -> None:
        """Refreshes the cards when Home becomes visible."""
        if index == HOME:
            self.refresh()

    def show_projects(self, found: ProjectsListed) -> None:
        self._window.home.show_projects(found)
        window_state.keep_has_projects(bool(found.runs or found.datasets))

    def open(self, source: str) -> None:
        """Opens a project; shows the Train workspace for a run that is already open."""
        training = self._session.training
        if training.state is not TrainingState.IDLE and training.run_folder == Path(source):
            self._window.show_workspace(TRAIN)
        else:
            self._open_path(source)
