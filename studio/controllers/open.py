"""Controller of opening: opens the chosen source in the session and shows the workspace where it appears."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.preparation import Preparation
from core.data.names import quoted
from core.data.sides.two_sources import pair_name
from core.errors import UserError
from core.language import _
from core.registry import components
from core.runs.run import is_checkpoint
from studio import window_state
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow
from studio.model.data import DataRequest, SourceKind
from studio.services.session import Session

if TYPE_CHECKING:
    from core.data.dataset import Dataset


class OpenController:
    """Opens datasets, runs, checkpoints and images from menus, drops and the command line."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def open(self, source: str) -> None:
        """Opens a dataset, run, checkpoint, exported image, photo or `sample:NAME`."""
        self._window.banner.dismiss()
        self._session.open(DataRequest(source, self._preparation(), self._window.train.form.value("augment")))

    def drop(self, source: str) -> None:
        """Opens what was dropped, or offers it as the other side of the open images, if the task needs two."""
        opened = self._session.data.dataset
        if opened is None or not self._can_be_other_side(source, opened):
            self.open(source)
            return
        text = _("The task needs two kinds of images. {name} can be the targets of the open images, {opened}.")
        self._window.banner.show_offers(
            text.format(name=quoted(Path(source).name), opened=quoted(opened.title)),
            [
                (_("Use as the other side"), partial(self.open, pair_name(opened.source, source))),
                (_("Open instead"), partial(self.open, source)),
            ],
        )

    def _can_be_other_side(self, source: str, opened: Dataset) -> bool:
        """Returns whether a source may hold targets, by its name alone, and the open images are one side."""
        from core.data.formats.file_kinds import kind_by_name  # not before the first paint

        task = components("translation.tasks")[self._window.train.form.value("task")]
        facts = self._session.data.facts
        has_one_side = facts is not None and not facts.points and facts.sides is None
        name = Path(source).name
        is_file = is_checkpoint(Path(name)) or kind_by_name(name) == "image"
        return task.facts["SIDES"] == 2 and has_one_side and source != opened.source and not is_file

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
