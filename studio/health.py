"""How well the training does, in the window: findings and their remedies, measured numbers, and the best checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.diagnosis import Course, Remedy
from core.errors import Problem
from core.events import Edited, Judging, Measured
from core.keys import label, measured, protocol_text
from studio.watch import Watch

if TYPE_CHECKING:
    from studio.checkpoint_list import BestCheckpoint
    from studio.main_window import MainWindow
    from studio.opening import OpenedRun


class Health:
    """`watch` says what is found; the rest shows it, and does what the person chooses."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._before: dict[str, Any] = {}
        self.watch = Watch(window)

    def begin(self, course: Course | None = None) -> None:
        """A training begins, or goes on from the reports of `course`."""
        dataset = self._window.session.dataset
        self.watch.begin(self._window.settings, len(dataset.images) if dataset else 0, course)

    def show_run(self, run: OpenedRun) -> None:
        self.watch.begin(run.settings, 0, run.course, run.edits)

    def apply(self, remedy: Remedy) -> None:
        """Changes the running training's settings as a remedy says; `take_back` undoes it."""
        settings = self._window.settings
        self._before = {name: getattr(settings, name) for name in remedy.changes}
        if self._change(remedy.changes):
            self._window.train.health.show_applied(remedy.changes)

    def take_back(self) -> None:
        self._change(self._before)

    def show_edit(self, edited: Edited) -> None:
        self.watch.edit(edited)

    def show_judging(self, progress: Judging) -> None:
        """An evaluation goes on beside the training."""
        done = f" {100 * progress.done // progress.total} %" if progress.total else ""
        self._window.footer.show_aside(f"measuring: {progress.text.lower()}{done}")

    def show_measured(self, found: Measured) -> None:
        self._window.train.show_measured(found)
        said = [f"{label(key)} {value:.4g}" for key, value in found.values.items() if "/fid@" in key]
        self._window.footer.show_aside(f"step {found.step:,}: {', '.join(said)}")

    def offer_best(self, found: BestCheckpoint) -> None:
        """The training has ended, and an earlier checkpoint is better than the last."""
        number, protocol = measured(found.key) or ("", "")
        text = (
            f"The best images were made at step {found.step:,}: {label(found.key)} {found.value:.4g} "
            f"({protocol_text(protocol)}). The last step is {found.last:,}."
        )
        self._window.banner.show_offer(
            text, "Explore the best", lambda: self._window.open_path(str(found.path)), kind="good"
        )

    def _change(self, changes: Mapping[str, Any]) -> bool:
        window = self._window
        try:
            window.train.form.set_settings(window.train.form.settings().changed(**changes))
            window.edit(window.settings.changed(**changes))
        except Problem as problem:
            window.show_problem(problem)
            return False
        return True
