"""Dialog that compares the curves, samples and settings of two runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QTabWidget, QToolButton, QVBoxLayout, QWidget

from core.errors import UserError
from core.events import Progress
from core.runs.overview import Overview
from studio import theme
from studio.dialogs.run_picker import RunPicker
from studio.model.train import CheckpointRows, Grid
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.labels import plain_tip
from studio.widgets.plots.overlay_plot import SIDES
from studio.widgets.train.compared_curves import ComparedCurves
from studio.widgets.train.compared_samples import ComparedSamples
from studio.widgets.train.compared_settings import ComparedSettings

GEOMETRY = "compare/geometry"


class CompareRunsDialog(QDialog):
    """Not modal; it remembers its place and size. Everything comes later, from threads."""

    list_requested = Signal(object)
    """The `Path` of a folder of runs."""
    run_requested = Signal(str, object)
    """A side and the `Path` of its run's folder."""
    grid_requested = Signal(str, object, int, object)
    """See `ComparedSamples`."""

    def __init__(self, runs: Path, opened: Path | None = None, parent: QWidget | None = None) -> None:
        """`opened`: the run that is shown as A."""
        super().__init__(parent)
        self.setWindowTitle("Compare runs")
        self._folder, self._opened = runs, opened
        self._runs: dict[str, Overview] = {}
        self._banner, self._busy = Banner(), QProgressBar(textVisible=False)
        self.pickers = {side: RunPicker(side) for side in SIDES}
        self.curves, self.samples, self.settings = ComparedCurves(), ComparedSamples(), ComparedSettings()
        self.tabs = QTabWidget()
        self._build()
        for side, picker in self.pickers.items():
            picker.chosen.connect(lambda folder, side=side: self._choose(side, folder))
        self.samples.grid_requested.connect(self.grid_requested)
        self.resize(1100, 680)
        if geometry := QSettings().value(GEOMETRY):
            self.restoreGeometry(geometry)

    def begin(self) -> None:
        """Asks for the list, and for the run that is open."""
        self.list_requested.emit(self._folder)
        if self._opened is not None:
            self.pickers["A"].set_folder(self._opened)
            self._choose("A", self._opened)

    # Told what to show

    def show_runs(self, found: CheckpointRows) -> None:
        """The runs to choose from."""
        for picker in self.pickers.values():
            picker.set_rows(found.rows)
        if len(found.rows) < len(SIDES):
            self._banner.show_notice(
                f"{self._folder} holds fewer than two runs. Browse for others with the buttons above."
            )

    def show_progress(self, progress: Progress | None) -> None:
        """What is being read."""
        self._busy.setVisible(progress is not None)
        if progress is not None:
            self._busy.setRange(0, progress.total)
            self._busy.setValue(progress.done)
            self._busy.setToolTip(plain_tip(progress.text))

    def show_run(self, side: str, run: Overview) -> None:
        """A run that was read."""
        self._runs[side] = run
        self._show()

    def show_problem(self, side: str, problem: UserError) -> None:
        """Why a run, or the list, cannot be shown."""
        where = f"Run {side}: " if side else ""
        self._banner.show_problem(f"{where}{problem.what}", problem.remedy, problem.details)

    def show_grid(self, side: str, answer: Grid | UserError) -> None:
        """A sample grid."""
        if isinstance(answer, UserError):
            self.samples.show_problem(side, answer)
        else:
            self.samples.show_grid(side, answer.step, answer.images, answer.columns)

    # Choosing

    def _choose(self, side: str, folder: Path) -> None:
        self._banner.dismiss()
        if self._runs.pop(side, None):
            self._show()
        self.run_requested.emit(side, folder)

    def _again(self) -> None:
        """Reads both runs once more: one of them may have trained on."""
        self._banner.dismiss()
        self.list_requested.emit(self._folder)
        for side, picker in self.pickers.items():
            if folder := picker.folder():
                self.run_requested.emit(side, folder)

    def _show(self) -> None:
        for part in (self.curves, self.samples, self.settings):
            part.show_runs(self._runs)

    # Building

    def _build(self) -> None:
        again = QToolButton()
        again.setIcon(theme.icon("arrows-clockwise"))
        again.setAccessibleName("Read again")
        again.setToolTip("Read both runs again, for what was trained meanwhile.")
        again.clicked.connect(self._again)
        row = QHBoxLayout()
        row.setSpacing(14)
        for picker in self.pickers.values():
            row.addWidget(picker, 1)
        row.addWidget(again)
        policy = self._busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that nothing jumps
        self._busy.setSizePolicy(policy)
        self._busy.setAccessibleName("Progress of reading")
        self._busy.hide()
        for part, title in ((self.curves, "Curves"), (self.samples, "Samples"), (self.settings, "Settings")):
            self.tabs.addTab(part, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._busy)
        layout.addWidget(self._banner)
        layout.addWidget(self.tabs, 1)

    def done(self, result: int) -> None:
        QSettings().setValue(GEOMETRY, self.saveGeometry())
        super().done(result)
