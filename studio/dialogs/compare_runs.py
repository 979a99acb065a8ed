"""Dialog that compares the curves, samples and settings of two runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QTabWidget, QToolButton, QVBoxLayout, QWidget

from core.errors import UserError
from core.events import Progress
from core.language import _
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
    """Non-modal; remembers its place and size. Its contents arrive from threads."""

    list_requested = Signal(object)
    """Path of a folder of runs to list."""
    run_requested = Signal(str, object)
    """A side ("A" or "B") and the path of its run folder."""
    grid_requested = Signal(str, object, int, object)
    """See `ComparedSamples`."""

    def __init__(self, runs: Path, opened: Path | None = None, parent: QWidget | None = None) -> None:
        """`opened`: the run shown as A."""
        super().__init__(parent)
        self.setWindowTitle(_("Compare runs"))
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
        """Requests the list and the open run."""
        self.list_requested.emit(self._folder)
        if self._opened is not None:
            self.pickers["A"].set_folder(self._opened)
            self._choose("A", self._opened)

    # Display

    def show_runs(self, found: CheckpointRows) -> None:
        """Lists the available runs."""
        for picker in self.pickers.values():
            picker.set_rows(found.rows)
        if len(found.rows) < len(SIDES):
            self._banner.show_notice(
                _("{folder} holds fewer than two runs. Browse for others above.").format(folder=self._folder)
            )

    def show_progress(self, progress: Progress | None) -> None:
        """Shows the progress of reading."""
        self._busy.setVisible(progress is not None)
        if progress is not None:
            self._busy.setRange(0, progress.total)
            self._busy.setValue(progress.done)
            self._busy.setToolTip(plain_tip(progress.text))

    def show_run(self, side: str, run: Overview) -> None:
        """Shows a run that was read."""
        self._runs[side] = run
        self._show()

    def show_problem(self, side: str, problem: UserError) -> None:
        """Shows why a run or the list cannot be read."""
        what = _("Run {side}: {problem}").format(side=side, problem=problem.what) if side else problem.what
        self._banner.show_problem(what, problem.remedy, problem.details)

    def show_grid(self, side: str, answer: Grid | UserError) -> None:
        """Shows a sample grid."""
        if isinstance(answer, UserError):
            self.samples.show_problem(side, answer)
        else:
            self.samples.show_grid(side, answer.step, answer.images, answer.columns)

    # Selection

    def _choose(self, side: str, folder: Path) -> None:
        self._banner.dismiss()
        if self._runs.pop(side, None):
            self._show()
        self.run_requested.emit(side, folder)

    def _again(self) -> None:
        """Reads both runs again, as one of them may have trained on."""
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
        again.setAccessibleName(_("Read again"))
        again.setToolTip(_("Read both runs again, with the latest training progress."))
        again.clicked.connect(self._again)
        row = QHBoxLayout()
        row.setSpacing(14)
        for picker in self.pickers.values():
            row.addWidget(picker, 1)
        row.addWidget(again)
        policy = self._busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # keeps the layout from jumping
        self._busy.setSizePolicy(policy)
        self._busy.setAccessibleName(_("Progress of reading"))
        self._busy.hide()
        tabs = (self.curves, _("Curves")), (self.samples, _("Samples")), (self.settings, _("Settings"))
        for part, title in tabs:
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
