"""Compares two runs, starting with the open one. At most one comparison is open."""

from __future__ import annotations

from PySide6.QtCore import Qt

from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.compare_runs import CompareRunsDialog

TITLE = "Compare runs…"
RANK = 150
ICON = "git-diff"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    shown = (each for each in context.window.findChildren(CompareRunsDialog) if each.isVisible())
    dialog = next(shown, None) or _opened(context)
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()


def _opened(context: DialogContext) -> CompareRunsDialog:
    session, comparison = context.session, context.session.comparison
    dialog = CompareRunsDialog(session.runs_folder, session.training.run_folder, context.window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.list_requested.connect(comparison.list_runs)
    dialog.run_requested.connect(comparison.open)
    dialog.grid_requested.connect(comparison.show_grid)
    comparison.runs_listed.connect(dialog.show_runs)
    comparison.progressed.connect(dialog.show_progress)
    comparison.run_read.connect(dialog.show_run)
    comparison.refused.connect(dialog.show_problem)
    comparison.grid_read.connect(dialog.show_grid)
    dialog.finished.connect(comparison.close)
    dialog.begin()
    return dialog
